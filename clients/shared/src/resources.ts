// What the HTTP API answers, by audience. Points and polygons are [lng, lat] in WGS-84; money is fen.

import type { PlaceKind } from './channels'
import type { Point } from './geo'
import type { Plate } from './plate'

export interface Account {
  id: string
  name: string
  phone?: string
}

export interface Login {
  token: string
  expires_at: string
  account: Account
}

export interface List<T> {
  items: T[]
  as_of?: string
}

export interface Division {
  code: string
  name: string
}

// Motorist

export interface Place {
  id: string
  kind: PlaceKind
  name: string
  address: string
  division_code: string
  point: Point
  distance_m: number
  cell: string
  total: number
  free: number
  unknown: number
  v: number
  price: { summary: string }
}

export interface PlaceDetail extends Place {
  outline: Point[]
  price: { summary: string; lines: string[] }
  operator: { name: string }
}

export interface BerthOutline {
  id: string
  code: string
  polygon: Point[]
}

export interface Stay {
  id: string
  state: string
  plate: Plate | null
  place: { id: string; name: string }
  berth_code: string
  arrived_at: string
  left_at: string | null
  amount: number | null
}

export interface Bill {
  id: string
  stay_id: string
  state: string
  due: number
  paid: number
  lines: { text: string; amount: number }[]
  issued_at: string
}

export interface Vehicle {
  id: string
  plate: Plate
}

// Patrol

export interface PatrolSection {
  id: string
  name: string
  division: Division
  /** Not in lists that a handheld saved before it was told. */
  cell?: string
  total: number
  free: number
  occupied: number
  unknown: number
  out_of_service: number
  v: number
}

export interface PatrolSectionDetail {
  id: string
  name: string
  division: Division
  price: { summary: string }
  berths: { id: string; code: string; sensor: boolean }[]
}

export interface IdentifiedStay {
  stay: { id: string; state: string; plate: Plate; arrived_at: string }
}

// Console

export interface ConsoleIdentity {
  account: Account
  organization: { id: string; name: string }
  permissions: string[]
}

export interface CityPlace {
  id: string
  kind: PlaceKind
  name: string
  division_code: string
  point: Point
  outline: Point[]
  cell: string
  total: number
  free: number
  occupied: number
  unknown: number
  out_of_service: number
  v: number
}

export interface City {
  name: string
  center: Point
  time_zone: string
  organization_id: string
  divisions: Division[]
  places: CityPlace[]
  as_of: string
}

/** A berth of the whole city as the console draws it. */
export type CityBerthRow = [berth_id: string, code: string, place_id: string, polygon: Point[]]
