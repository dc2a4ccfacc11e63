// What a motorist's own channel holds: stays, bills and the wallet, each publication with the whole of what it is about.

import type { Fold } from './collection'
import type { Bill, Stay, Wallet } from './resources'

export interface Own {
  /** By id. */
  stays: ReadonlyMap<string, Stay>
  /** Bills that stand, by id. */
  bills: ReadonlyMap<string, Bill>
  wallet: Wallet
}

export interface OwnSnapshot {
  stays: Stay[]
  bills: Bill[]
  wallet: Wallet
}

/** What happened; what it is about comes with it, as it is now. */
export interface OwnPublication {
  fact: string
  at_ms: number
  stay?: Stay
  bill?: Bill
  stay_id?: string
  balance?: number
  bonus?: number
  intent_id?: string
  state?: string
  amount?: number
}

const GONE: readonly string[] = ['withdrawn', 'superseded', 'disowned']

/** Folds `#` channels of motorists. What is about neither a stay, a bill nor the wallet changes nothing. */
export const foldOwn: Fold<Own, OwnSnapshot | OwnPublication> = (held, data) => {
  if (!('fact' in data)) return { stays: byId(data.stays), bills: byId(data.bills), wallet: data.wallet }
  const before = held ?? { stays: new Map(), bills: new Map(), wallet: { balance: 0, bonus: 0 } }
  const { fact, stay, bill, stay_id } = data
  if (fact === 'StayRetracted' && stay_id !== undefined) return { ...before, stays: without(before.stays, stay_id) }
  if (fact === 'WalletChanged') return { ...before, wallet: { balance: data.balance ?? 0, bonus: data.bonus ?? 0 } }
  if (stay) return { ...before, stays: new Map(before.stays).set(stay.id, stay) }
  if (bill) {
    const stands = !GONE.includes(bill.state)
    return { ...before, bills: stands ? new Map(before.bills).set(bill.id, bill) : without(before.bills, bill.id) }
  }
  return before
}

const byId = <Row extends { id: string }>(rows: readonly Row[]): Map<string, Row> => new Map(rows.map((row) => [row.id, row]))

function without<Row>(rows: ReadonlyMap<string, Row>, id: string): Map<string, Row> {
  const left = new Map(rows)
  left.delete(id)
  return left
}
