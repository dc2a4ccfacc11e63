// Holds the places around a point, their counts live through the channels of their map cells.
import { computed, onScopeDispose, shallowRef } from 'vue'
import {
  foldPlaces,
  mapChannel,
  type Collection,
  type List,
  type Place,
  type PlaceDetail,
  type Places,
  type PlacesPublication,
  type Point,
} from '@smartcloud/shared'
import { cellsOf, withCounts } from '@/lib/place'
import { openCollection } from './realtime'
import { api } from './server'

const NEAREST_RADIUS_M = 800
const FARTHEST_RADIUS_M = 5_000
const MOST_PLACES = 50
// A city's street has its outline for years; the nearest two dozen are what one screen can show.
const MOST_OUTLINES = 24

export type NearbyState = 'loading' | 'ready' | 'failed'

/** Places around a point that `look` chooses; one screen uses it at a time. */
export function useNearby() {
  const loaded = shallowRef<Place[]>([])
  const counts = shallowRef<ReadonlyMap<string, Places>>(new Map())
  const outlines = shallowRef<ReadonlyMap<string, Point[]>>(new Map())
  const state = shallowRef<NearbyState>('loading')
  const cells = new Map<string, Collection<Places>>()
  let latest = 0

  const places = computed(() => loaded.value.map((place) => withCounts(place, counts.value.get(place.cell)?.get(place.id))))

  /** Load what lies around the point, and follow the cells it lies in. */
  async function look(center: Point, radius_m: number): Promise<void> {
    latest += 1
    const ours = latest
    const reach = Math.round(Math.min(FARTHEST_RADIUS_M, Math.max(NEAREST_RADIUS_M, radius_m)))
    try {
      const query = { near: center.map((degree) => degree.toFixed(6)).join(','), radius_m: reach, limit: MOST_PLACES }
      const { items } = await api.get<List<Place>>('/places', query)
      if (ours !== latest) return
      loaded.value = items
      state.value = 'ready'
      follow(cellsOf(items))
      void loadOutlines(items, ours)
    } catch {
      if (ours === latest) state.value = 'failed'
    }
  }

  function follow(wanted: string[]): void {
    for (const [cell, followed] of cells) {
      if (wanted.includes(cell)) continue
      followed.close()
      cells.delete(cell)
    }
    for (const cell of wanted) {
      if (cells.has(cell)) continue
      const followed = openCollection<Places, PlacesPublication>(mapChannel(cell), foldPlaces)
      cells.set(cell, followed)
      followed.subscribe(({ data }) => {
        if (data) counts.value = new Map(counts.value).set(cell, data)
      })
    }
  }

  async function loadOutlines(items: readonly Place[], ours: number): Promise<void> {
    for (const { id } of items.slice(0, MOST_OUTLINES)) {
      if (ours !== latest) return
      if (outlines.value.has(id)) continue
      const detail = await api.get<PlaceDetail>(`/places/${id}`).catch(() => null)
      if (detail) outlines.value = new Map(outlines.value).set(id, detail.outline)
    }
  }

  onScopeDispose(() => {
    latest += 1
    for (const followed of cells.values()) followed.close()
    cells.clear()
  })

  return { places, outlines, state, look }
}
