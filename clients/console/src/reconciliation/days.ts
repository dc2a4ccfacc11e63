// The days of a provider in a row: which were compared, which balance, and by how much the others differ.
import { addDays } from '../lib/days'
import type { DayCompared } from './types'

export type DayState = 'balanced' | 'open' | 'explained' | 'missing'

export interface Day {
  day: string
  state: DayState
  found: DayCompared | null
  /** Ours less theirs, refunds counted against payments. */
  difference: number
}

export const differenceOf = (one: DayCompared): number => one.paid_here - one.refunded_here - (one.paid - one.refunded)

function stateOf(found: DayCompared | null): DayState {
  if (found === null) return 'missing'
  if (found.open > 0) return 'open'
  return differenceOf(found) === 0 ? 'balanced' : 'explained'
}

/** The last days up to one, the earliest first; a day that nobody compared is there as well. */
export function daysUpTo(last: string, count: number, provider: string, compared: readonly DayCompared[]): Day[] {
  const known = new Map(compared.filter((one) => one.provider === provider).map((one) => [one.day, one]))
  return Array.from({ length: count }, (_, at) => {
    const day = addDays(last, at - count + 1)
    const found = known.get(day) ?? null
    return { day, state: stateOf(found), found, difference: found === null ? 0 : differenceOf(found) }
  })
}

/** The day that wants looking at: the last one that is open, else the last that was compared. */
export function dayToLookAt(days: readonly Day[]): string | null {
  const backwards = [...days].reverse()
  return (backwards.find(({ state }) => state === 'open') ?? backwards.find(({ found }) => found !== null))?.day ?? null
}
