// What the console reads of the city and of who looks at it.
import type { PlaceKind } from '../channels'
import type { Point } from '../geo'
import type { Account } from './accounts'
import type { Division } from './places'

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
