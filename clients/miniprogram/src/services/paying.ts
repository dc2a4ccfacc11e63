// Carries one payment from the tap to its end: begun once, told by push, asked about where no push comes.
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { ApiError, type Intent, type OwnPublication, type Payment, type Provider } from '@smartcloud/shared'
import { addressOf, codeOf, isOver, sceneOf, surfaceOf, wishName, type Method, type Surface, type Wish } from '@/lib/paying'
import { payByBridge } from '@/lib/wechat-web'
import { t } from '@/locale'
import { forgetKey, isKept, onceKey } from './keys'
import { onWeChatWeb, openidHere, payerOf } from './payer'
import { usePersonal } from './realtime'
import { api, serverOrigin } from './server'
import { weChatBridge } from './wechat-web'

/** `choose` nothing under way · `starting` being begun · `code` a code is shown · `away` at the cashier, or back from it ·
 * `slow` no word for long · `paid` · `ended` closed or run out. */
export type Step = 'choose' | 'starting' | 'code' | 'away' | 'slow' | 'paid' | 'ended'

// 3 s: a push is quicker; this is for when there is none. 60 s without a word is long.
const ASK_EVERY_MS = 3_000
const SLOW_AFTER_MS = 60_000
const PENDING = 'pending-intent'

export interface PendingIntent {
  intent_id: string
  /** The page that began it. */
  page: string
}

/** How a wish is sent and asked about. */
export interface PayCalls {
  begin(body: { provider: Provider; scene: string; payer: string }, key: string): Promise<Intent>
  read(intent_id: string): Promise<Intent>
}

export let surface: Surface = 'wechat'
// #ifdef H5
surface = surfaceOf(navigator.userAgent)
// #endif

/** The intent that this device went away to pay, with the page that it was begun on. */
export const pendingIntent = (): PendingIntent | null => (uni.getStorageSync(PENDING) as PendingIntent | '') || null

