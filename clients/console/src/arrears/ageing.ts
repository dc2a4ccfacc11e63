// The picture of how old debts are: shares of the whole, never so small that they cannot be seen.
import type { Bucket } from './types'

export interface Bar extends Bucket {
  /** 0-100. */
  share: number
  color: string
}

const COLORS = ['#5fb8b0', '#e7b04a', '#dd8a2b', '#cc5a24', '#8f2f14']
// 1.5 %: a sliver that a person still sees.
const LEAST = 1.5

/** Lays the buckets side by side; older ones are darker. */
export function barsOf(buckets: readonly Bucket[]): Bar[] {
  const whole = buckets.reduce((sum, { amount }) => sum + amount, 0)
  const raw = buckets.map(({ amount }) => (whole === 0 || amount === 0 ? 0 : Math.max(LEAST, (amount / whole) * 100)))
  const sum = raw.reduce((all, one) => all + one, 0)
  return buckets.map((bucket, at) => ({ ...bucket, share: sum === 0 ? 0 : ((raw[at] as number) / sum) * 100, color: COLORS[at] ?? '#8f2f14' }))
}
