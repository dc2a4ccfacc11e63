// WeChat's own browser: coming back from its authorization, and its payment; pure but for what it is given.

/** What is kept while the browser is away to say who holds the phone: the page to go on with, and the way's state. */
export interface Way {
  state: string
  /** The page, as the part of the address after `#`. */
  hash: string
  at_ms: number
}

export interface Returned {
  code: string
  state: string
}

// A silent authorization takes a second: who is back without a code within 10 was refused.
const GONE_FOR_MS = 10_000

/** What the browser came back with, if it had gone for it. */
export function returnedBy(query: string, way: Way | null): Returned | null {
  const asked = new URLSearchParams(query)
  const [code, state] = [asked.get('code'), asked.get('state')]
  return code && state && way?.state === state ? { code, state } : null
}

/** Whether to go for it: not again at once where it has just failed. */
export const mayGo = (way: Way | null, now_ms: number): boolean => way === null || now_ms - way.at_ms > GONE_FOR_MS

export const stateOf = (url: string): string => new URL(url).searchParams.get('state') ?? ''

/** The part of WeChat's bridge that pays. */
export interface Bridge {
  invoke(name: 'getBrandWCPayRequest', fields: Record<string, string>, done: (answer: { err_msg: string }) => void): void
}

const FIELDS = ['appId', 'timeStamp', 'nonceStr', 'package', 'signType', 'paySign'] as const

/** Let WeChat's sheet pay; what it answers is no proof, so that `done` only asks the server. */
export function payByBridge(bridge: Bridge, client: Record<string, string>, done: () => void): void {
  const fields = Object.fromEntries(FIELDS.map((name) => [name, client[name] ?? '']))
  bridge.invoke('getBrandWCPayRequest', fields, () => done())
}
