// Sorts stays and bills for the motorist, and says what is still to pay.
import type { Bill, Stay } from '@smartcloud/shared'

export interface ParkingRecord {
  stay: Stay
  bill: Bill | null
}

/** Whether the stay was declared not to have been. */
export const isVoid = (stay: Stay): boolean => stay.state === 'void'

/** Whether the bill was taken back, as when a corrected one replaces it. */
export const isWithdrawn = (bill: Bill): boolean => bill.state === 'withdrawn'

/** What is left to pay, in fen; a withdrawn bill asks for nothing. */
export function leftToPay(bill: Bill): number {
  return isWithdrawn(bill) ? 0 : Math.max(0, bill.due - bill.paid)
}

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
