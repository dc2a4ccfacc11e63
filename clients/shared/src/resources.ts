// What the HTTP API answers, by audience. Points and polygons are [lng, lat] in WGS-84; money is fen.

import type { PlaceKind } from './channels'
import type { Point } from './geo'
import type { Plate } from './plate'

export interface Account {
  id: string
  name: string
  phone?: string
}

export interface Login {
  token: string
  expires_at: string
  account: Account
}

export interface List<T> {
  items: T[]
  as_of?: string
}

export interface Division {
  code: string
  name: string
}

// Motorist

export interface Place {
  id: string
  kind: PlaceKind
  name: string
  address: string
  division_code: string
  point: Point
  distance_m: number
  cell: string
  total: number
  free: number
  unknown: number
  v: number
  price: { summary: string }
}

export interface PlaceDetail extends Place {
  outline: Point[]
  price: { summary: string; lines: string[] }
  operator: { name: string }
}

export interface BerthOutline {
  id: string
  code: string
  polygon: Point[]
}

export interface Stay {
  id: string
  state: string
  plate: Plate | null
  place: { id: string; name: string }
  berth_code: string
  arrived_at: string
  left_at: string | null
  amount: number | null
}

export type BillState = 'due' | 'part_paid' | 'paid' | 'withdrawn' | 'superseded' | 'written_off'

export interface Bill {
  id: string
  stay_id: string
  state: BillState
  plate: Plate
  due: number
  waived: number
  paid: number
  /** What is left to pay. */
  open: number
  /** What was written off: nobody asks for it, and it may be paid all the same. */
  given_up: number
  /** Until when this is the price of a car that still stands; null once it has gone. */
  valid_until: string | null
  lines: { text: string; amount: number }[]
  issued_at: string
}

export interface Vehicle {
  id: string
  plate: Plate
  preferred: boolean
}

export type LineKind = 'rate' | 'free' | 'discount' | 'cap' | 'penalty' | 'minimum' | 'maximum' | 'rounding'

/** What a car that still stands costs now, and when it will cost more. */
export interface RunningFee {
  at: string
  amount: number
  open: number
  over_s: number
  lines: { text: string; amount: number; kind: LineKind; seconds: number; units: number }[]
  changes_at: string | null
  next_amount: number | null
  bill: Bill | null
}

export type Provider = 'wechat' | 'alipay'
export type Scene = 'jsapi' | 'jsapi_web' | 'native' | 'h5' | 'page' | 'wap'
export type IntentState = 'created' | 'pending' | 'succeeded' | 'closed' | 'expired'

/** A wish to pay; `client` is what the payer's phone needs for it. */
export interface Intent {
  id: string
  purpose: string
  state: IntentState
  provider: Provider | 'wallet' | 'cash'
  scene: string
  amount: number
  description: string
  expires_at: string
  client: Record<string, string>
}

export interface Payment {
  id: string
  intent_id: string
  provider: string
  amount: number
  bill_ids: string[]
  paid_at: string
}

export interface Refund {
  id: string
  state: string
  target: string
  amount: number
  reason: string
  requested_at: string
  done_at: string | null
}

export interface Wallet {
  balance: number
  bonus: number
}

export interface WalletDetail extends Wallet {
  offers: { amount: number; bonus: number }[]
}

export interface WalletEntry {
  id: string
  at: string
  kind: string
  amount: number
  bonus: number
}

/** One thing that is known of a stay; what it says follows from its kind. */
export interface EvidenceEntry {
  at: string
  kind: 'reading' | 'photo' | 'edit' | 'price' | 'review' | 'bill' | 'discount' | 'payment' | 'refund'
  id: string
  by: string | null
  device_id: string | null
  said: Record<string, unknown>
}

export interface Evidence {
  stay: Stay & { holds: string[]; flags: string[]; lines: { text: string; amount: number }[] }
  entries: EvidenceEntry[]
}

// Arrears

export interface OwedBill extends Bill {
  place_name: string
  berth_code: string
  arrived_at: string
  left_at: string | null
  past_due: boolean
  past_due_at: string | null
  frozen: boolean
  /** From before the plate was bound: there is no stay of one's own behind it. */
  claimed: boolean
}

