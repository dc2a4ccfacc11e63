// Turns places into what a map draws.
import type { Place, Point } from '@smartcloud/shared'
import type { Mark, Outline } from '@/components/map/marks'
import { t } from '@/locale'
import { availabilityOf } from './availability'

export function marksOf(places: readonly Place[], chosen: string): Mark[] {
  return places.map((place) => {
    const availability = availabilityOf(place)
    const text = t(`bubble.${availability}`, { free: place.free })
    return { id: place.id, kind: place.kind, point: place.point, text, availability, chosen: place.id === chosen }
  })
}

export function outlinesOf(places: readonly Place[], outlines: ReadonlyMap<string, Point[]>): Outline[] {
  return places.flatMap((place) => {
    const points = outlines.get(place.id)
    return points ? [{ id: place.id, kind: place.kind, points, availability: availabilityOf(place) }] : []
  })
}
