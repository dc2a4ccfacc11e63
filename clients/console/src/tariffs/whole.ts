// What a part of a tariff says where nothing is said: the defaults of the server's terms.
import { DAY_MIN } from './terms'
import type { Cap, DayClass, Discount, Factor, FreeTime, MaxStay, Penalty, Rate, Step, Terms } from './types'

export const emptyRate = (from_min = 0, to_min = DAY_MIN): Rate => ({
  from_min,
  to_min,
  steps: [],
  unit_min: 60,
  unit_amount: 0,
  days: [],
  vehicles: [],
  colors: [],
  name: '',
  rounding: 'up',
  tail_grace_min: 0,
  counter: '',
  restart: null,
  free: null,
})

export const emptyFree = (minutes = 15): FreeTime => ({
  minutes,
  grant: 'all_or_nothing',
  bound: 'up_to',
  every: 'stay',
  charged_only: false,
})

export const emptyDay = (name: string): DayClass => ({ name, kinds: [], special: null, weekdays: [], seasons: [] })
export const emptyCap = (amount: number): Cap => ({ amount, period: 'rolling_day', rates: [], vehicles: [], days: [], scaled: false })
export const emptyFactor = (percent = 100): Factor => ({ percent, vehicles: [], colors: [], as_vehicle: null })
export const emptyPenalty = (): Penalty => ({ steps: [], unit_min: 60, unit_amount: 0, rounding: 'up', tail_grace_min: 0 })
export const emptyMaxStay = (minutes: number): MaxStay => ({ minutes, unit_min: 1, penalty: null, charges_on: false })

export const emptyDiscount = (name: string): Discount => ({
  name,
  percent: 100,
  first_min: null,
  tags: [],
  vehicles: [],
  colors: [],
  turn: 'every',
  period: 'natural_day',
  after_caps: false,
  free: null,
})

const emptyTerms = (): Omit<Terms, 'rates'> => ({
  days: [],
  calendar_id: null,
  vehicles: ['small', 'large'],
  factors: [],
  per_berth: false,
  restart: 'rolling_day',
  mixing: 'sum',
  free: null,
  first_free: null,
  discounts: [],
  caps: [],
  max_stay: null,
  minimum: 0,
  maximum: null,
  round_to: 1,
  rounding: 'down',
})

/** A tree in which any branch may be left out. */
export type Sparse<T> = T extends (infer Item)[] ? Sparse<Item>[] : T extends object ? { [Key in keyof T]?: Sparse<T[Key]> } : T

const free = (given: Sparse<FreeTime> | null | undefined) => (given ? ({ ...emptyFree(), ...given } as FreeTime) : null)
const steps = (given: Sparse<Step>[] | undefined) => (given ?? []).map((one) => ({ until_min: null, amount: 0, unit_min: null, ...one }) as Step)

function maxStay(given: Sparse<MaxStay> | null | undefined): MaxStay | null {
  if (!given) return null
  const penalty = given.penalty ? { ...emptyPenalty(), ...given.penalty, steps: steps(given.penalty.steps) } : null
  return { ...emptyMaxStay(0), ...given, penalty } as MaxStay
}

/** Fills in what a file leaves out, as the server does. */
export const wholeTerms = (given: Sparse<Terms>): Terms =>
  ({
    ...emptyTerms(),
    ...given,
    rates: (given.rates ?? []).map((one) => ({ ...emptyRate(), ...one, steps: steps(one.steps), free: free(one.free) })),
    days: (given.days ?? []).map((one) => ({ ...emptyDay(''), ...one })),
    factors: (given.factors ?? []).map((one) => ({ ...emptyFactor(), ...one })),
    discounts: (given.discounts ?? []).map((one) => ({ ...emptyDiscount(''), ...one, free: free(one.free) })),
    caps: (given.caps ?? []).map((one) => ({ ...emptyCap(0), ...one })),
    free: free(given.free),
    first_free: given.first_free ? { period: 'natural_day', ...given.first_free, free: free(given.first_free.free ?? {}) } : null,
    max_stay: maxStay(given.max_stay),
  }) as Terms
