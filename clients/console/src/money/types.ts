// Bills, payments, refunds and what providers said, as the API answers them. Money is fen.
import type { Plate } from '@smartcloud/shared'
import type { FeeLine } from '../stays/types'

export interface Discount {
  kind: 'waiver' | 'coupon'
  amount: number
  reference: string
  reason: string
  at: string
}

export interface Bill {
  id: string
  stay_id: string
  state: string
  plate: Plate
  due: number
  waived: number
  paid: number
  open: number
  surplus: number
  standing: boolean
  revision: number
  place_id: string
  valid_until: string | null
  lines: FeeLine[]
  discounts: Discount[]
  issued_at: string
}

export interface Part {
  bill_id: string
  stay_id: string
  amount: number
  refunding: number
  organization_id: string
  pursued_by: string
  commission: number
}

export interface Payment {
  id: string
  intent_id: string
  purpose: 'bills' | 'top_up'
  provider: string
  transaction_id: string
  amount: number
  bonus: number
  refunded: number
  refundable: number
  parts: Part[]
  paid_at: string
  received_at: string
}

export type RefundState = 'requested' | 'approved' | 'processing' | 'succeeded' | 'abnormal' | 'closed'

export interface Refund {
  id: string
  payment_id: string
  intent_id: string
  stay_id: string
  state: RefundState
  target: 'origin' | 'wallet' | 'hand'
  provider: string
  amount: number
  paid: number
  of_surplus: boolean
  reason: string
  requested_by: string
  approved_by: string | null
  requested_at: string
  done_at: string | null
  failure: string
}

export interface BillMoney {
  bill: Bill
  payments: Payment[]
  refunds: Refund[]
}

export interface Shift {
  id: string
  patroller_id: string
  opened_at: string
  closed_at: string | null
  expected: number
  for_others: number
  counted: number | null
  reason: string
}

export interface Exchange {
  id: string
  at: string
  provider: string
  operation: string
  incoming: boolean
  subject: string
  verdict: string
  status: number
  said: string
  answered: string
}
