// What several tests start from: a fresh database, an outbox whose server is scripted, berths and entries.
import 'fake-indexeddb/auto'
import type { Berth, BerthState, BerthStay, Plate } from '@smartcloud/shared'
import { PosDatabase, type PlateEntry } from '../src/offline/database'
import { Outbox, type Outcome, type Recording } from '../src/offline/outbox'

export const NOON_MS = Date.UTC(2026, 10, 23, 4, 0, 0)
export const ACCOUNT = 'account-1'

export const blue = (number: string): Plate => ({ number, color: 'blue' })

let databases = 0

export interface ScriptedOutbox {
  outbox: Outbox
  database: PosDatabase
  /** Plate numbers in the order in which the server heard them. */
  heard: string[]
  /** Keys in the order in which the server heard them. */
  keys: string[]
  answers: Map<string, Outcome>
}

/** An outbox on its own database whose server accepts all plates but those given another answer. */
export function scriptedOutbox(): ScriptedOutbox {
  const database = new PosDatabase(`pos-test-${(databases += 1)}`)
  const heard: string[] = []
  const keys: string[] = []
  const answers = new Map<string, Outcome>()
  let ids = 0
  const send = async ({ id, plate }: PlateEntry): Promise<Outcome> => {
    heard.push(plate.number)
    keys.push(id)
    return answers.get(plate.number) ?? { kind: 'accepted' }
  }
  const outbox = new Outbox({ database, send, now: () => NOON_MS, newId: () => `id-${(ids += 1)}` })
  return { outbox, database, heard, keys, answers }
}

export function recording(number: string, account_id = ACCOUNT): Recording {
  return {
    account_id,
    section_id: 'section-1',
    section_name: '东新二路',
    berth_id: `berth-of-${number}`,
    berth_code: '433001',
    stay_id: 'stay-1',
    plate: blue(number),
  }
}

export function entry(changes: Partial<PlateEntry> = {}): PlateEntry {
  return {
    ...recording('粤B12345'),
    sequence: 1,
    id: 'id-1',
    recorded_ms: NOON_MS,
    state: 'queued',
    attempts: 0,
    refusal: null,
    settled_ms: null,
    ...changes,
  }
}

export function stay(plate: Plate | null, minutes_ago = 10, id = 'stay-1'): BerthStay {
  return { id, plate, arrived_ms: NOON_MS - minutes_ago * 60_000 }
}

export function berth(state: BerthState, parked: BerthStay | null = null): Berth {
  return { code: '433001', state, confidence: 96, since_ms: NOON_MS - 5 * 60_000, v: 1, stay: parked }
}
