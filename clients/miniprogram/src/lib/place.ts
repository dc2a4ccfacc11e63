// Picks and orders places for the list, and keeps their counts fresh.
import { distanceM, type Place, type PlaceCounts, type PlaceKind, type Point } from '@smartcloud/shared'

export type Segment = 'all' | PlaceKind

export const SEGMENTS: readonly Segment[] = ['all', 'lot', 'section']

/** The place with these counts, or the same place when they are not newer. */
export function withCounts<P extends Place>(place: P, counts: PlaceCounts | undefined): P {
  if (!counts || counts.v <= place.v) return place
  const { total, free, unknown, v } = counts
  return { ...place, total, free, unknown, v }
}

/** Keep the segment's places whose name or address holds every word, nearest to `from` first. */
export function arrange(
  places: readonly Place[],
  { segment, words, from }: { segment: Segment; words: string; from: Point },
): Place[] {
  const wanted = words.trim().toLowerCase().split(/\s+/).filter(Boolean)
  return places
    .filter((place) => segment === 'all' || place.kind === segment)
    .filter((place) => wanted.every((word) => `${place.name} ${place.address}`.toLowerCase().includes(word)))
    .map((place) => ({ ...place, distance_m: Math.round(distanceM(from, place.point)) }))
    .sort((a, b) => a.distance_m - b.distance_m || a.id.localeCompare(b.id))
}

/** The map cells that hold these places, each once, in a stable order. */
export function cellsOf(places: readonly Place[]): string[] {
  return [...new Set(places.map((place) => place.cell))].sort()
}

/** The same places with the chosen one at the head of the list. */
export function chosenFirst(places: readonly Place[], chosen: string): Place[] {
  const head = places.filter((place) => place.id === chosen)
  return [...head, ...places.filter((place) => place.id !== chosen)]
}
