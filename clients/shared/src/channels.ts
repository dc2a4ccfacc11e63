// The channels a screen may follow: their names, what they carry, and how a publication changes what is held.

import { readBerthRow, type Berth, type BerthRow } from './berth'
import type { Fold } from './collection'
import type { Plate } from './plate'

export type PlaceKind = 'lot' | 'section'

/** Berths of one lot or section; the staff twin carries plates and stays. */
export const placeChannel = (kind: PlaceKind, place_id: string): string => `${kind}:${place_id}`
export const staffPlaceChannel = (kind: PlaceKind, place_id: string): string => `${kind}:${place_id}:staff`
/** Free counts of all places in a geohash cell of five characters. */
export const mapChannel = (cell: string): string => `map:${cell}`
export const kpiChannel = (organization_id: string): string => `kpi:${organization_id}`
export const liveChannel = (organization_id: string): string => `live:${organization_id}`

/** An account's own channel: a motorist's stays, bills and wallet, and what becomes of his payments. */
export const ownChannel = (account_id: string): string => `#${account_id}`

export interface BerthsPublication {
  berths: BerthRow[]
  /** Cars that owe, on channels of staff. */
  alerts?: AlertRow[]
  /** When the gateway received the reading; snapshots have none. */
  heard_ms?: number
}

/** Berths by code. */
export type Berths = ReadonlyMap<string, Berth>

/** Folds `section:` and `lot:` channels: a row counts only when its version is newer than the held one. */
export const foldBerths: Fold<Berths, BerthsPublication> = (held, { berths }) => {
  const changed = berths.map(readBerthRow).filter((berth) => berth.v > (held?.get(berth.code)?.v ?? -1))
  if (held !== null && changed.length === 0) return held
  const next = new Map(held ?? [])
  for (const berth of changed) next.set(berth.code, berth)
  return next
}

/** `open` rings, `acknowledged` wears its badge quietly, the others are over. */
export type AlertState = 'open' | 'acknowledged' | 'retracted' | 'gone'

/** A car that owes was seen on a berth. */
export interface ArrearsAlert {
  id: string
  berth_code: string
  state: AlertState
  amount: number
  v: number
  /** None where it owes another operator, who is named as `creditor` then. */
  case_id: string | null
  creditor: string | null
  stay_id: string
  plate: Plate
  count: number
  oldest_ms: number
  spotted_ms: number
  /** Rises while nobody acknowledges it. */
  rounds: number
  escalated: boolean
  acknowledged_by: string | null
  case_state: string | null
}

export type AlertRow = [
  alert_id: string,
  berth_code: string,
  state: AlertState,
  amount: number,
  v: number,
  more: Omit<ArrearsAlert, 'id' | 'berth_code' | 'state' | 'amount' | 'v'>,
]

/** What staff follow of a place: its berths, and the cars on them that owe. */
export interface StaffPlace {
  berths: Berths
  /** By id. */
  alerts: ReadonlyMap<string, ArrearsAlert>
}

/** Folds the staff twins of `section:` and `lot:` channels. */
export const foldStaffPlace: Fold<StaffPlace, BerthsPublication> = (held, data) => {
  const berths = foldBerths(held?.berths ?? null, data)
  const alerts = foldAlerts(held?.alerts ?? new Map(), data.alerts ?? [])
  return held !== null && berths === held.berths && alerts === held.alerts ? held : { berths, alerts }
}

function foldAlerts(held: ReadonlyMap<string, ArrearsAlert>, rows: readonly AlertRow[]): ReadonlyMap<string, ArrearsAlert> {
  const changed = rows.filter(([id, , , , v]) => v > (held.get(id)?.v ?? -1))
  if (changed.length === 0) return held
  const next = new Map(held)
  for (const [id, berth_code, state, amount, v, more] of changed) next.set(id, { id, berth_code, state, amount, v, ...more })
  return next
}

export interface PlaceCounts {
  place_id: string
  total: number
  free: number
  unknown: number
  v: number
}

export type PlaceRow = [place_id: string, total: number, free: number, unknown: number, v: number]

export interface PlacesPublication {
  places: PlaceRow[]
}

/** Counts by place id. */
export type Places = ReadonlyMap<string, PlaceCounts>

/** Folds `map:` channels. */
export const foldPlaces: Fold<Places, PlacesPublication> = (held, { places }) => {
  const changed = places.filter(([place_id, , , , v]) => v > (held?.get(place_id)?.v ?? -1))
  if (held !== null && changed.length === 0) return held
  const next = new Map(held ?? [])
  for (const [place_id, total, free, unknown, v] of changed) next.set(place_id, { place_id, total, free, unknown, v })
  return next
}

/** Figures of the home page; amounts in fen, `today` is the city's day. */
export interface Kpi {
  total: number
  free: number
  occupied: number
  unknown: number
  out_of_service: number
  open_stays: number
  identified_stays: number
  arrivals_today: number
  departures_today: number
  due_today: number
  devices: number
  devices_silent: number
  v: number
}

/** Folds `kpi:` channels: the newest figures replace the held ones. */
export const foldKpi: Fold<Kpi, Kpi> = (held, kpi) => (held !== null && kpi.v <= held.v ? held : kpi)

export type LiveFactName =
  | 'BerthOccupied'
  | 'BerthFreed'
  | 'BerthUnknown'
  | 'StayOpened'
  | 'StayIdentified'
  | 'StayClosed'
  | 'StayVoided'
  | 'StayCorrected'
  | 'StayEdited'
  | 'StayDisputed'
  | 'StayReleased'
  | 'StayDoubted'
  | 'BillIssued'
  | 'PlaceTariffChanged'
  | 'PlaceTariffCancelled'
  | 'DeviceSilent'
  | 'DeviceRecovered'
  | 'DeviceAlarmed'

/** An entry of `live:` channels. */
export interface LiveFact {
  fact: LiveFactName
  at_ms: number
  place_id: string
  place_name: string
  /** None when a device that watches several berths is meant. */
  berth_code: string | null
  /** Masked. */
  plate: string | null
  /** The stay that it is about, if it is about one. */
  stay_id: string | null
  amount: number | null
  duration_s: number | null
  device_kind: 'berth_sensor' | 'camera' | null
  /** The code of a device's alarm; makers add codes of their own. */
  alarm: string | null
}
