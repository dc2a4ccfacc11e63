// Decides how a berth looks on the grid and which filters it belongs to; pure.
import type { Berth, BerthStay, BerthState, PatrolSectionDetail, Plate } from '@smartcloud/shared'

/** One look is one colour and one mark and one label, so that no state is told by colour alone. */
export type Look = 'free' | 'arriving' | 'occupied' | 'unplated' | 'leaving' | 'unknown' | 'out_of_service'

export type Filter = 'all' | 'occupied' | 'unplated' | 'free' | 'unknown'

export const FILTERS: readonly Filter[] = ['all', 'occupied', 'unplated', 'free', 'unknown']

/** A plate recorded here that the server's rows do not show yet. */
export interface RecordedPlate {
  plate: Plate
  stay_id: string | null
  /** True while it is still in the outbox. */
  waits: boolean
}

export interface Tile {
  berth_id: string
  code: string
  sensor: boolean
  look: Look
  /** What is to be shown: the plate recorded here, else the one the server knows. */
  plate: Plate | null
  /** True while the shown plate is still in the outbox. */
  plate_waits: boolean
  stay: BerthStay | null
  /** Whole minutes since arrival, or since the state began; null when the server told nothing of the berth. */
  minutes: number | null
  since_ms: number | null
  /** 0-100; null when the server told nothing of the berth. */
  confidence: number | null
}

const LOOKS: Record<BerthState, Look> = {
  free: 'free',
  pending_occupied: 'arriving',
  occupied: 'occupied',
  pending_free: 'leaving',
  unknown: 'unknown',
  out_of_service: 'out_of_service',
}

// A car that is settling or about to go still stands there until the server says free.
const HOLDS_CAR: ReadonlySet<Look> = new Set<Look>(['arriving', 'occupied', 'unplated', 'leaving'])

type FixedBerth = PatrolSectionDetail['berths'][number]

/** Join what is fixed of a berth, what the server last told, and what was recorded here. */
export function showTile(
  { id, code, sensor }: FixedBerth,
  berth: Berth | undefined,
  recorded: RecordedPlate | undefined,
  now_ms: number,
): Tile {
  const told = berth ?? { state: 'unknown', stay: null, since_ms: null, confidence: null }
  const { stay, confidence } = told
  const ours = recorded && isAbout(recorded, told.state, stay) ? recorded : null
  const plate = ours?.plate ?? stay?.plate ?? null
  const since_ms = stay?.arrived_ms ?? told.since_ms
  return {
    berth_id: id,
    code,
    sensor,
    look: told.state === 'occupied' && plate === null ? 'unplated' : LOOKS[told.state],
    plate,
    plate_waits: ours?.waits ?? false,
    stay,
    minutes: since_ms === null ? null : wholeMinutes(since_ms, now_ms),
    since_ms,
    confidence,
  }
}

export function belongs(tile: Tile, filter: Filter): boolean {
  switch (filter) {
    case 'all':
      return true
    case 'occupied':
      return HOLDS_CAR.has(tile.look)
    case 'unplated':
      return tile.plate === null && (tile.look === 'unplated' || tile.stay !== null)
    case 'free':
      return tile.look === 'free'
    case 'unknown':
      return tile.look === 'unknown'
  }
}

export function countByFilter(tiles: readonly Tile[]): Record<Filter, number> {
  const counts: Record<Filter, number> = { all: 0, occupied: 0, unplated: 0, free: 0, unknown: 0 }
  for (const tile of tiles) {
    for (const filter of FILTERS) if (belongs(tile, filter)) counts[filter] += 1
  }
  return counts
}

/** True when a plate may be recorded: the server keeps plates on stays, and refuses a berth without one. */
export function takesPlate(tile: Tile): boolean {
  return tile.stay !== null || HOLDS_CAR.has(tile.look) || tile.look === 'unknown'
}

/** The unplated berth whose car has waited longest, leaving one out. */
export function nextUnplated(tiles: readonly Tile[], except_berth_id: string): Tile | undefined {
  return tiles
    .filter((tile) => tile.berth_id !== except_berth_id && belongs(tile, 'unplated'))
    .sort((one, other) => (one.since_ms ?? 0) - (other.since_ms ?? 0))[0]
}

/** True when the berth code or the plate contains what was typed, spaces, dots and case aside. */
export function matches(tile: Tile, typed: string): boolean {
  const wanted = typed.replace(/[\s·]/g, '').toUpperCase()
  return tile.code.toUpperCase().includes(wanted) || (tile.plate?.number ?? '').includes(wanted)
}

// A plate is about a car: once the berth is empty or another stay stands there, it says nothing of the berth.
function isAbout(recorded: RecordedPlate, state: BerthState, stay: BerthStay | null): boolean {
  if (state === 'free' || state === 'out_of_service') return false
  return recorded.stay_id === null || stay === null || stay.id === recorded.stay_id
}

// The server's clock may run some seconds ahead of ours: never show a negative time.
const wholeMinutes = (since_ms: number, now_ms: number): number => Math.max(0, Math.floor((now_ms - since_ms) / 60_000))
