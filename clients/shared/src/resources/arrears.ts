// What is owed beyond its time, by whom and to whom; amounts are fen.
import type { Plate } from '../plate'
import type { Bill, Provider } from './money'

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
