// Decides how somebody can pay here, and what is known of a payment; pure.
import type { Intent, Provider, Scene } from '@smartcloud/shared'

export type Method = Provider | 'wallet'

/** Where the program runs: as WeChat's mini-program, in WeChat's own browser, in a phone's browser, or in one on a desk. */
export type Surface = 'wechat' | 'wechat_web' | 'phone' | 'desk'

export function surfaceOf(user_agent: string): Surface {
  if (/MicroMessenger/i.test(user_agent)) return 'wechat_web'
  return /Mobi|Android|iPhone|HarmonyOS/i.test(user_agent) ? 'phone' : 'desk'
}

const SCENES: Record<Surface, Partial<Record<Provider, Scene>>> = {
  wechat: { wechat: 'jsapi' },
  wechat_web: { wechat: 'jsapi_web' },
  phone: { wechat: 'h5', alipay: 'wap' },
  desk: { wechat: 'native', alipay: 'page' },
}

/** The scene in which a provider is paid here; null where it cannot be. */
export const sceneOf = (surface: Surface, provider: Provider): Scene | null => SCENES[surface][provider] ?? null

export const providersOf = (surface: Surface): Provider[] => Object.keys(SCENES[surface]) as Provider[]

/** One thing that is to be paid for: sent twice it is the same. */
export interface Wish {
  /** Of bills (`bill`), a wallet (`top_up`) or a signed link (`debt`). */
  kind: 'bills' | 'top_up' | 'debt'
  ids: readonly string[]
  amount: number
}

export const wishName = ({ kind, ids, amount }: Wish, method: Method): string => `pay:${kind}:${[...ids].sort().join(',')}:${amount}:${method}`

export const isOver = ({ state }: Pick<Intent, 'state'>): boolean => state === 'closed' || state === 'expired'

/** Where a payer's phone goes on to, coming back here afterwards; null where a code is to be shown instead. */
export function addressOf(intent: Intent, back: string): string | null {
  const { h5_url, url } = intent.client
  if (h5_url) return `${h5_url}${h5_url.includes('?') ? '&' : '?'}redirect_url=${encodeURIComponent(back)}`
  return url ?? null
}

export const codeOf = (intent: Intent): string | null => intent.client.code_url ?? null

/** `M:SS` until then, and nothing below zero. */
export function countdown(until: string, now_ms: number): string {
  const left_s = Math.max(0, Math.ceil((Date.parse(until) - now_ms) / 1_000))
  return `${Math.floor(left_s / 60)}:${String(left_s % 60).padStart(2, '0')}`
}
