// Carries one recorded plate to the server and reads from the answer what to do with the entry.
import {
  ApiError,
  readBerthRow,
  staffPlaceChannel,
  type Api,
  type BerthsPublication,
  type IdentifiedStay,
  type Snapshot,
} from '@smartcloud/shared'
import type { PlateEntry } from './database'
import type { Outcome } from './outbox'

// 60 s: below it the officer still stands before the car he saw; above it the berth may hold another one.
const FRESH_MS = 60_000

// Answers that say "not now": asking again later can succeed.
const NOT_NOW: ReadonlySet<number> = new Set([0, 408, 425, 429])

type Carrier = Pick<Api, 'get' | 'post'>

/**
 * Send the entry under its own key. The server refuses a plate whose stay has ended; one that was recorded before the
 * stay had a name is refused here when the car that stands there now came later.
 */
export async function sendPlate(api: Carrier, entry: PlateEntry, now_ms: number): Promise<Outcome> {
  try {
    if (entry.stay_id === null && now_ms - entry.recorded_ms > FRESH_MS && (await holdsLaterStay(api, entry))) {
      return { kind: 'refused', refusal: { status: 409, code: 'stay_changed', message: '' } }
    }
    const path = `/berths/${encodeURIComponent(entry.berth_id)}/plate`
    const body = { ...entry.plate, stay_id: entry.stay_id }
    const answer = await api.post<IdentifiedStay | null>(path, body, { 'Idempotency-Key': entry.id })
    // The login page of a public network also answers 200: only the server names the stay.
    return answer?.stay ? { kind: 'accepted' } : { kind: 'unreachable' }
  } catch (error) {
    return outcomeOf(error)
  }
}

/** What an error means for an entry: keep and wait, sign in again, or show to the officer. */
export function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof ApiError)) throw error
  const { status, code, message } = error
  if (status === 401) return { kind: 'logged_out' }
  if (NOT_NOW.has(status) || status >= 500) return { kind: 'unreachable' }
  return { kind: 'refused', refusal: { status, code, message } }
}

async function holdsLaterStay(api: Carrier, entry: PlateEntry): Promise<boolean> {
  const channel = encodeURIComponent(staffPlaceChannel('section', entry.section_id))
  const { data } = await api.get<Snapshot<BerthsPublication>>(`/snapshots/${channel}`)
  const berth = data.berths.map(readBerthRow).find(({ code }) => code === entry.berth_code)
  return berth?.stay ? berth.stay.arrived_ms > entry.recorded_ms : false
}
