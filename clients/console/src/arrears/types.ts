// Debts past due by plate, as the API answers them. Money is fen.
import type { Plate } from '@smartcloud/shared'

export type CaseState = 'due' | 'reminded' | 'overdue' | 'restricted' | 'disputed' | 'paid' | 'waived' | 'written_off' | 'retracted'

export interface Case {
  id: string
  state: CaseState
  plate: Plate
  amount: number
  frozen: number
  count: number
  part_paid: boolean
  oldest_at: string | null
  opened_at: string
  closed_at: string | null
  reminders: number
  last_reminded_at: string | null
  next_reminder_at: string | null
  owner_known: boolean
  freeze: { reason: string; by: string; at: string } | null
  last_seen: { at: string; place_id: string; place_name: string; berth_code: string } | null
  write_off: { id: string; state: string; amount: number } | null
}

export interface Totals {
  cases: number
  count: number
  amount: number
  frozen: number
}

export interface Bucket {
  name: string
  from_days: number
  to_days: number | null
  count: number
  amount: number
}

export interface Summary {
  totals: Totals
  buckets: Bucket[]
  states: { state: CaseState; cases: number; amount: number }[]
  last_30_days: { paid: number; waived: number; written_off: number }
}

export interface Debt {
  bill_id: string
  stay_id: string
  state: string
  place_name: string
  berth_code: string
  arrived_at: string
  left_at: string | null
  owed_since: string
  past_due_at: string
  days: number
  due: number
  paid: number
  waived: number
  open: number
  /** What of it was written off and may still be paid. */
  given_up: number
}

export interface Reminder {
  id: string
  step: number
  channels: ('app' | 'sms')[]
  state: string
  text: string
  phone: string | null
  by: string | null
  planned_at: string
  sent_at: string | null
  attempts: number
  receipt: string | null
  template: string | null
  reported_at: string | null
  failure: string | null
}

/** One line of the log of all that was sent; the plate is masked. */
export interface SentReminder extends Reminder {
  case_id: string
  plate: string
  amount: number
}

export type MessageKind = 'reminder' | 'overdue' | 'restricted'

export interface MessageTemplate {
  kind: MessageKind
  /** Empty where the platform's own is used. */
  code: string
  text: string
  example: string
  v: number
  changed_by: string | null
  changed_at: string | null
}

export interface TemplateVariable {
  name: string
  label: string
  needed: boolean
  example: string
}

export interface MessageTemplates {
  items: MessageTemplate[]
  default_code: string
  variables: TemplateVariable[]
}

export interface Alert {
  id: string
  /** None where it owes another operator, who is named as `creditor` then. */
  case_id: string | null
  creditor: string | null
  state: 'open' | 'acknowledged' | 'retracted' | 'gone'
  plate: Plate
  amount: number
  count: number
  place_name: string
  berth_code: string
  stay_id: string
  spotted_at: string
  rounds: number
  escalated: boolean
  acknowledged_by: string | null
}

export interface WriteOff {
  id: string
  case_id: string
  plate: Plate
  bill_ids: string[]
  amount: number
  reason: string
  state: 'requested' | 'approved' | 'rejected' | 'withdrawn'
  requested_by: string
  requested_at: string
  decided_by: string | null
  decided_at: string | null
  remark: string
}

export interface CaseEntry {
  at: string
  kind: string
  by: string | null
  said: Record<string, unknown>
}

export interface CaseDetail {
  case: Case
  owner: { name: string; phone: string } | null
  bills: Debt[]
  reminders: Reminder[]
  alerts: Alert[]
  write_offs: WriteOff[]
  timeline: CaseEntry[]
}

/** What `arrears:{organization}` says; the plate is masked there. */
export interface ArrearsFact {
  fact: string
  at_ms: number
  case_id: string | null
  plate?: string
  state?: string
  amount?: number
  alert_id?: string
  place_name?: string
  berth_code?: string
}
