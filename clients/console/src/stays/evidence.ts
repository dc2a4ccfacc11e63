// The evidence of a stay as a clerk reads it: grouped by what it is, by day, with what an edit changed.
import type { Plate } from '@smartcloud/shared'
import { dayOf } from '../lib/days'
import type { EditKind, Entry, EntryKind, StayDetail } from './types'

export type Theme = 'reading' | 'photo' | 'act' | 'money'

const THEMES: Record<EntryKind, Theme> = {
  reading: 'reading',
  photo: 'photo',
  edit: 'act',
  review: 'act',
  price: 'money',
  bill: 'money',
  discount: 'money',
  payment: 'money',
  refund: 'money',
}

export const themeOf = (entry: Pick<Entry, 'kind'>): Theme => THEMES[entry.kind] ?? 'act'

export interface Moment {
  key: string
  day: string
  /** The first moment of its day says so. */
  begins: boolean
  entry: Entry
  /** Photos that were taken one after the other are one moment. */
  photos: Entry[]
}

// 3 minutes: an officer walks around a car once.
const TOGETHER_MS = 180_000

/** Puts entries into moments, as the timeline shows them. */
export function momentsOf(entries: readonly Entry[], themes: ReadonlySet<Theme> | null = null): Moment[] {
  const moments: Moment[] = []
  for (const entry of entries) {
    if (themes !== null && !themes.has(themeOf(entry))) continue
    const last = moments.at(-1)
    if (entry.kind === 'photo' && last?.entry.kind === 'photo' && Date.parse(entry.at) - Date.parse(last.entry.at) < TOGETHER_MS && last.entry.by === entry.by) {
      last.photos.push(entry)
      continue
    }
    const day = dayOf(Date.parse(entry.at))
    moments.push({ key: `${entry.kind}:${entry.id}`, day, begins: day !== last?.day, entry, photos: entry.kind === 'photo' ? [entry] : [] })
  }
  return moments
}

export interface Facts {
  state: string
  plate: Plate | null
  berth_code: string
  arrived_at: string
  left_at: string | null
  amount: number | null
}

export interface Difference {
  name: keyof Facts
  before: Facts[keyof Facts]
  after: Facts[keyof Facts]
}

const NAMES: readonly (keyof Facts)[] = ['plate', 'berth_code', 'arrived_at', 'left_at', 'state', 'amount']

/** What an edit changed of a stay; of one that it made, everything. */
export function differences(before: Facts | null, after: Facts): Difference[] {
  return NAMES.filter((name) => JSON.stringify(before?.[name] ?? null) !== JSON.stringify(after[name])).map((name) => ({
    name,
    before: before?.[name] ?? null,
    after: after[name],
  }))
}

/** The facts of a stay, as edits show them. */
export const factsOf = (stay: StayDetail): Facts => ({
  state: stay.state,
  plate: stay.plate,
  berth_code: stay.berth_code,
  arrived_at: stay.arrived_at,
  left_at: stay.left_at,
  amount: stay.amount,
})

const OPEN_STATES = ['detected', 'running', 'leaving']

export const isOpen = (stay: Pick<StayDetail, 'state'>): boolean => OPEN_STATES.includes(stay.state)

/** Which edits a stay may have now; the server has the last word. */
export function editsFor(stay: Pick<StayDetail, 'state'>): EditKind[] {
  if (stay.state === 'void') return []
  return isOpen(stay) ? ['plate', 'leave', 'times', 'berth', 'merge', 'split', 'void'] : ['plate', 'times', 'berth', 'merge', 'split', 'void']
}

/** The reviews of a stay that nobody has decided yet. */
export function openReviews(entries: readonly Entry[]): Entry[] {
  const decided = new Set(entries.filter(({ id }) => id.endsWith(':resolved')).map(({ id }) => id.slice(0, -':resolved'.length)))
  return entries.filter(({ kind, id }) => kind === 'review' && !id.endsWith(':resolved') && !decided.has(id))
}

/** The last edit that may be undone. */
export function undoable(entries: readonly Entry[]): string | null {
  const edits = entries.filter(({ kind }) => kind === 'edit')
  const last = edits.at(-1)
  return last !== undefined && last.said.kind !== 'undo' && !last.said.undone ? last.id : null
}
