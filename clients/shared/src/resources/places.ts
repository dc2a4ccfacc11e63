// Places as motorists find them.
import type { PlaceKind } from '../channels'
import type { Point } from '../geo'

export interface Division {
  code: string
  name: string
}

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
  /** `next` is what it will cost, from an instant on, where that is known. */
  price: { summary: string; lines: string[]; next: { begins_at: string; summary: string } | null }
  operator: { name: string }
}

export interface BerthOutline {
  id: string
  code: string
  polygon: Point[]
}
