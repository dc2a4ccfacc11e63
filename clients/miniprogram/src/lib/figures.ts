// Turns metres and milliseconds into the few characters a screen has room for.

// 75 m a minute is 4.5 km/h; streets are about 1.3 times the straight line.
const WALK_M_PER_MINUTE = 75
const DETOUR = 1.3

/** Minutes on foot for a straight-line distance, at least one. */
export function walkMinutes(distance_m: number): number {
  return Math.max(1, Math.ceil((distance_m * DETOUR) / WALK_M_PER_MINUTE))
}

/** `H:MM:SS` of a running stay. Hours go on past 24 because the fee does; a negative time counts as none. */
export function stopwatch(duration_ms: number): string {
  const whole_s = Math.max(0, Math.floor(duration_ms / 1000))
  const two = (part: number) => String(part).padStart(2, '0')
  return `${Math.floor(whole_s / 3600)}:${two(Math.floor(whole_s / 60) % 60)}:${two(whole_s % 60)}`
}
