// Holds what the motorist has of autopay, and asks WeChat about each vehicle where it knows who asks.
import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { Mandate, OwnAutopay, OwnPublication, ProviderPage } from '@smartcloud/shared'
import { onWeChatWeb, openidHere } from './payer'
import { connection, usePersonal } from './realtime'
import { api } from './server'
import { login } from './session'

const CHANGES = /^(ParkingEntry|Stay|Bill|Payment|Intent|Vehicle)/
// 400 ms: a car that leaves is told of by five facts in a row.
const TOGETHER_MS = 400

/** What WeChat said of each vehicle, by id; `failed` where it could not be asked. */
export type Mandates = ReadonlyMap<string, Mandate | 'failed'>

export function useAutopay() {
  const own = shallowRef<OwnAutopay | null>(null)
  const mandates = shallowRef<Mandates>(new Map())
  const failed = ref(false)
  const asking = ref(false)
  let latest = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  async function load(): Promise<void> {
    latest += 1
    const ours = latest
    if (!login.value) {
      own.value = null
      mandates.value = new Map()
      return
    }
    try {
      const answer = await api.get<OwnAutopay>('/autopay')
      if (ours !== latest) return
      own.value = answer
      failed.value = false
    } catch {
      if (ours === latest) failed.value = own.value === null
      return
    }
    await ask(ours)
  }

  async function ask(ours: number): Promise<void> {
    asking.value = true
    const found = new Map<string, Mandate | 'failed'>()
    const payer = await openidHere().catch(() => null)
    if (payer !== '') {
      await Promise.all((own.value?.vehicles ?? []).map(async ({ id }) => {
        const path = `/vehicles/${id}/autopay?payer=${encodeURIComponent(payer ?? '')}${onWeChatWeb ? '&web=true' : ''}`
        found.set(id, payer === null ? 'failed' : await api.get<Mandate>(path).catch(() => 'failed' as const))
      }))
    }
    if (ours !== latest) return
    mandates.value = found
    asking.value = false
  }

  function soon(): void {
    clearTimeout(timer)
    timer = setTimeout(() => void load(), TOGETHER_MS)
  }

  watch(() => login.value?.account.id, () => void load(), { immediate: true })
  watch(() => connection.value.state, (state) => state === 'connected' && soon())
  usePersonal((data) => CHANGES.test((data as OwnPublication).fact) && soon())
  onScopeDispose(() => {
    latest += 1
    clearTimeout(timer)
  })
  return { own, mandates, failed, asking, load }
}

/** Go to a page of the provider's; false where it did not open, as anywhere but in the mini-program. */
export function openProviderPage({ app_id, path, told }: ProviderPage): Promise<boolean> {
  let opened = Promise.resolve(false)
  // #ifdef MP-WEIXIN
  opened = new Promise((resolve) => {
    uni.navigateToMiniProgram({ appId: app_id, path, extraData: told, success: () => resolve(true), fail: () => resolve(false) })
  })
  // #endif
  return opened
}
