// Sums of money that screens show and check: pure, in fen.
import type { Bill, Payment, Refund } from './types'

export interface Step {
  name: 'due' | 'waived' | 'paid' | 'open' | 'surplus'
  amount: number
}

/** What a bill's head shows: due, what was waived and paid of it, what is open, and what was paid too much. */
export function stepsOf(bill: Bill): Step[] {
  const steps: Step[] = [
    { name: 'due', amount: bill.due },
    { name: 'waived', amount: bill.waived },
    { name: 'paid', amount: bill.paid },
    { name: 'open', amount: bill.open },
  ]
  if (bill.surplus > 0) steps.push({ name: 'surplus', amount: bill.surplus })
  return steps.filter(({ name, amount }) => amount !== 0 || name === 'due' || name === 'open')
}

/** Whether the lines of a bill sum to what is due. */
export const addsUp = (bill: Pick<Bill, 'lines' | 'due'>): boolean => bill.lines.reduce((sum, { amount }) => sum + amount, 0) === bill.due

/** What of a payment went to a stay and may still go back. */
export function refundableFor(payment: Payment, stay_id: string): number {
  return payment.parts.filter((part) => part.stay_id === stay_id).reduce((sum, { amount, refunding }) => sum + amount - refunding, 0)
}

/** What people typed as yuan, in fen; null where it is no amount. */
export function readYuan(typed: string): number | null {
  const match = /^(\d{1,7})(?:\.(\d{1,2}))?$/.exec(typed.trim())
  if (match === null) return null
  return Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'))
}

const STEPS: Record<Refund['state'], number> = { requested: 0, approved: 1, processing: 2, abnormal: 2, succeeded: 3, closed: 3 }

/** How far a refund has come, of: asked, agreed, on its way, done. */
export const progressOf = (refund: Pick<Refund, 'state'>): number => STEPS[refund.state]

/** JSON as people read it; what is no JSON stays as it was. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
