// Tariffs as the console's API answers them. Money is fen; minutes of the day count from midnight.

export type TariffState = 'draft' | 'validated' | 'trial_passed' | 'published' | 'superseded'
export type Period = 'stay' | 'window' | 'natural_day' | 'rolling_day'

export type Rounding = 'up' | 'down' | 'nearest'

export interface Step {
  until_min: number | null
  amount: number
  unit_min?: number | null
}

export interface FreeTime {
  minutes: number
  grant: 'all_or_nothing' | 'deducted'
  bound: 'up_to' | 'below'
  every: Period
  charged_only: boolean
}

export interface Rate {
  from_min: number
  to_min: number
  steps: Step[]
  unit_min: number
  unit_amount: number
  days: string[]
  vehicles: string[]
  colors: string[]
  name: string
  rounding: Rounding
  tail_grace_min: number
  counter: string
  restart: Period | null
  free: FreeTime | null
}

export interface DayClass {
  name: string
  kinds: string[]
  special: boolean | null
  weekdays: number[]
  seasons: { from_day: string; to_day: string }[]
}

export interface Cap {
  amount: number
  period: Period
  rates: string[]
  vehicles: string[]
  days: string[]
  scaled: boolean
}

/** Cars that pay by another class's rates, or a part or a multiple of them; the first that fits. */
export interface Factor {
  percent: number
  vehicles: string[]
  colors: string[]
  as_vehicle: string | null
}

export interface FirstFree {
  free: FreeTime
  period: Period
}

export type Turn = 'every' | 'first' | 'later'

/** What cars of a kind pay less; `percent` is what is still paid. */
export interface Discount {
  name: string
  percent: number
  first_min: number | null
  tags: string[]
  vehicles: string[]
  colors: string[]
  turn: Turn
  period: Period
  after_caps: boolean
  free: FreeTime | null
}

export interface Penalty {
  steps: Step[]
  unit_min: number
  unit_amount: number
  rounding: Rounding
  tail_grace_min: number
}

export interface MaxStay {
  minutes: number
  unit_min: number
  penalty: Penalty | null
  charges_on: boolean
}

export interface Terms {
  rates: Rate[]
  days: DayClass[]
  calendar_id: string | null
  vehicles: string[]
  factors: Factor[]
  per_berth: boolean
  restart: Period
  mixing: 'sum' | 'start_decides'
  free: FreeTime | null
  first_free: FirstFree | null
  discounts: Discount[]
  caps: Cap[]
  max_stay: MaxStay | null
  minimum: number
  maximum: number | null
  round_to: number
  rounding: Rounding
}

export interface TariffRow {
  id: string
  v: number
  code: string
  name: string
  number: number
  state: TariffState
  valid_from: string
  valid_to: string | null
  summary: string
}

export interface Tariff extends TariffRow {
  on_change: 'keep' | 'split'
  approval: string
  note: string
  lines: string[]
  terms: Terms
}

/** A place with the tariff that it uses. */
export interface PlaceUsing {
  id: string
  v: number
  kind: 'section' | 'lot'
  name: string
  division_code: string
  division: string
  berths: number
  tariff_code: string
  tariff: string
  since: string | null
  /** What it is to use instead, and from when on. */
  coming: { begins_at: string; tariff_code: string; tariff: string } | null
}

/** What moving places to a tariff would mean. */
export interface AssignmentPreview {
  tariff: TariffRow
  places: number
  unchanged: number
  begins_at: string
  /** How many of the places had another change planned, which does not come then. */
  replaced: number
  berths: number
  running: number
  splitting: number
  left: { code: string; name: string; places: number }[]
}

export interface Problem {
  code: string
  message: string
  row: number | null
  day: string | null
  before: string | null
  vehicle: string | null
  colors: (string | null)[]
  from_min: number | null
  to_min: number | null
}

export interface QuoteLine {
  text: string
  amount: number
  kind: string
  row: number | null
  seconds: number
  units: number
}

export interface Quote {
  amount: number
  lines: QuoteLine[]
  over_s: number
}

export interface Repriced {
  stays: number
  unpriced: number
  dearer: number
  cheaper: number
  before: number
  after: number
  next: string | null
}

export const COLORS = ['blue', 'green', 'yellow', 'yellow_green', 'white', 'black'] as const
export const PERIODS: Period[] = ['stay', 'window', 'natural_day', 'rolling_day']
export const TURNS: Turn[] = ['every', 'first', 'later']
export const DAY_KINDS = ['workday', 'make_up_workday', 'weekend', 'holiday', 'long_holiday'] as const
