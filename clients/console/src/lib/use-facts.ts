// Hears facts of a stream while a page is open; streams that the account may not hear stay silent.
import type { Subscription } from 'centrifuge'
import { onScopeDispose, watch, type WatchSource } from 'vue'
import { useConnection } from '../stores/connection'
import { leaveStream, takeStream } from './streams'

/** Follows a stream channel; null while its name is not known yet. */
export function useFacts<Fact>(channel: WatchSource<string | null>, hear: (fact: Fact) => void): void {
  const realtime = useConnection().open()
  let subscription: Subscription | null = null
  const listen = ({ data }: { data: unknown }): void => hear(data as Fact)

  function leave(): void {
    if (subscription === null) return
    subscription.off('publication', listen)
    leaveStream(realtime.client, subscription)
    subscription = null
  }

  watch(
    channel,
    (name) => {
      leave()
      if (name === null) return
      subscription = takeStream(realtime.client, name)
      subscription.on('publication', listen)
      subscription.subscribe()
    },
    { immediate: true },
  )
  onScopeDispose(leave)
}

/** Calls `refresh` soon after it was asked for, and never more often than each `gap_ms`. */
export function useSoon(refresh: () => void, gap_ms: number): () => void {
  let timer = 0
  let last_ms = 0
  onScopeDispose(() => clearTimeout(timer))
  return () => {
    if (timer !== 0) return
    timer = window.setTimeout(() => {
      timer = 0
      last_ms = Date.now()
      refresh()
    }, Math.max(300, last_ms + gap_ms - Date.now()))
  }
}
