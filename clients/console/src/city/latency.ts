// How long a device's reading takes to this screen, over the last minute.

export const WINDOW_MS = 60_000

export interface LatencySample {
  /** When it was shown (server clock). */
  shown_ms: number
  latency_ms: number
}

export interface LatencySummary {
  count: number
  median_ms: number | null
  p95_ms: number | null
  /** The median of each second of the window, oldest first; null where nothing was shown. */
  bySecond: (number | null)[]
}

/** The value below which the share of the sorted values lies (nearest rank). */
export function quantile(sorted: readonly number[], share: number): number | null {
  if (sorted.length === 0) return null
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] as number
}

const ascending = (a: number, b: number): number => a - b

/** Keeps the samples of the last minute. */
export function keepRecent(samples: readonly LatencySample[], now_ms: number): LatencySample[] {
  return samples.filter(({ shown_ms }) => shown_ms > now_ms - WINDOW_MS)
}

export function summarize(samples: readonly LatencySample[], now_ms: number): LatencySummary {
  const recent = keepRecent(samples, now_ms)
  const seconds: number[][] = Array.from({ length: WINDOW_MS / 1_000 }, () => [])
  for (const { shown_ms, latency_ms } of recent) {
    const age_s = Math.floor(Math.max(0, now_ms - shown_ms) / 1_000)
    seconds[seconds.length - 1 - age_s]?.push(latency_ms)
  }
  const sorted = recent.map(({ latency_ms }) => latency_ms).sort(ascending)
  return {
    count: sorted.length,
    median_ms: quantile(sorted, 0.5),
    p95_ms: quantile(sorted, 0.95),
    bySecond: seconds.map((second) => quantile(second.sort(ascending), 0.5)),
  }
}
