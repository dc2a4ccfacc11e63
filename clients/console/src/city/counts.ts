// How many berths of a place are free: from its berths when they are followed, else from the map cell or the city.
import { countBerths, type BerthCounts, type Berths, type CityPlace, type PlaceCounts } from '@smartcloud/shared'

export interface PlaceFigures {
  total: number
  free: number
  occupied: number
  unknown: number
}

/** A berth being entered or left counts as taken: nobody should drive to it. */
export function placeFigures(place: CityPlace, berths: Berths | null, cell: PlaceCounts | undefined): PlaceFigures {
  if (berths !== null && berths.size > 0) {
    const counts = countBerths(berths.values())
    return {
      total: place.total,
      free: counts.free,
      occupied: counts.occupied + counts.pending_occupied + counts.pending_free,
      unknown: counts.unknown,
    }
  }
  const { total, free, unknown } = cell !== undefined && cell.v > place.v ? cell : place
  return { total, free, unknown, occupied: Math.max(0, total - free - unknown - place.out_of_service) }
}

/** The counts by state over several places. */
export function sumCounts(many: Iterable<Berths>): BerthCounts {
  return countBerths([...many].flatMap((berths) => [...berths.values()]))
}
