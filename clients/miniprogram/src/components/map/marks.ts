// Says what a map draws: bubbles with a word of availability, and the outlines of places.
import type { PlaceKind, Point } from '@smartcloud/shared'
import type { Availability } from '@/lib/availability'

export interface Mark {
  id: string
  kind: PlaceKind
  point: Point
  text: string
  availability: Availability
  chosen: boolean
}

export interface Outline {
  id: string
  kind: PlaceKind
  points: Point[]
  availability: Availability
}

/** Where a map looks; `radius_m` reaches its corners. */
export interface View {
  center: Point
  radius_m: number
}
