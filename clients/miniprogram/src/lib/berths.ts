// Orders a place's berths as a driver passes them.
import type { BerthOutline, Point } from '@smartcloud/shared'

export type Side = 'north' | 'east' | 'south' | 'west'

/** The berths of one kerb in the order of the street; `side` is null where the street has only one. */
export interface Kerb {
  side: Side | null
  berths: BerthOutline[]
}

// Metres, from the middle of the place: `along` its street and to the `left` of that direction.
interface Spot {
  berth: BerthOutline
  along: number
  left: number
}

const METRES_PER_DEGREE = 111_195
// Two kerbs have at least one lane between their berths; within one kerb berths differ by less than a car's width.
const LANE_M = 5

/** The kerbs of a street, the one on the left of its direction first. Numbers on that kerb rise. */
export function kerbsOf(berths: readonly BerthOutline[]): Kerb[] {
  if (berths.some((berth) => berth.polygon.length === 0) || berths.length < 2) return [{ side: null, berths: byCode(berths) }]
  const { spots, angle } = alongStreet(berths)
  const lane = widestGap(spots)
  const parts = lane === null ? [spots] : [spots.filter(({ left }) => left > lane), spots.filter(({ left }) => left < lane)]
  const ordered = parts.map((part) => [...part].sort((a, b) => a.along - b.along).map(({ berth }) => berth))
  const sides: (Side | null)[] = lane === null ? [null] : [compass(angle + Math.PI / 2), compass(angle - Math.PI / 2)]
  const kerbs = ordered.map((part, index) => ({ side: sides[index]!, berths: part }))
  if (rises(ordered[0]!)) return kerbs
  // Driven the other way, left is right.
  return kerbs.reverse().map((kerb) => ({ ...kerb, berths: kerb.berths.reverse() }))
}

function alongStreet(berths: readonly BerthOutline[]): { spots: Spot[]; angle: number } {
  const middles = berths.map((berth) => middle(berth.polygon))
  const [lng, lat] = middle(middles)
  // A degree of longitude is shorter than one of latitude by the cosine of the latitude.
  const squeeze = Math.cos((lat * Math.PI) / 180)
  const metres = middles.map((spot) => [(spot[0] - lng) * squeeze * METRES_PER_DEGREE, (spot[1] - lat) * METRES_PER_DEGREE] as const)
  const sum = (product: (x: number, y: number) => number) => metres.reduce((total, [x, y]) => total + product(x, y), 0)
  // The direction in which the berths spread most.
  const angle = Math.atan2(2 * sum((x, y) => x * y), sum((x, y) => x * x - y * y)) / 2
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const spots = metres.map(([x, y], index) => ({ berth: berths[index]!, along: x * cos + y * sin, left: y * cos - x * sin }))
  return { spots, angle }
}

function widestGap(spots: readonly Spot[]): number | null {
  const lefts = spots.map(({ left }) => left).sort((a, b) => a - b)
  let [gap, at] = [LANE_M, null as number | null]
  for (let i = 1; i < lefts.length; i += 1) {
    const [low, high] = [lefts[i - 1]!, lefts[i]!]
    if (high - low > gap) [gap, at] = [high - low, (low + high) / 2]
  }
  return at
}

function middle(points: readonly Point[]): Point {
  const [lng, lat] = points.reduce<Point>((sum, point) => [sum[0] + point[0], sum[1] + point[1]], [0, 0])
  return [lng / points.length, lat / points.length]
}

function compass(angle: number): Side {
  const [east, north] = [Math.cos(angle), Math.sin(angle)]
  if (Math.abs(east) > Math.abs(north)) return east > 0 ? 'east' : 'west'
  return north > 0 ? 'north' : 'south'
}

const rises = (berths: readonly BerthOutline[]): boolean => berths[0]!.code <= berths.at(-1)!.code

/** Berths in the order of their codes, with numbers inside codes compared as numbers. */
export function byCode(berths: readonly BerthOutline[]): BerthOutline[] {
  return [...berths].sort((a, b) => a.code.localeCompare(b.code, 'zh-CN', { numeric: true }))
}

/** The part of each code that differs, for boxes too small for the whole: `FT01-017` → `017`. */
export function shortCode(code: string): string {
  return /[0-9A-Za-z]{1,4}$/.exec(code)?.[0] ?? code.slice(-3)
}
