// Times as people of the city read them, and the difference between this device's clock and the server's.

const SECOND_MS = 1_000
const MINUTE_S = 60
const HOUR_S = 3_600
const DAY_S = 86_400
// China has one time zone and no summer time; Intl time zones are missing in some WeChat base libraries.
const CITY_OFFSET_MS = 8 * HOUR_S * SECOND_MS

/** How long something took, in its two largest units: 4800 -> "1小时20分", 42 -> "不到1分钟". */
export function showDuration(duration_s: number): string {
  const whole = Math.max(0, Math.floor(duration_s))
  if (whole < MINUTE_S) return '不到1分钟'
  const days = Math.floor(whole / DAY_S)
  const hours = Math.floor((whole % DAY_S) / HOUR_S)
  const minutes = Math.floor((whole % HOUR_S) / MINUTE_S)
  if (days > 0) return hours > 0 ? `${days}天${hours}小时` : `${days}天`
  if (hours > 0) return minutes > 0 ? `${hours}小时${minutes}分` : `${hours}小时`
  return `${minutes}分钟`
}

/** How long ago something was: "刚刚", "12秒前", "3分钟前", "2小时前", later the date and time. */
export function showAgo(at_ms: number, now_ms: number): string {
  const ago_s = Math.floor((now_ms - at_ms) / SECOND_MS)
  if (ago_s < 3) return '刚刚'
  if (ago_s < MINUTE_S) return `${ago_s}秒前`
  if (ago_s < HOUR_S) return `${Math.floor(ago_s / MINUTE_S)}分钟前`
  if (ago_s < DAY_S) return `${Math.floor(ago_s / HOUR_S)}小时前`
  return showDateTime(at_ms)
}

/** The time of day in the city: "12:03:04". */
export function showClock(at_ms: number): string {
  return cityIso(at_ms).slice(11, 19)
}

/** The date and time in the city without the year: "11-23 12:03". */
export function showDateTime(at_ms: number): string {
  return cityIso(at_ms).slice(5, 16).replace('T', ' ')
}

/** From when to when in the city; the day is said once where it is the same: "11-23 12:03 — 14:10". */
export function showPeriod(from_ms: number, to_ms: number): string {
  const [from, to] = [showDateTime(from_ms), showDateTime(to_ms)]
  return `${from} — ${from.slice(0, 5) === to.slice(0, 5) ? to.slice(6) : to}`
}

const cityIso = (at_ms: number): string => new Date(at_ms + CITY_OFFSET_MS).toISOString()

export interface ServerClock {
  /** The server's time by our best measurement. */
  now_ms(): number
  /** Half the round trip of the best sample: the error of `now_ms`. */
  readonly error_ms: number
}

/** Measures the server's clock by a few short round trips and keeps the sample of the quickest one. */
export async function measureServerClock(
  readServerTime: () => Promise<number>,
  { samples = 4, now = Date.now }: { samples?: number; now?: () => number } = {},
): Promise<ServerClock> {
  let best = { offset_ms: 0, round_trip_ms: Number.POSITIVE_INFINITY }
  for (let i = 0; i < samples; i += 1) {
    const sent_ms = now()
    const server_ms = await readServerTime()
    const round_trip_ms = now() - sent_ms
    if (round_trip_ms < best.round_trip_ms) {
      best = { offset_ms: server_ms - (sent_ms + round_trip_ms / 2), round_trip_ms }
    }
  }
  return { now_ms: () => now() + best.offset_ms, error_ms: best.round_trip_ms / 2 }
}
