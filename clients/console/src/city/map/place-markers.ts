// Circles that tell a place's free berths from afar, joined where they would cover each other, and name chips close by.
import type { CityPlace, Point } from '@smartcloud/shared'
import L from 'leaflet'
import type { PlaceFigures } from '../counts'
import { toLatLng } from './base-layer'
import { clusterSpots, type Cluster, type Spot } from './cluster'

interface PlaceSpot extends Spot {
  place: CityPlace
}

export interface PlaceMarkers {
  /** Lays out anew for the map's zoom; `places` are those inside the filter. */
  arrange(places: readonly CityPlace[], close: boolean): void
  setFigures(figures: ReadonlyMap<string, PlaceFigures>): void
}

export interface MarkerTexts {
  places(count: number): string
}

const REACH_PX = 66
const CHIP_REACH_PX = 0
const NONE: PlaceFigures = { total: 0, free: 0, occupied: 0, unknown: 0 }

export function placeMarkers(map: L.Map, texts: MarkerTexts, onClick: (places: CityPlace[]) => void): PlaceMarkers {
  let shown = new Map<string, { marker: L.Marker; places: CityPlace[]; html: string }>()
  let figures: ReadonlyMap<string, PlaceFigures> = new Map()
  let chips = false

  function htmlOf(places: CityPlace[]): string {
    const sum = sumFigures(places.map(({ id }) => figures.get(id) ?? NONE))
    const [only] = places
    if (chips && only !== undefined) return chipHtml(only, sum)
    return ringHtml(sum, places.length === 1 ? (only as CityPlace).name : texts.places(places.length), only as CityPlace, places.length)
  }

  function make({ spots, x, y }: Cluster<PlaceSpot>): L.Marker {
    const places = spots.map(({ place }) => place)
    const [only] = places as [CityPlace]
    const at = places.length > 1 ? map.unproject([x, y], map.getZoom()) : toLatLng(chips ? chipAt(only) : only.point)
    const icon = L.divIcon({ className: chips ? 'place-chip' : 'place-ring', html: htmlOf(places), iconSize: [0, 0] })
    const title = places.map(({ name }) => name).slice(0, 6).join('、')
    const marker = L.marker(at, { icon, title, riseOnHover: true, zIndexOffset: places.length * 10 })
    marker.on('click', () => onClick(places))
    return marker
  }

  return {
    arrange(places, close) {
      const kindChanged = close !== chips
      chips = close
      const spots = places.map((place): PlaceSpot => ({ id: place.id, place, ...map.project(toLatLng(place.point)) }))
      const next: typeof shown = new Map()
      for (const cluster of clusterSpots(spots, close ? CHIP_REACH_PX : REACH_PX)) {
        const held = kindChanged ? undefined : shown.get(cluster.key)
        if (held !== undefined && cluster.spots.length === 1) next.set(cluster.key, held)
        else {
          const grouped = cluster.spots.map(({ place }) => place)
          next.set(cluster.key, { marker: make(cluster).addTo(map), places: grouped, html: htmlOf(grouped) })
        }
      }
      for (const [key, { marker }] of shown) if (next.get(key)?.marker !== marker) marker.remove()
      shown = next
    },
    setFigures(now) {
      figures = now
      for (const entry of shown.values()) {
        const html = htmlOf(entry.places)
        const element = entry.marker.getElement()
        if (html === entry.html || element === undefined) continue
        entry.html = html
        element.innerHTML = html
      }
    },
  }
}

/** Where a name chip covers few berths: on the roadway of a section, at the upper edge of a lot. */
function chipAt({ kind, point, outline }: CityPlace): Point {
  const [first, second] = [...outline].sort((a, b) => b[1] - a[1])
  if (kind === 'section' || first === undefined || second === undefined) return point
  return [(first[0] + second[0]) / 2, (first[1] + second[1]) / 2]
}

function sumFigures(many: PlaceFigures[]): PlaceFigures {
  return many.reduce((sum, one) => ({
    total: sum.total + one.total,
    free: sum.free + one.free,
    occupied: sum.occupied + one.occupied,
    unknown: sum.unknown + one.unknown,
  }), NONE)
}

const escape = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

function ringHtml(sum: PlaceFigures, name: string, first: CityPlace, count: number): string {
  const size = count > 1 ? 58 : 46
  const radius = size / 2 - 5
  const around = 2 * Math.PI * radius
  const part = (value: number): number => (sum.total === 0 ? 0 : (value / sum.total) * around)
  const arc = (value: number, start: number, kind: string): string =>
    `<circle class="${kind}" cx="0" cy="0" r="${radius}" stroke-dasharray="${part(value)} ${around}" stroke-dashoffset="${-part(start)}"/>`
  const lot = count === 1 && first.kind === 'lot' ? '<b class="lot">P</b>' : ''
  return (
    `<div class="ring" style="width:${size}px;height:${size}px">` +
    `<svg viewBox="${-size / 2} ${-size / 2} ${size} ${size}"><circle class="ground" r="${size / 2 - 1}"/><circle class="rest" r="${radius}"/>` +
    `<g transform="rotate(-90)">${arc(sum.free, 0, 'free')}${arc(sum.occupied, sum.free, 'occupied')}</g></svg>` +
    `<strong class="number${sum.free === 0 ? ' none' : ''}">${sum.free}</strong><small class="number">/${sum.total}</small>${lot}</div>` +
    `<em>${escape(name)}</em>`
  )
}

function chipHtml(place: CityPlace, sum: PlaceFigures): string {
  return (
    `<div class="chip of-${place.kind}">${place.kind === 'lot' ? '<b class="lot">P</b>' : ''}<span>${escape(place.name)}</span>` +
    `<strong class="number${sum.free === 0 ? ' none' : ''}">${sum.free}</strong><small class="number">/${sum.total}</small></div>`
  )
}
