// What the page is narrowed to: divisions, states, and the search for a place.
import { BERTH_STATES, type Berth, type BerthState, type CityPlace } from '@smartcloud/shared'

export interface CityFilter {
  /** Null means every division. */
  division_code: string | null
  /** Berths in other states are faded. */
  states: ReadonlySet<BerthState>
}

export const EVERYTHING: CityFilter = { division_code: null, states: new Set(BERTH_STATES) }

export const inDivision = (place: Pick<CityPlace, 'division_code'>, filter: CityFilter): boolean =>
  filter.division_code === null || place.division_code === filter.division_code

/** Whether a berth stands out; one whose state has not arrived yet is never hidden by a state filter. */
export const isShown = (berth: Pick<Berth, 'state'> | undefined, filter: CityFilter): boolean =>
  berth === undefined || filter.states.has(berth.state)

/** Shows only this state, or everything again where it already was the only one. */
export function onlyState(filter: CityFilter, state: BerthState): CityFilter {
  const alone = filter.states.size === 1 && filter.states.has(state)
  return { ...filter, states: new Set(alone ? BERTH_STATES : [state]) }
}

/** Places whose name holds the typed words, names that begin with them first. */
export function searchPlaces(places: readonly CityPlace[], typed: string, limit = 8): CityPlace[] {
  const words = typed.trim().toLowerCase().split(/\s+/).filter((word) => word !== '')
  if (words.length === 0) return []
  const first = words[0] as string
  return places
    .filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)))
    .sort((a, b) => a.name.toLowerCase().indexOf(first) - b.name.toLowerCase().indexOf(first))
    .slice(0, limit)
}
