// Says how likely a driver is to find a berth at a place, from its live counts.

/** What a place's counts promise. `unknown` is never shown as free. */
export type Availability = 'many' | 'few' | 'full' | 'unknown'

export const AVAILABILITIES: readonly Availability[] = ['many', 'few', 'full', 'unknown']

export interface Counts {
  total: number
  free: number
  unknown: number
}

// Below this many free berths, or this share, one may be gone before the driver arrives.
const FEW_BERTHS = 2
const FEW_SHARE = 0.15

/** Judge the counts of one place. Counts that do not hear most of their berths promise nothing. */
export function availabilityOf({ total, free, unknown }: Counts): Availability {
  if (total <= 0 || unknown >= total) return 'unknown'
  if (free > 0) return free <= FEW_BERTHS || free / total < FEW_SHARE ? 'few' : 'many'
  return unknown * 2 >= total ? 'unknown' : 'full'
}

/** The mark that carries the meaning where colour cannot. */
export const SHAPES: Record<Availability, string> = { many: '●', few: '▲', full: '■', unknown: '○' }

/** Colours for the map, which cannot read style sheets: `[ink, paper]`. */
export const COLORS: Record<Availability, [string, string]> = {
  many: ['#ffffff', '#0f766e'],
  few: ['#ffffff', '#b45309'],
  full: ['#ffffff', '#a8324a'],
  unknown: ['#5b6675', '#ffffff'],
}
