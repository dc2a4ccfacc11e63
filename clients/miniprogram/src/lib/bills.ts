// Sorts stays and bills for the motorist, and says what is still to pay.
import type { Bill, Stay } from '@smartcloud/shared'

export interface ParkingRecord {
  stay: Stay
  bill: Bill | null
}

/** Whether the stay was declared not to have been. */
export const isVoid = (stay: Stay): boolean => stay.state === 'void'

/** Whether the bill was taken back, as when a corrected one replaces it. */
export const isWithdrawn = (bill: Bill): boolean => bill.state === 'withdrawn' || bill.state === 'superseded' || bill.state === 'disowned'

/** What is left to pay, in fen; a withdrawn bill asks for nothing. */
export function leftToPay(bill: Bill): number {
  return isWithdrawn(bill) ? 0 : bill.open
}

/** What may be paid, in fen: what is left, or what was written off. */
export const mayPay = (bill: Bill): number => leftToPay(bill) || bill.given_up

export const sumMayPay = (bills: readonly Bill[]): number => bills.reduce((sum, bill) => sum + mayPay(bill), 0)

/** Whether it is the price of a car that still stands, and not that any more. */
export const hasRunOut = (bill: Bill, now_ms: number): boolean => bill.valid_until !== null && Date.parse(bill.valid_until) < now_ms

/** Bills that wait to be paid, the oldest first, as they are paid. */
export function payableBills(bills: readonly Bill[], now_ms: number): Bill[] {
  const open = bills.filter((bill) => leftToPay(bill) > 0 && !hasRunOut(bill, now_ms))
  return latestFirst(open, (bill) => bill.issued_at).reverse()
}

export const sumToPay = (bills: readonly Bill[]): number => bills.reduce((sum, bill) => sum + leftToPay(bill), 0)

/** Stays whose vehicle is still there, the latest first. */
export function runningStays(stays: readonly Stay[]): Stay[] {
  return latestFirst(stays.filter((stay) => stay.left_at === null && !isVoid(stay)), (stay) => stay.arrived_at)
}

/** Stays that are over, each with its bill in force when there is one, the latest first. */
export function pastRecords(stays: readonly Stay[], bills: readonly Bill[]): ParkingRecord[] {
  const billOf = new Map(bills.filter((bill) => !isWithdrawn(bill)).map((bill) => [bill.stay_id, bill]))
  const past = stays.filter((stay) => stay.left_at !== null || isVoid(stay))
  return latestFirst(past, (stay) => stay.arrived_at).map((stay) => ({ stay, bill: billOf.get(stay.id) ?? null }))
}

export function latestFirst<T>(rows: readonly T[], at: (row: T) => string): T[] {
  return [...rows].sort((a, b) => Date.parse(at(b)) - Date.parse(at(a)))
}
