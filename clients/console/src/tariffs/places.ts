// Which of many places a person looks for, and what those that were chosen hold together.
import type { PlaceUsing, TariffRow } from './types'

/** The places whose name or district, or whose tariff where that is asked too, holds every word. */
export function found(places: PlaceUsing[], search: string, withTariff = false): PlaceUsing[] {
  const words = search.trim().split(/\s+/).filter((word) => word !== '')
  return places.filter((one) => {
    const text = `${one.name} ${one.division} ${withTariff ? `${one.tariff} ${one.tariff_code}` : ''}`
    return words.every((word) => text.includes(word))
  })
}

export const berthsOf = (places: PlaceUsing[]): number => places.reduce((sum, one) => sum + one.berths, 0)

/** Says whether any version of a tariff is in force: only then may a place use it. */
export const inForce = (versions: TariffRow[], code: string, now_ms: number): boolean =>
  versions.some(
    (one) =>
      one.code === code &&
      (one.state === 'published' || one.state === 'superseded') &&
      Date.parse(one.valid_from) <= now_ms &&
      (one.valid_to === null || now_ms < Date.parse(one.valid_to)),
  )
