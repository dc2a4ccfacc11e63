// Follows the berths of the places near the middle of the view, and the free counts of all others.
import {
  collection,
  foldBerths,
  foldPlaces,
  mapChannel,
  staffPlaceChannel,
  type Api,
  type Berths,
  type BerthsPublication,
  type City,
  type CityPlace,
  type Collection,
  type CollectionView,
  type Places,
  type Point,
  type Realtime,
} from '@smartcloud/shared'
import { computed, onScopeDispose, shallowReactive, type ComputedRef } from 'vue'
import { placeFigures, type PlaceFigures } from './counts'
import { chooseFollowing } from './following'

export interface FollowedBerths {
  /** By place id; a place that is not followed has no entry. */
  byPlace: ReadonlyMap<string, CollectionView<Berths>>
  figures: ComputedRef<ReadonlyMap<string, PlaceFigures>>
  /** Whether everything that is followed holds every change so far. */
  complete: ComputedRef<boolean>
  /** How many places could not be loaded and are tried again. */
  failing: ComputedRef<number>
  follow(middle: Point, pinned: string | null): void
  reloadFailed(): void
}

export function useBerths(
  { client }: Realtime,
  api: Api,
  city: City,
  onHeard: (heard_ms: number) => void,
): FollowedBerths {
  const byPlace = shallowReactive(new Map<string, CollectionView<Berths>>())
  const byCell = shallowReactive(new Map<string, Places>())
  const placesOpen = new Map<string, Collection<Berths>>()
  const cellsOpen = new Map<string, Collection<Places>>()

  function openPlace(place: CityPlace): Collection<Berths> {
    const followed = collection<Berths, BerthsPublication>({
      client,
      api,
      channel: staffPlaceChannel(place.kind, place.id),
      fold: foldBerths,
      onPublication: ({ heard_ms }) => heard_ms !== undefined && onHeard(heard_ms),
    })
    followed.subscribe((view) => byPlace.set(place.id, view))
    return followed
  }

  function openCell(cell: string): Collection<Places> {
    const followed = collection({ client, api, channel: mapChannel(cell), fold: foldPlaces })
    followed.subscribe(({ data }) => data !== null && byCell.set(cell, data))
    return followed
  }

  function follow(middle: Point, pinned: string | null): void {
    const { places, cells } = chooseFollowing(city.places, middle, pinned)
    const wanted = new Map(places.map((place) => [place.id, place]))
    keepOnly(placesOpen, wanted, (id) => byPlace.delete(id))
    keepOnly(cellsOpen, new Set(cells), (cell) => byCell.delete(cell))
    for (const [id, place] of wanted) if (!placesOpen.has(id)) placesOpen.set(id, openPlace(place))
    for (const cell of cells) if (!cellsOpen.has(cell)) cellsOpen.set(cell, openCell(cell))
  }

  onScopeDispose(() => {
    for (const followed of [...placesOpen.values(), ...cellsOpen.values()]) followed.close()
  })

  const isFailing = ({ status }: CollectionView<Berths>): boolean => status === 'failed' || status === 'refused'
  return {
    byPlace,
    figures: computed(
      () =>
        new Map(
          city.places.map((place) => [
            place.id,
            placeFigures(place, byPlace.get(place.id)?.data ?? null, byCell.get(place.cell)?.get(place.id)),
          ]),
        ),
    ),
    complete: computed(() => [...byPlace.values()].every(({ status }) => status === 'live')),
    failing: computed(() => [...byPlace.values()].filter(isFailing).length),
    follow,
    reloadFailed() {
      for (const followed of placesOpen.values()) if (isFailing(followed.value)) followed.reload()
    },
  }
}

function keepOnly(
  open: Map<string, { close(): void }>,
  wanted: { has(id: string): boolean },
  forget: (id: string) => void,
): void {
  for (const [id, followed] of open) {
    if (wanted.has(id)) continue
    followed.close()
    open.delete(id)
    forget(id)
  }
}
