// A short ring where a berth just changed, so that the eye finds life at any zoom.
import type { BerthState } from '@smartcloud/shared'
import L from 'leaflet'

// More at once would be noise, and each is an element.
const MOST_AT_ONCE = 36
const LASTS_MS = 1_400

export function pulses(map: L.Map): (at: L.LatLng, state: BerthState) => void {
  let alive = 0
  return (at, state) => {
    if (alive >= MOST_AT_ONCE || document.hidden || !map.getBounds().contains(at)) return
    alive += 1
    const icon = L.divIcon({ className: `pulse pulse-${state}`, iconSize: [0, 0] })
    const marker = L.marker(at, { icon, interactive: false, keyboard: false }).addTo(map)
    setTimeout(() => {
      marker.remove()
      alive -= 1
    }, LASTS_MS)
  }
}
