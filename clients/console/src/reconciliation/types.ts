// Days compared with providers, and what differs, as the API answers them. Money is fen.
export interface DayCompared {
  id: string
  provider: string
  day: string
  lines: number
  paid: number
  refunded: number
  fee: number
  open: number
  repaired: number
  compared_at: string
  paid_here: number
  refunded_here: number
}

export type DiscrepancyKind = 'missing_here' | 'missing_there' | 'amount' | 'status' | 'fee' | 'day_cut'

export interface Discrepancy {
  id: string
  provider: string
  day: string
  kind: DiscrepancyKind
  number: string
  refund: boolean
  here: number
  there: number
  state: 'open' | 'repaired' | 'explained' | 'closed'
  cause: string
  explained_by: string | null
  approved_by: string | null
}

export interface BooksCheck {
  id: string
  at: string
  found: number
  faults: { where: string; what: string }[]
}
