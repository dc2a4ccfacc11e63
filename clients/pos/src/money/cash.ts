// Counts cash: what was given, what goes back, what is in the bag; pure.

/** Above it an officer confirms twice until the operator's own limit is known: 200 yuan. */
export const HIGH_CASH = 20_000

/** Reads yuan as typed, in fen; null where it is no amount. */
export function readYuan(typed: string): number | null {
  const found = /^(\d{1,7})(?:\.(\d{0,2}))?$/.exec(typed.trim())
  if (!found) return null
  return Number(found[1]) * 100 + Number((found[2] ?? '').padEnd(2, '0'))
}

/** Notes that people give for an amount: the amount itself, then the next round sums; at most four. */
export function usualNotes(due: number): number[] {
  const steps = [1_000, 2_000, 5_000, 10_000]
  const rounded = steps.map((step) => Math.ceil(due / step) * step)
  return [...new Set([due, ...rounded])].sort((one, other) => one - other).slice(0, 4)
}
