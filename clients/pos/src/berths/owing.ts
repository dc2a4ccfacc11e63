// What a car on a berth owes, to this operator and to others: one sum for the tile, a line a creditor for the sheet; pure.
import type { ArrearsAlert } from '@smartcloud/shared'

export interface Owing {
  amount: number
  /** Nobody has acknowledged all of it yet. */
  ringing: boolean
  /** This operator's first, then the largest. */
  lines: readonly ArrearsAlert[]
}

/** Sums the alerts of one berth up; null where nothing is owed. */
export function owingOf(alerts: readonly ArrearsAlert[] | undefined): Owing | null {
  if (!alerts?.length) return null
  const own_first = (alert: ArrearsAlert): number => (alert.creditor === null ? 0 : 1)
  return {
    amount: alerts.reduce((sum, { amount }) => sum + amount, 0),
    ringing: alerts.some(({ state }) => state === 'open'),
    lines: [...alerts].sort((one, other) => own_first(one) - own_first(other) || other.amount - one.amount),
  }
}