export function usePaying(wish: () => Wish, calls: PayCalls, page: () => string) {
  const step = ref<Step>('choose')
  const intent = shallowRef<Intent | null>(null)
  const problem = ref('')
  let method: Method = 'wechat'
  let timer: ReturnType<typeof setInterval> | undefined
  let since_ms = 0

  const busy = computed(() => step.value === 'starting')
  const name = (): string => wishName(wish(), method)

  async function pay(chosen: Method): Promise<void> {
    if (busy.value) return
    method = chosen
    problem.value = ''
    step.value = 'starting'
    try {
      await (chosen === 'wallet' ? payFromWallet() : beginAt(chosen))
    } catch (error) {
      refuse(error)
    }
  }

  async function payFromWallet(): Promise<void> {
    const body = { bill_ids: wish().ids }
    await api.post<Payment>('/wallet/payments', body, { 'Idempotency-Key': onceKey(name()) })
    finish('paid')
  }

  async function beginAt(provider: Provider): Promise<void> {
    const scene = sceneOf(surface, provider)
    if (scene === null) throw new ApiError(409, 'scene_not_supported', t('pay.notHere'))
    const sentBefore = isKept(name())
    const payer = await payerOf(provider, scene)
    const send = () => calls.begin({ provider, scene, payer }, onceKey(name()))
    let begun = await send()
    // The same key gives the same answer for two days: what became of it since is another question.
    if (sentBefore) begun = { ...begun, state: (await calls.read(begun.id)).state }
    if (isOver(begun)) {
      forgetKey(name())
      begun = await send()
    }
    intent.value = begun
    if (begun.state === 'succeeded') return finish('paid')
    goOn()
  }

  /** Show the code, or go to the cashier: the first time, and when the payer wants to go again. */
  function goOn(): void {
    const begun = intent.value
    if (!begun) return
    follow()
    const address = addressOf(begun, `${returnAddress()}?intent=${begun.id}`)
    if (codeOf(begun)) step.value = 'code'
    else if (address) {
      step.value = 'away'
      uni.setStorageSync(PENDING, { intent_id: begun.id, page: page() } satisfies PendingIntent)
      // #ifdef H5
      location.href = address
      // #endif
    } else payInWeChat(begun)
  }

  function payInWeChat(begun: Intent): void {
    step.value = 'away'
    // #ifdef H5
    void weChatBridge().then((bridge) => payByBridge(bridge, begun.client, () => void ask()))
    // #endif
    // #ifdef MP-WEIXIN
    const fields = begun.client as unknown as UniApp.RequestPaymentOptions
    uni.requestPayment({ ...fields, provider: 'wxpay', success: () => void ask(), fail: () => void ask() })
    // #endif
  }

  /** Take up an intent that was begun before: come back from the cashier, or opened anew. */
  async function resume(intent_id: string): Promise<void> {
    step.value = 'away'
    follow()
    try {
      take(await calls.read(intent_id))
    } catch (error) {
      refuse(error)
    }
  }

  async function ask(): Promise<void> {
    const asked = intent.value
    if (!asked || step.value === 'paid' || step.value === 'ended') return
    if (Date.now() - since_ms > SLOW_AFTER_MS && step.value === 'away') step.value = 'slow'
    const now = await calls.read(asked.id).catch(() => null)
    if (now && intent.value?.id === now.id) take(now)
  }

  function take(now: Intent): void {
    // What the phone needs is told at the beginning alone.
    intent.value = { ...now, client: Object.keys(now.client).length ? now.client : (intent.value?.client ?? {}) }
    if (now.state === 'succeeded') finish('paid')
    else if (isOver(now)) finish('ended')
  }

  function follow(): void {
    since_ms = Date.now()
    clearInterval(timer)
    timer = setInterval(() => void ask(), ASK_EVERY_MS)
  }

  function finish(end: 'paid' | 'ended'): void {
    clearInterval(timer)
    forgetKey(name())
    if (pendingIntent()?.intent_id === intent.value?.id) uni.removeStorageSync(PENDING)
    step.value = end
    // #ifdef MP-WEIXIN
    if (end === 'paid') uni.vibrateShort({})
    // #endif
  }

  function refuse(error: unknown): void {
    const seen = error instanceof ApiError ? error : new ApiError(500, 'unexpected', t('error.server'))
    // Without an answer nobody knows what became of it: the same key is used again.
    if (seen.status >= 400 && seen.status < 500 && seen.status !== 429) forgetKey(name())
    problem.value = seen.status === 0 ? t('error.network') : seen.message
    step.value = 'choose'
  }

  /** Go back to the choice; what was begun stays as it is until something else is begun. */
  function chooseAgain(): void {
    clearInterval(timer)
    step.value = 'choose'
  }

  // Leaving the page for it is less odd before anything was chosen; why it failed is said when somebody pays.
  if (onWeChatWeb) void openidHere().catch(() => undefined)
  usePersonal((data) => {
    const told = data as OwnPublication
    if (intent.value && told.intent_id === intent.value.id) void ask()
  })
  onScopeDispose(() => clearInterval(timer))

  return { step, intent, problem, busy, pay, goOn, resume, ask, chooseAgain }
}

function returnAddress(): string {
  // #ifdef H5
  if (!serverOrigin) return `${location.origin}/m/`
  // #endif
  return `${serverOrigin}/m/`
}

/** Own bills. */
export const billCalls = (ids: () => readonly string[]): PayCalls => ({
  begin: (body, key) => api.post<Intent>('/intents', { ...body, bill_ids: ids() }, { 'Idempotency-Key': key }),
  read: (intent_id) => api.get<Intent>(`/intents/${intent_id}`),
})

/** The own wallet. */
export const topUpCalls = (amount: () => number): PayCalls => ({
  begin: (body, key) => api.post<Intent>('/top-ups', { ...body, amount: amount() }, { 'Idempotency-Key': key }),
  read: (intent_id) => api.get<Intent>(`/intents/${intent_id}`),
})

/** What is behind a signed link; nobody is signed in. */
export const debtCalls = (token: () => string, ids: () => readonly string[]): PayCalls => ({
  begin: (body, key) =>
    api.post<Intent>(`/api/open/debts/${token()}/intents`, { ...body, bill_ids: ids() }, { 'Idempotency-Key': key }),
  read: (intent_id) => api.get<Intent>(`/api/open/debts/${token()}/intents/${intent_id}`),
})