export interface OwnArrears {
  amount: number
  frozen: number
  count: number
  oldest_at: string | null
  grace_amount: number
  grace_count: number
  plates: { plate: Plate; state: string; amount: number; frozen: number; count: number }[]
  bills: OwedBill[]
  given_up: OwedBill[]
}

/** What is behind a signed link: the plate is masked. */
export interface Debt {
  plate: Plate
  operator: string
  amount: number
  count: number
  expires_at: string
  bills: {
    id: string
    place_name: string
    arrived_at: string
    left_at: string | null
    due: number
    waived: number
    paid: number
    open: number
    frozen: boolean
    creditor: string | null
    lines: { text: string; amount: number }[]
  }[]
  providers: Provider[]
}

// Autopay

export type MandateState = 'normal' | 'paused' | 'out_of_service'
export type AutopayBlock = 'paused' | 'overdue' | 'removed' | 'out_of_service' | 'not_eligible' | 'other'
export type AutopayOutcome = 'standing' | 'under_way' | 'again' | 'paid' | 'left' | 'over'

/** A page of the provider's own mini-program, and what it is told when it is opened. */
export interface ProviderPage {
  app_id: string
  path: string
  told: Record<string, string>
}

/** What the provider says of a vehicle now. */
export interface Mandate {
  service: MandateState
  /** Where the service is opened and ended. */
  page: ProviderPage
  /** Where what was advanced is repaid. */
  repay: ProviderPage
}

/** A vehicle, with what the provider said when it last stood somewhere. */
export interface AutopayVehicle extends Vehicle {
  standing: 'normal' | 'blocked' | null
  block: AutopayBlock | null
  told_at: string | null
}

/** A stay that the provider was told of, and what came of that. */
export interface OwnDebit {
  stay_id: string
  plate: Plate
  place_name: string
  arrived_at: string
  left_at: string | null
  outcome: AutopayOutcome
  state: string
  block: AutopayBlock | null
  closing: string | null
  attempt: number
  again_at: string | null
  amount: number
  paid_at: string | null
  bill_id: string | null
  open: number
}

export interface OwnAutopay {
  grounds: { operator: string; everywhere: boolean; places: number; limit: number }[]
  vehicles: AutopayVehicle[]
  debits: OwnDebit[]
}

// Patrol

export interface PatrolSection {
  id: string
  name: string
  division: Division
  /** Not in lists that a handheld saved before it was told. */
  cell?: string
  total: number
  free: number
  occupied: number
  unknown: number
  out_of_service: number
  v: number
}

export interface PatrolSectionDetail {
  id: string
  name: string
  division: Division
  price: { summary: string }
  berths: { id: string; code: string; sensor: boolean }[]
}

export interface PlateArrears {
  plate: Plate
  state: string | null
  amount: number
  frozen: number
  count: number
  oldest_at: string | null
  grace_amount: number
  grace_count: number
  bills: OwedBill[]
  /** What it owes other operators who let this one collect it. */
  elsewhere: DebtElsewhere[]
}

export interface DebtElsewhere {
  creditor_id: string
  creditor: string
  amount: number
  count: number
  bills: { id: string; place_name: string; arrived_on: string; open: number }[]
}

export interface PayLink {
  url: string
  token: string
  expires_at: string
  amount: number
  count: number
}

export interface CashShift {
  id: string
  opened_at: string
  closed_at: string | null
  expected: number
  /** What of it was collected for other operators. */
  for_others: number
  counted: number | null
  reason: string
}

export interface OwnShift {
  shift: CashShift | null
  payments: Payment[]
  /** More cash than that, in fen, is confirmed twice. */
  confirm_above: number
}

export interface IdentifiedStay {
  stay: { id: string; state: string; plate: Plate; arrived_at: string }
}

// Console

export interface ConsoleIdentity {
  account: Account
  organization: { id: string; name: string }
  permissions: string[]
}

export interface CityPlace {
  id: string
  kind: PlaceKind
  name: string
  division_code: string
  point: Point
  outline: Point[]
  cell: string
  total: number
  free: number
  occupied: number
  unknown: number
  out_of_service: number
  v: number
}

export interface City {
  name: string
  center: Point
  time_zone: string
  organization_id: string
  divisions: Division[]
  places: CityPlace[]
  as_of: string
}

/** A berth of the whole city as the console draws it. */
export type CityBerthRow = [berth_id: string, code: string, place_id: string, polygon: Point[]]
