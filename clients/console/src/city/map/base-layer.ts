// The quiet ground below the berths: divisions, the outlines of places, and their names.
import type { City, CityPlace, Point } from '@smartcloud/shared'
import L from 'leaflet'
import { surround } from './hull'

export const toLatLng = ([lng, lat]: Point): L.LatLng => L.latLng(lat, lng)

// About 900 m around each place.
const DIVISION_RADIUS_DEG = 0.009
const CROSS_EVERY_PX = 64
const DIVISION_TINTS = ['#e4eeef', '#e8eee6', '#e6ebf1', '#eeebe5', '#e9edee']

/** Draws the ground; the returned layer holds the outlines, which are only blots from afar. */
export function drawBase(map: L.Map, city: City, tileUrl: string | undefined): L.LayerGroup {
  if (tileUrl !== undefined && tileUrl !== '') L.tileLayer(tileUrl, { maxZoom: 21, className: 'city-tiles' }).addTo(map)
  else new Paper({ pane: 'tilePane', tileSize: 256 }).addTo(map)
  const pane = map.createPane('ground')
  pane.style.zIndex = '250'
  const renderer = L.canvas({ pane: 'ground', padding: 0.4 })
  city.divisions.forEach(({ code, name }, i) => {
    const places = city.places.filter(({ division_code }) => division_code === code)
    if (places.length > 0) drawDivision(map, renderer, places, name, DIVISION_TINTS[i % DIVISION_TINTS.length] as string)
  })
  return L.layerGroup(outlinesOf(renderer, city.places))
}

/** Small crosses on the ground, so that the eye sees how far the map moved. */
class Paper extends L.GridLayer {
  protected override createTile(): HTMLElement {
    const { x: size } = this.getTileSize()
    const tile = document.createElement('canvas')
    tile.width = size
    tile.height = size
    const pen = tile.getContext('2d')
    if (pen === null) return tile
    pen.strokeStyle = '#d3dee2'
    for (let x = CROSS_EVERY_PX / 2; x < size; x += CROSS_EVERY_PX) {
      for (let y = CROSS_EVERY_PX / 2; y < size; y += CROSS_EVERY_PX) {
        pen.moveTo(x - 2.5, y)
        pen.lineTo(x + 2.5, y)
        pen.moveTo(x, y - 2.5)
        pen.lineTo(x, y + 2.5)
      }
    }
    pen.stroke()
    return tile
  }
}

function drawDivision(map: L.Map, renderer: L.Renderer, places: CityPlace[], name: string, tint: string): void {
  const points = places.map(({ point }) => point)
  const outline = L.polygon(surround(points, DIVISION_RADIUS_DEG).map(toLatLng), {
    renderer,
    pane: 'ground',
    interactive: false,
    color: '#c6d3d8',
    weight: 1,
    dashArray: '4 5',
    fillColor: tint,
    fillOpacity: 0.6,
    smoothFactor: 0.5,
  }).addTo(map)
  const label = L.divIcon({ className: 'division-label', html: textNode(name), iconSize: [0, 0] })
  const { lng } = outline.getBounds().getCenter()
  L.marker([outline.getBounds().getNorth(), lng], { icon: label, interactive: false, keyboard: false, pane: 'ground' }).addTo(map)
}

/** Casings below fills, so that crossing streets flow into each other as on a printed map. */
function outlinesOf(renderer: L.Renderer, places: readonly CityPlace[]): L.Polygon[] {
  const common = { renderer, pane: 'ground', interactive: false, lineJoin: 'round' as const }
  const outlined = places.filter(({ outline }) => outline.length >= 3)
  const draw = (style: L.PolylineOptions): L.Polygon[] =>
    outlined.map(({ outline }) => L.polygon(outline.map(toLatLng), { ...common, ...style, fillOpacity: 1 }))
  return [
    ...draw({ color: '#cdd8dd', weight: 7, fillColor: '#cdd8dd' }),
    ...draw({ color: '#fbfcfd', weight: 5, fillColor: '#fbfcfd' }),
  ]
}

/** An element that holds the text as text: names come from people. */
export function textNode(text: string): HTMLElement {
  const element = document.createElement('span')
  element.textContent = text
  return element
}
