// Keeps on the handheld what must survive no network: entries not yet sent, and the last seen lists and snapshots.
import Dexie, { type EntityTable, type Table } from 'dexie'
import type { Berth, PatrolSection, PatrolSectionDetail, Plate } from '@smartcloud/shared'

/** queued: to be sent, in order · refused: the server said no, an officer must look · sent: kept as a receipt */
export type EntryState = 'queued' | 'refused' | 'sent'

export interface Refusal {
  status: number
  code: string
  message: string
}

/** One plate that an officer recorded; written here before anything is sent. */
export interface PlateEntry {
  /** Order of sending, given by the database. */
  sequence: number
  /** UUID, sent as Idempotency-Key: the server does the work once however often it hears it. */
  id: string
  account_id: string
  section_id: string
  section_name: string
  berth_id: string
  berth_code: string
  /** The stay that the officer was looking at; null when the server had told of none. */
  stay_id: string | null
  plate: Plate
  recorded_ms: number
  state: EntryState
  attempts: number
  refusal: Refusal | null
  settled_ms: number | null
}

export interface SavedList {
  account_id: string
  items: PatrolSection[]
  as_of_ms: number
}

export interface SavedSection {
  section_id: string
  detail: PatrolSectionDetail
  berths: Berth[]
  as_of_ms: number
}

export class PosDatabase extends Dexie {
  entries!: EntityTable<PlateEntry, 'sequence'>
  lists!: Table<SavedList, string>
  sections!: Table<SavedSection, string>

  constructor(name = 'smartcloud-pos') {
    super(name)
    this.version(1).stores({
      entries: '++sequence, &id, [account_id+state], account_id',
      lists: 'account_id',
      sections: 'section_id',
    })
  }

  /** Remove plates and lists from the handheld at logout; entries not yet sent stay. */
  async forgetSeen(): Promise<void> {
    await Promise.all([this.lists.clear(), this.sections.clear()])
  }
}
