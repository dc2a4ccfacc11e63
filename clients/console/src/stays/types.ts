// Stays, their evidence and edits, as the API answers them.
import type { Plate, Stay } from '@smartcloud/shared'

export interface FeeLine {
  text: string
  amount: number
}

export interface StayDetail extends Stay {
  v: number
  revision: number
  flags: string[]
  holds: string[]
  parent_id: string | null
  merged_into: string | null
  split_from: string | null
  lines: FeeLine[]
}

export type EntryKind = 'reading' | 'photo' | 'edit' | 'price' | 'review' | 'bill' | 'discount' | 'payment' | 'refund'

/** One thing that is known of a stay; what `said` holds follows from its kind. */
export interface Entry {
  at: string
  kind: EntryKind
  id: string
  by: string | null
  device_id: string | null
  said: Record<string, unknown>
}

export interface Evidence {
  stay: StayDetail
  entries: Entry[]
}

export type EditKind = 'plate' | 'times' | 'berth' | 'arrival' | 'leave' | 'merge' | 'split' | 'void' | 'undo'

export interface EditRequest {
  id: string
  stay_ids: string[]
  kind: EditKind
  reason: string
  plate: Plate | null
  difference: number
  state: 'requested' | 'approved' | 'rejected' | 'withdrawn'
  requested_by: string
  requested_at: string
  decided_by: string | null
  decided_at: string | null
  remark: string
}

/** A request, and what it would do now; null where it can no longer be done. */
export interface EditRequestDetail {
  request: EditRequest
  preview: Preview | null
}

export interface Preview {
  versions: { before: StayDetail | null; after: StayDetail }[]
  difference: number
  needs_approval: boolean
}

export interface EditAnswer {
  edit: { id: string; difference: number } | null
  request: EditRequest | null
}

export interface Review {
  id: string
  reason: string
  stay_id: string
  other_id: string | null
  place_name: string
  berth_code: string
  plate: Plate | null
  seen: Plate | null
  dispute: string | null
  statement: string
  evidence_ids: string[]
  raised_at: string
  state: 'open' | 'claimed' | 'resolved'
  claimed_by: string | null
  outcome: string | null
  remark: string
  resolved_at: string | null
}
