// Judges whether a vehicle is debited by itself, and what a stay's debit came to; pure.
import type { AutopayBlock, AutopayVehicle, Mandate, OwnDebit } from '@smartcloud/shared'

/** `usable` debited by itself · `closed` never opened · `unknown` nobody could be asked · the others: why not. */
export type Standing = 'usable' | 'closed' | 'paused' | 'overdue' | 'removed' | 'not_eligible' | 'blocked' | 'unknown'

const OF_BLOCK: Record<AutopayBlock, Standing> = {
  paused: 'paused',
  overdue: 'overdue',
  removed: 'removed',
  out_of_service: 'closed',
  not_eligible: 'not_eligible',
  other: 'blocked',
}
// The provider tells these of a car that stands, and still says that its service is open.
const DESPITE_OPEN: readonly AutopayBlock[] = ['overdue', 'not_eligible', 'other']

/** What is so of a vehicle by what the provider says now, where it was asked, and by what it said last. */
export function standingOf({ standing, block }: AutopayVehicle, mandate: Mandate | null): Standing {
  if (mandate?.service === 'paused') return 'paused'
  if (mandate?.service === 'out_of_service') return block === 'removed' ? 'removed' : 'closed'
  if (block !== null && (mandate === null || DESPITE_OPEN.includes(block))) return OF_BLOCK[block]
  return mandate !== null || standing === 'normal' ? 'usable' : 'unknown'
}

/** What can be done about it on the provider's own pages. */
export type Remedy = 'open' | 'resume' | 'repay' | 'manage'

const REMEDIES: Record<Standing, Remedy | null> = {
  usable: 'manage',
  closed: 'open',
  removed: 'open',
  paused: 'resume',
  overdue: 'repay',
  not_eligible: 'manage',
  blocked: 'manage',
  unknown: null,
}

export const remedyOf = (standing: Standing): Remedy | null => REMEDIES[standing]

/** Where each remedy is: what was advanced is repaid elsewhere. */
export const pageOf = (remedy: Remedy, mandate: Mandate) => (remedy === 'repay' ? mandate.repay : mandate.page)

export type Tone = 'good' | 'wait' | 'bad' | 'calm'

export function toneOf(standing: Standing): Tone {
  if (standing === 'usable') return 'good'
  return standing === 'closed' || standing === 'unknown' ? 'calm' : 'bad'
}

/** Which words say why nothing is debited; null where none are needed. */
export function reasonOf({ outcome, state, block, closing }: OwnDebit): string | null {
  if (outcome === 'standing') return block ?? (state === 'declined' ? 'declined' : null)
  if (outcome !== 'left') return null
  if (state === 'declined') return 'declined'
  return closing === 'blocked' ? (block ?? 'other') : closing
}

export function toneOfDebit(debit: OwnDebit): Tone {
  if (debit.outcome === 'paid') return 'good'
  if (debit.outcome === 'left') return 'bad'
  if (debit.outcome === 'over') return 'calm'
  return reasonOf(debit) === null ? 'wait' : 'bad'
}
