// The live connection and what the officer is told about it.
import { computed, ref, shallowRef } from 'vue'
import { defineStore } from 'pinia'
import { connectRealtime, livenessOf, measureServerClock, type ConnectionView, type Liveness, type Realtime } from '@smartcloud/shared'
import { setClockOffset, useNow } from '../composables/now'
import { api, publicApi } from '../services'

// 1 h: clocks drift by seconds a day, and a fleet that reconnects at one moment must not ask for the time at once.
const MEASURE_AGAIN_MS = 3_600_000

export const useConnection = defineStore('connection', () => {
  const realtime = shallowRef<Realtime | null>(null)
  const view = shallowRef<ConnectionView>({ state: 'asleep', since_ms: Date.now(), last_connected_ms: null })
  const now_ms = useNow()
  const network = ref(navigator.onLine)
  const clock_offset_ms = ref<number | null>(null)

  window.addEventListener('online', () => (network.value = true))
  window.addEventListener('offline', () => (network.value = false))

  const liveness = computed<Liveness>(() => livenessOf(view.value, now_ms.value - (clock_offset_ms.value ?? 0), network.value))

  let measured_ms = 0

  async function measureClock(): Promise<void> {
    if (Date.now() - measured_ms < MEASURE_AGAIN_MS) return
    const readTime = async (): Promise<number> => (await publicApi.get<{ now_ms: number }>('/api/time')).now_ms
    // Without it the handheld's own clock has to do, until the next connection.
    const clock = await measureServerClock(readTime).catch(() => null)
    if (!clock) return
    measured_ms = Date.now()
    clock_offset_ms.value = clock.now_ms() - measured_ms
    setClockOffset(clock_offset_ms.value)
  }

  function take(next: ConnectionView): void {
    view.value = next
    if (next.state === 'connected') void measureClock()
  }

  /** Connect for the account that just signed in, or that was signed in at the last start. */
  function start(): void {
    if (realtime.value) realtime.value.restart()
    else {
      realtime.value = connectRealtime({ api })
      realtime.value.connection.subscribe(take)
    }
    take(realtime.value.connection.value)
  }

  function stop(): void {
    realtime.value?.sleep()
  }

  return { realtime, liveness, network, clock_offset_ms, start, stop }
})
