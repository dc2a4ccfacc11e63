// Which channels the page follows: a connection may have 128, a city may have more places than that.
import { distanceM, type CityPlace, type Point } from '@smartcloud/shared'

export const MOST_PLACES = 108
export const MOST_CELLS = 16

export interface Following {
  /** Places whose berths are followed one by one. */
  places: CityPlace[]
  /** Map cells that tell the free counts of all others. */
  cells: string[]
}

/** The places nearest to the middle of the view, and the cells of the rest, nearest first. */
export function chooseFollowing(places: readonly CityPlace[], middle: Point, pinned: string | null): Following {
  const rank = (place: CityPlace): number => (place.id === pinned ? -1 : distanceM(place.point, middle))
  const ranked = places.map((place) => ({ place, rank: rank(place) })).sort((a, b) => a.rank - b.rank)
  const near = ranked.slice(0, MOST_PLACES).map(({ place }) => place)
  const cells = new Set(ranked.slice(MOST_PLACES).map(({ place }) => place.cell))
  return { places: near, cells: [...cells].slice(0, MOST_CELLS) }
}
