// What an edit says to the server: the fields of its kind, and nothing else.
import { normalizePlate, type PlateColor } from '@smartcloud/shared'
import type { EditKind, StayDetail } from './types'

export interface EditForm {
  kind: EditKind
  reason: string
  number: string
  color: PlateColor
  place_id: string
  berth_id: string
  arrived_at: string
  left_at: string
  at: string
  other_id: string
  evidence_ids: string[]
}

const NEEDS: Record<EditKind, readonly (keyof EditForm)[]> = {
  plate: ['number'],
  times: [],
  berth: ['berth_id'],
  arrival: ['berth_id', 'arrived_at'],
  leave: ['left_at'],
  merge: ['other_id'],
  split: ['at'],
  void: [],
  undo: ['other_id'],
}

/** Whether enough is filled in to ask what it would cost. */
export const complete = (form: EditForm): boolean => NEEDS[form.kind].every((name) => form[name] !== '')

export function emptyForm(kind: EditKind, stay: StayDetail | null): EditForm {
  return {
    kind,
    reason: '',
    number: stay?.plate?.number ?? '',
    color: stay?.plate?.color ?? 'blue',
    place_id: stay?.place.id ?? '',
    berth_id: '',
    arrived_at: stay?.arrived_at ?? '',
    left_at: stay?.left_at ?? '',
    at: '',
    other_id: '',
    evidence_ids: [],
  }
}

/** The body of an edit; times that were not touched are not sent. */
export function bodyOf(form: EditForm, stay: StayDetail | null): Record<string, unknown> {
  const body: Record<string, unknown> = { kind: form.kind, reason: form.reason.trim() || '—' }
  if (stay !== null) Object.assign(body, { stay_id: stay.id, stay_v: stay.v })
  if (form.evidence_ids.length > 0) body.evidence_ids = form.evidence_ids
  const plate = { number: normalizePlate(form.number), color: form.color }
  switch (form.kind) {
    case 'plate':
      body.plate = plate
      break
    case 'times':
      if (form.arrived_at !== stay?.arrived_at) body.arrived_at = form.arrived_at
      if (form.left_at !== '' && form.left_at !== stay?.left_at) body.left_at = form.left_at
      break
    case 'berth':
      body.berth_id = form.berth_id
      break
    case 'arrival':
      Object.assign(body, { berth_id: form.berth_id, arrived_at: form.arrived_at })
      if (form.left_at !== '') body.left_at = form.left_at
      if (form.number !== '') body.plate = plate
      break
    case 'leave':
      body.left_at = form.left_at
      break
    case 'split':
      body.at = form.at
      break
    case 'merge':
    case 'undo':
      body.other_id = form.other_id
      break
    case 'void':
      break
  }
  return body
}
