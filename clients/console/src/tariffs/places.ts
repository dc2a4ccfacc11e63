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

/** The tariff that a place uses once nothing more is planned for it. */
export const endsWith = ({ tariff_code, coming }: PlaceUsing): string => coming?.tariff_code ?? tariff_code

/** How long until the next planned change, or none within a day: a page that is open longer is read anew anyhow. */
export function nextChange_ms(places: PlaceUsing[], now_ms: number): number | null {
  const waits = places.flatMap(({ coming }) => (coming === null ? [] : [Math.max(0, Date.parse(coming.begins_at) - now_ms)]))
  const next_ms = Math.min(...waits)
  return next_ms < 86_400_000 ? next_ms : null
}

/** Says whether a version of a tariff is in force, or will be: only then may a place use it, from then on. */
export const willBeInForce = (versions: TariffRow[], code: string, now_ms: number): boolean =>
  versions.some(
    (one) =>
      one.code === code && (one.state === 'published' || one.state === 'superseded') && (one.valid_to === null || now_ms < Date.parse(one.valid_to)),
  )
