// Berth states: what they are called, how they look without relying on color, and how channel rows carry them.

import type { Plate } from './plate'

export type BerthState = 'free' | 'pending_occupied' | 'occupied' | 'pending_free' | 'unknown' | 'out_of_service'

export const BERTH_STATES: readonly BerthState[] = [
  'free',
  'pending_occupied',
  'occupied',
  'pending_free',
  'unknown',
  'out_of_service',
]

/** How the area is filled: a color-blind reader tells the states apart by this and by the glyph. */
export type BerthPattern = 'outline' | 'solid' | 'half' | 'hatch' | 'cross'

export interface BerthMark {
  /** Key of the label in every client's messages. */
  labelKey: string
  label: string
  color: string
  /** A tint of the color for backgrounds of tiles. */
  tint: string
  /** Text color that is readable on the tint (contrast >= 4.5). */
  ink: string
  pattern: BerthPattern
  glyph: string
}

// Teal against amber differs on the blue-yellow axis, which the common color blindnesses keep.
export const BERTH_MARKS: Record<BerthState, BerthMark> = {
  free: {
    labelKey: 'berth.state.free',
    label: '空闲',
    color: '#0d9488',
    tint: '#d9f2ee',
    ink: '#0b5f58',
    pattern: 'outline',
    glyph: '○',
  },
  pending_occupied: {
    labelKey: 'berth.state.pending_occupied',
    label: '正在驶入',
    color: '#d97706',
    tint: '#fdf1dc',
    ink: '#8a4b06',
    pattern: 'half',
    glyph: '◐',
  },
  occupied: {
    labelKey: 'berth.state.occupied',
    label: '占用',
    color: '#d97706',
    tint: '#fbdfae',
    ink: '#7a3f05',
    pattern: 'solid',
    glyph: '●',
  },
  pending_free: {
    labelKey: 'berth.state.pending_free',
    label: '正在驶离',
    color: '#0d9488',
    tint: '#eaf6f4',
    ink: '#0b5f58',
    pattern: 'half',
    glyph: '◑',
  },
  unknown: {
    labelKey: 'berth.state.unknown',
    label: '未知',
    color: '#7c8798',
    tint: '#eef0f3',
    ink: '#4b5563',
    pattern: 'hatch',
    glyph: '?',
  },
  out_of_service: {
    labelKey: 'berth.state.out_of_service',
    label: '停用',
    color: '#475569',
    tint: '#dfe3e9',
    ink: '#334155',
    pattern: 'cross',
    glyph: '×',
  },
}

export interface BerthStay {
  id: string
  plate: Plate | null
  arrived_ms: number
}

export interface Berth {
  code: string
  state: BerthState
  /** 0-100. */
  confidence: number
  since_ms: number
  v: number
  /** Only staff channels carry it; null where nobody stays or we may not know. */
  stay: BerthStay | null
}

/** A row of `section:` and `lot:` channels; staff twins append the stay. */
export type BerthRow =
  | [code: string, state: BerthState, confidence: number, since_ms: number, v: number]
  | [code: string, state: BerthState, confidence: number, since_ms: number, v: number, stay: BerthStay | null]

/** Reads a row; a state this client does not know yet reads as unknown, never as free. */
export function readBerthRow(row: BerthRow): Berth {
  const [code, state, confidence, since_ms, v, stay = null] = row
  return { code, state: state in BERTH_MARKS ? state : 'unknown', confidence, since_ms, v, stay }
}

export type BerthCounts = Record<BerthState, number>

export function countBerths(berths: Iterable<Pick<Berth, 'state'>>): BerthCounts {
  const counts: BerthCounts = {
    free: 0,
    pending_occupied: 0,
    occupied: 0,
    pending_free: 0,
    unknown: 0,
    out_of_service: 0,
  }
  for (const { state } of berths) counts[state] += 1
  return counts
}
