// How rows of a tariff are written and read in the editor: clocks, steps as text, ways of charging.
import type { Rate, Step, Terms } from './types'

export const DAY_MIN = 1440

/** A list without the item at a place. */
export const without = <T>(list: T[], at: number): T[] => list.filter((_, place) => place !== at)

/** A list whose item at a place says otherwise. */
export const changed = <T>(list: T[], at: number, changes: Partial<T>): T[] =>
  list.map((item, place) => (place === at ? { ...item, ...changes } : item))

export type Method = 'free' | 'duration' | 'steps_then_duration' | 'steps' | 'use'
export const METHODS: Method[] = ['duration', 'steps_then_duration', 'steps', 'use', 'free']

export const clock = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

/** Reads `HH:MM`, up to 24:00; null where it is none. */
export function readClock(text: string): number | null {
  const found = /^(\d{1,2})[:：](\d{2})$/.exec(text.trim())
  if (found === null) return null
  const minute = Number(found[1]) * 60 + Number(found[2])
  return Number(found[2]) < 60 && minute <= DAY_MIN ? minute : null
}

export function methodOf(rate: Rate): Method {
  const [first] = rate.steps
  if (first === undefined) return rate.unit_amount > 0 ? 'duration' : 'free'
  if (rate.steps.length === 1 && first.until_min === null && !first.unit_min) return 'use'
  return rate.unit_amount > 0 ? 'steps_then_duration' : 'steps'
}

/** Changes the way of charging, keeping what still makes sense. */
export function withMethod(rate: Rate, method: Method): Rate {
  if (methodOf(rate) === method) return rate
  const steps = rate.steps.filter((step) => step.until_min !== null)
  const first: Step[] = steps.length > 0 ? steps : [{ until_min: 60, amount: rate.unit_amount || 300 }]
  const unit_amount = rate.unit_amount || 100
  if (method === 'free') return { ...rate, steps: [], unit_amount: 0 }
  if (method === 'duration') return { ...rate, steps: [], unit_amount }
  if (method === 'use') return { ...rate, steps: [{ until_min: null, amount: 500 }], unit_amount: 0 }
  return { ...rate, steps: first, unit_amount: method === 'steps' ? 0 : unit_amount }
}

/** What a row costs at a glance: a unit of time, the first step, one use, or nothing. */
export interface Price {
  kind: 'free' | 'unit' | 'from' | 'fromUnit' | 'use'
  amount: number
  unit_min: number
}

export function priceOf(rate: Rate): Price {
  const method = methodOf(rate)
  if (method === 'free') return { kind: 'free', amount: 0, unit_min: 0 }
  if (method === 'duration') return { kind: 'unit', amount: rate.unit_amount, unit_min: rate.unit_min }
  const [first] = rate.steps as [Step, ...Step[]]
  const kind = method === 'use' ? 'use' : first.unit_min ? 'fromUnit' : 'from'
  return { kind, amount: first.amount, unit_min: first.unit_min ?? 0 }
}

const yuan = (fen: number): string => String(fen / 100)

/** Writes steps as `60,3; 120,5/30`: up to so many minutes so much, or so much a unit. */
export const stepsText = (steps: Step[]): string =>
  steps
    .map(({ until_min, amount, unit_min }) => `${until_min ?? '∞'},${yuan(amount)}${unit_min ? `/${unit_min}` : ''}`)
    .join('; ')

/** Reads what `stepsText` writes; null where it is none. */
export function readSteps(text: string): Step[] | null {
  const parts = text.split(/[;；]/).map((part) => part.trim()).filter((part) => part !== '')
  const steps: Step[] = []
  for (const part of parts) {
    const found = /^(\d+|∞)\s*[,，]\s*(\d+(?:\.\d{1,2})?)(?:\s*\/\s*(\d+))?$/.exec(part)
    if (found === null) return null
    steps.push({
      until_min: found[1] === '∞' ? null : Number(found[1]),
      amount: Math.round(Number(found[2]) * 100),
      unit_min: found[3] === undefined ? null : Number(found[3]),
    })
  }
  return steps
}

/** One bar of a day's strip: which row covers it, and how often it is covered. */
export interface Bar {
  from: number
  to: number
  row: number | null
  kind: 'charged' | 'free' | 'gap' | 'overlap'
}

/** Lays the rows for one class of day and a blue plate over 24 hours; yesterday's nights are taken as today's. */
export function barsOf(terms: Terms, day: string, vehicle: string): Bar[] {
  const spans = terms.rates.flatMap((rate, row) => {
    const meant = includes(rate.days, day) && includes(rate.vehicles, vehicle) && includes(rate.colors, 'blue')
    if (!meant) return []
    if (rate.from_min < rate.to_min) return [{ from: rate.from_min, to: rate.to_min, row }]
    return [{ from: rate.from_min, to: DAY_MIN, row }, { from: 0, to: rate.to_min, row }]
  })
  const edges = [...new Set([0, DAY_MIN, ...spans.flatMap(({ from, to }) => [from, to])])].sort((a, b) => a - b)
  return edges.slice(1).map((to, at) => {
    const from = edges[at] as number
    const rows = spans.filter((span) => span.from <= from && to <= span.to).map((span) => span.row)
    const [row] = rows
    if (row === undefined) return { from, to, row: null, kind: 'gap' }
    if (rows.length > 1) return { from, to, row, kind: 'overlap' }
    return { from, to, row, kind: methodOf(terms.rates[row] as Rate) === 'free' ? 'free' : 'charged' }
  })
}

const includes = (names: string[], name: string): boolean => names.length === 0 || names.includes(name)

/** The car classes whose rows differ: one strip each. A class with a factor pays by another's rows. */
export function stripsOf(terms: Terms): { day: string; vehicle: string }[] {
  const days = [...new Set(terms.days.map((one) => one.name))]
  const named = new Set(terms.rates.flatMap((rate) => rate.vehicles))
  const vehicles = named.size > 0 ? terms.vehicles : terms.vehicles.slice(0, 1)
  return (days.length > 0 ? days : ['']).flatMap((day) => vehicles.map((vehicle) => ({ day, vehicle })))
}

type Season = { from_day: string; to_day: string }

/** Writes seasons as `03-15~05-31; 09-15~11-30`. */
export const seasonsText = (seasons: Season[]): string => seasons.map((one) => `${one.from_day}~${one.to_day}`).join('; ')

/** Reads what `seasonsText` writes; null where it is none. */
export function readSeasons(text: string): Season[] | null {
  const seasons: Season[] = []
  for (const part of text.split(/[;；]/).map((one) => one.trim()).filter((one) => one !== '')) {
    const found = /^(\d{2}-\d{2})\s*[~～]\s*(\d{2}-\d{2})$/.exec(part)
    if (found === null) return null
    seasons.push({ from_day: found[1] as string, to_day: found[2] as string })
  }
  return seasons
}
