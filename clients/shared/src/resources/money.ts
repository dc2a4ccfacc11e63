// Bills and paying them; amounts are fen.
import type { Plate } from '../plate'

export type BillState = 'due' | 'part_paid' | 'paid' | 'withdrawn' | 'superseded' | 'disowned' | 'written_off'

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
