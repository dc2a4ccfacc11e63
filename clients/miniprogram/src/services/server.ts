// Reaches the server: its address on each platform, its API, and its clock.
import { createApi, measureServerClock, sendByFetch, sendByWeChat, type SendRequest, type ServerClock } from '@smartcloud/shared'
import { t } from '@/locale'
import { keepLogin, login } from './session'

let origin = import.meta.env.VITE_SERVER_URL ?? ''
let send: SendRequest
// #ifdef H5
send = sendByFetch()
// #endif
// #ifdef MP-WEIXIN
// WeChat has no page address to be relative to; its developer tools reach a server on the same machine.
origin ||= 'http://127.0.0.1:8800'
send = sendByWeChat(uni)
// #endif

export const serverOrigin = origin

export const api = createApi({
  audience: 'motorist',
  origin,
  send: (request) => send(request),
  token: () => login.value?.token ?? null,
  onSignedOut: forgetLogin,
})

function forgetLogin(): void {
  if (!login.value) return
  keepLogin(null)
  uni.showToast({ title: t('error.signedOut'), icon: 'none' })
}

let clock: ServerClock = { now_ms: Date.now, error_ms: Number.POSITIVE_INFINITY }

/** Measure the server's clock; until that succeeds this device's own is used. */
export async function setClock(): Promise<void> {
  clock = await measureServerClock(async () => (await api.get<{ now_ms: number }>('/api/time')).now_ms)
}

/** The server's time in epoch milliseconds. */
export const nowMs = (): number => clock.now_ms()
