// Keeps the key of each wish that moves money until it is over: the same wish sent again is done once.
const KEY = 'once-keys'
// A day: the server answers a key alike for two.
const KEPT_MS = 86_400_000

type Kept = Record<string, { key: string; at_ms: number }>

const read = (): Kept => (uni.getStorageSync(KEY) as Kept | '') || {}

/** The key of a wish: a new one the first time, the same one until the wish is forgotten. */
export function onceKey(wish: string): string {
  const kept = Object.fromEntries(Object.entries(read()).filter(([, { at_ms }]) => Date.now() - at_ms < KEPT_MS))
  const known = kept[wish] ?? { key: newKey(), at_ms: Date.now() }
  uni.setStorageSync(KEY, { ...kept, [wish]: known })
  return known.key
}

/** Whether the wish was sent before and is not over, as far as this device knows. */
export const isKept = (wish: string): boolean => wish in read()

export function forgetKey(wish: string): void {
  const kept = read()
  delete kept[wish]
  uni.setStorageSync(KEY, kept)
}

// WeChat has no crypto; a key need not be secret, only different from all others of this account.
const newKey = (): string =>
  `m-${Date.now().toString(36)}-${Array.from({ length: 16 }, () => Math.floor(Math.random() * 36).toString(36)).join('')}`
