// Debits without a person's act: mandates, vehicles and what came of them.
import type { Plate } from '../plate'
import type { Vehicle } from './stays'

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
