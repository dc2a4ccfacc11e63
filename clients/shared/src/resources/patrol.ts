// What an officer's handheld reads.
import type { Plate } from '../plate'
import type { Payment } from './money'
import type { Division } from './places'

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

/** Beside a list that a client reads at its start: what a keyboard of plates begins with, e.g. 粤B, or nothing. */
export interface LocalPlates {
  local_prefix: string
}

export interface PatrolSectionDetail {
  id: string
  name: string
  division: Division
  price: { summary: string }
  berths: { id: string; code: string; sensor: boolean }[]
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
