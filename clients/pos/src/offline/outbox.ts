// Sends recorded plates strictly in the order of recording, however often the network goes away.
import type { Plate } from '@smartcloud/shared'
import type { PlateEntry, PosDatabase, Refusal } from './database'

export type Outcome =
  | { kind: 'accepted' }
  | { kind: 'refused'; refusal: Refusal }
  | { kind: 'unreachable' }
  | { kind: 'logged_out' }

export type Recording = Pick<
  PlateEntry,
  'account_id' | 'section_id' | 'section_name' | 'berth_id' | 'berth_code' | 'stay_id' | 'plate'
>

export interface OutboxParts {
  database: PosDatabase
  send: (entry: PlateEntry) => Promise<Outcome>
  now: () => number
  newId: () => string
}

// 30: a screen and a half of receipts; older ones only cost space.
const RECEIPTS_KEPT = 30

export class Outbox {
  private flushing: Promise<Outcome['kind']> | null = null
  private askedAgain = false

  constructor(private readonly parts: OutboxParts) {}

  /** Write the recording down; it is safe on the handheld when this returns. */
  async add(recording: Recording): Promise<PlateEntry> {
    const entry = {
      ...recording,
      // A copy: the caller's object may be reactive, and IndexedDB cannot clone that.
      plate: { ...recording.plate },
      id: this.parts.newId(),
      recorded_ms: this.parts.now(),
      state: 'queued' as const,
      attempts: 0,
      refusal: null,
      settled_ms: null,
    }
    const sequence = await this.parts.database.entries.add(entry)
    return { ...entry, sequence }
  }

  /** Send what is queued for the account, oldest first, until done or the network fails. One flush at a time. */
  flush(account_id: string): Promise<Outcome['kind']> {
    this.askedAgain = this.flushing !== null
    this.flushing ??= this.drainUntilQuiet(account_id)
    return this.flushing
  }

  /** Take a refused entry off the list. */
  async dismiss(id: string): Promise<void> {
    await this.parts.database.entries.where('id').equals(id).and(({ state }) => state === 'refused').delete()
  }

  /** Replace a refused entry by a corrected one at the end of the queue, under a new key. */
  async correct(refused: PlateEntry, plate: Plate): Promise<PlateEntry> {
    const { database } = this.parts
    const { account_id, section_id, section_name, berth_id, berth_code, stay_id } = refused
    return database.transaction('rw', database.entries, async () => {
      await this.dismiss(refused.id)
      return this.add({ account_id, section_id, section_name, berth_id, berth_code, stay_id, plate })
    })
  }

  /** All entries of the account in the order of recording. */
  entries(account_id: string): Promise<PlateEntry[]> {
    return this.parts.database.entries.where('account_id').equals(account_id).sortBy('sequence')
  }

  // A plate recorded after the last look at the queue, but before the flush ends, would else wait for the next cause.
  private async drainUntilQuiet(account_id: string): Promise<Outcome['kind']> {
    try {
      let outcome = await this.drain(account_id)
      while (this.askedAgain && outcome === 'accepted') {
        this.askedAgain = false
        outcome = await this.drain(account_id)
      }
      return outcome
    } finally {
      this.flushing = null
    }
  }

  private async drain(account_id: string): Promise<Outcome['kind']> {
    for (let entry = await this.oldestQueued(account_id); entry; entry = await this.oldestQueued(account_id)) {
      const outcome = await this.parts.send(entry)
      await this.settle(entry, outcome)
      // Strict order: a later plate of the same berth must not overtake an earlier one.
      if (outcome.kind === 'unreachable' || outcome.kind === 'logged_out') return outcome.kind
    }
    await this.dropOldReceipts(account_id)
    return 'accepted'
  }

  private async oldestQueued(account_id: string): Promise<PlateEntry | undefined> {
    const queued = this.parts.database.entries.where('[account_id+state]').equals([account_id, 'queued'])
    const [oldest] = await queued.sortBy('sequence')
    return oldest
  }

  private async settle(entry: PlateEntry, outcome: Outcome): Promise<void> {
    const { database, now } = this.parts
    const attempts = entry.attempts + 1
    if (outcome.kind === 'accepted') {
      await database.entries.update(entry.sequence, { state: 'sent', attempts, settled_ms: now() })
    } else if (outcome.kind === 'refused') {
      const { refusal } = outcome
      await database.entries.update(entry.sequence, { state: 'refused', attempts, refusal, settled_ms: now() })
    } else {
      await database.entries.update(entry.sequence, { attempts })
    }
  }

  private async dropOldReceipts(account_id: string): Promise<void> {
    const sent = this.parts.database.entries.where('[account_id+state]').equals([account_id, 'sent'])
    const receipts = await sent.sortBy('sequence')
    const old = receipts.slice(0, Math.max(0, receipts.length - RECEIPTS_KEPT))
    await this.parts.database.entries.bulkDelete(old.map(({ sequence }) => sequence))
  }
}
