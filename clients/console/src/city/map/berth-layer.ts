// All berths of the city as one layer that is drawn again only where something changed.
import type { Berths, CityBerthRow } from '@smartcloud/shared'
import L from 'leaflet'
import { isShown, type CityFilter } from '../filter'
import { BerthShape } from './berth-shape'

export interface BerthRef {
  place_id: string
  code: string
}

export interface BerthLayer {
  /** Draws what changed in a place and returns the berths that went from one known state to another. */
  paintPlace(place_id: string, berths: Berths | null, filter: CityFilter, outside: boolean): BerthRef[]
  select(berth: BerthRef | null): void
  find(berth: BerthRef): BerthShape | undefined
  boundsOf(place_id: string): L.LatLngBounds | null
  show(visible: boolean): void
}

const keyOf = ({ place_id, code }: BerthRef): string => `${place_id}/${code}`

export function berthLayer(map: L.Map, rows: readonly CityBerthRow[], onClick: (berth: BerthRef) => void): BerthLayer {
  const renderer = L.canvas({ padding: 0.4, tolerance: 3 })
  const group = L.layerGroup()
  const byKey = new Map<string, BerthShape>()
  const byPlace = new Map<string, BerthShape[]>()
  let selected: string | null = null

  for (const [, code, place_id, polygon] of rows) {
    const shape = new BerthShape(polygon.map(([lng, lat]) => L.latLng(lat, lng)), place_id, code, renderer)
    shape.on('click', (event) => {
      L.DomEvent.stopPropagation(event)
      onClick({ place_id, code })
    })
    group.addLayer(shape)
    byKey.set(keyOf(shape), shape)
    byPlace.set(place_id, [...(byPlace.get(place_id) ?? []), shape])
  }

  return {
    paintPlace(place_id, berths, filter, outside) {
      const changed: BerthRef[] = []
      for (const shape of byPlace.get(place_id) ?? []) {
        const berth = berths?.get(shape.code)
        const state = berth?.state ?? null
        if (shape.look.state !== null && state !== null && shape.look.state !== state) changed.push(shape)
        shape.setLook({ state, faded: outside || !isShown(berth, filter), selected: keyOf(shape) === selected })
      }
      return changed
    },
    select(berth) {
      const before = selected === null ? undefined : byKey.get(selected)
      selected = berth === null ? null : keyOf(berth)
      before?.setLook({ ...before.look, selected: false })
      const now = selected === null ? undefined : byKey.get(selected)
      now?.setLook({ ...now.look, selected: true })
    },
    find: (berth) => byKey.get(keyOf(berth)),
    boundsOf(place_id) {
      const shapes = byPlace.get(place_id)
      if (shapes === undefined) return null
      return shapes.reduce((bounds, shape) => bounds.extend(shape.getBounds()), L.latLngBounds([]))
    },
    show(visible) {
      if (visible) group.addTo(map)
      else group.remove()
    },
  }
}
