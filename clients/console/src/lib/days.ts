// Days of the city as people choose them, and the instants where they begin.
// China has one time zone and no summer time.
const OFFSET_MS = 8 * 3_600_000
const DAY_MS = 86_400_000

/** The city's day of an instant: "2026-11-26". */
export const dayOf = (at_ms: number): string => new Date(at_ms + OFFSET_MS).toISOString().slice(0, 10)

/** The instant at which a day of the city begins. */
export const dayStart = (day: string): string => `${day}T00:00:00+08:00`

/** The day that is so many days later. */
export const addDays = (day: string, count: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + count * DAY_MS).toISOString().slice(0, 10)

/** The date and time to the second, with the year only where it is another than now: "11-26 12:03:04". */
export function showInstant(instant: string, now_ms = Date.now()): string {
  const text = new Date(Date.parse(instant) + OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ')
  return text.slice(0, 4) === dayOf(now_ms).slice(0, 4) ? text.slice(5) : text
}

/** The time of day to the minute. */
export const showMinute = (instant: string): string =>
  new Date(Date.parse(instant) + OFFSET_MS).toISOString().slice(11, 16)
