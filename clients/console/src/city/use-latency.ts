// Measures how long readings take from the gateway to this screen.
import { nextFrame, type ConnectionView, type ServerClock } from '@smartcloud/shared'
import { onScopeDispose, shallowRef, type Ref } from 'vue'
import { keepRecent, summarize, type LatencySample, type LatencySummary } from './latency'

export interface LatencyMeter {
  summary: Readonly<Ref<LatencySummary>>
  /** Counts a reading that the gateway heard then (server clock) and that is about to be shown. */
  heard(heard_ms: number): void
}

export function useLatency(clock: Ref<ServerClock | null>, connection: Ref<ConnectionView>): LatencyMeter {
  const summary = shallowRef(summarize([], 0))
  let samples: LatencySample[] = []

  function sample(heard_ms: number, server: ServerClock): void {
    const shown_ms = server.now_ms()
    const connected_for_ms = Date.now() - connection.value.since_ms
    // Publications that were replayed after a cut waited for us, not for the network.
    if (shown_ms - heard_ms > connected_for_ms) return
    samples.push({ shown_ms, latency_ms: Math.max(0, shown_ms - heard_ms) })
  }

  function heard(heard_ms: number): void {
    const server = clock.value
    // A hidden page is not painted: there is no moment at which anything is shown.
    if (server === null || document.hidden || connection.value.state !== 'connected') return
    // The first frame draws, the second one proves that the first is on the screen.
    nextFrame(() => nextFrame(() => sample(heard_ms, server)))
  }

  const timer = setInterval(() => {
    const now_ms = clock.value?.now_ms() ?? 0
    samples = keepRecent(samples, now_ms)
    summary.value = summarize(samples, now_ms)
  }, 1_000)
  onScopeDispose(() => clearInterval(timer))
  return { summary, heard }
}
