// The console's one websocket: open while somebody is signed in.
import { connectRealtime, measureServerClock, type ConnectionView, type Realtime, type ServerClock } from '@smartcloud/shared'
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { useLogin } from './login'

export const useConnection = defineStore('connection', () => {
  const { api } = useLogin()
  const view = shallowRef<ConnectionView>({ state: 'asleep', since_ms: Date.now(), last_connected_ms: null })
  const clock = shallowRef<ServerClock | null>(null)
  let realtime: Realtime | null = null

  async function measureClock(): Promise<void> {
    const readServerTime = async (): Promise<number> => (await api.get<{ now_ms: number }>('/api/time')).now_ms
    // Without a measured clock no latency is shown, and everything else works.
    clock.value = await measureServerClock(readServerTime).catch(() => clock.value)
  }

  function open(): Realtime {
    if (realtime !== null) return realtime
    realtime = connectRealtime({ api })
    view.value = realtime.connection.value
    realtime.connection.subscribe((next) => {
      // A device that slept may have drifted: measure at each new connection.
      if (next.state === 'connected') void measureClock()
      view.value = next
    })
    return realtime
  }

  function close(): void {
    realtime?.sleep()
    realtime = null
  }

  return { view, clock, open, close, wake: () => realtime?.wake() }
})
