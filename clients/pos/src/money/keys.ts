// Keeps the key of what moves money until it is over, so that a second tap or a retry does it once.
import { newId } from '../services'

const KEPT_UNDER = 'smartcloud-pos.money-keys'

type Kept = Record<string, { key: string; at_ms: number }>
// A day: the server answers a key alike for two.
const KEPT_MS = 86_400_000

function read(): Kept {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT_UNDER) ?? '{}') as Kept
    return Object.fromEntries(Object.entries(kept).filter(([, { at_ms }]) => Date.now() - at_ms < KEPT_MS))
  } catch {
    return {}
  }
}

export function keyOf(wish: string): string {
  const kept = read()
  const known = kept[wish] ?? { key: newId(), at_ms: Date.now() }
  localStorage.setItem(KEPT_UNDER, JSON.stringify({ ...kept, [wish]: known }))
  return known.key
}

export function forgetKey(wish: string): void {
  const kept = read()
  delete kept[wish]
  localStorage.setItem(KEPT_UNDER, JSON.stringify(kept))
}

/** Runs what moves money under its key; the key is kept where nobody knows what became of it. */
export async function once<T>(wish: string, act: (headers: Record<string, string>) => Promise<T>, isUnknown: (error: unknown) => boolean): Promise<T> {
  try {
    const answer = await act({ 'Idempotency-Key': keyOf(wish) })
    forgetKey(wish)
    return answer
  } catch (error) {
    if (!isUnknown(error)) forgetKey(wish)
    throw error
  }
}
