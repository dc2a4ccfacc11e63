// The outbox as the screens see it, and the moments at which it is sent.
import { computed, ref, watch } from 'vue'
import { defineStore } from 'pinia'
import { liveQuery, type Subscription } from 'dexie'
import type { Plate } from '@smartcloud/shared'
import type { RecordedPlate } from '../berths/tile'
import type { PlateEntry } from '../offline/database'
import type { Outcome, Recording } from '../offline/outbox'
import { outbox } from '../services'
import { useConnection } from './connection'
import { useLogin } from './login'

// 5 s doubled up to 60 s: an officer sees a short outage heal by itself, a long one costs little battery.
const FIRST_RETRY_MS = 5_000
const LAST_RETRY_MS = 60_000

// 15 s: after the server took a plate, its row comes by websocket; until then the tile must not fall back.
const SHOWN_AFTER_SENT_MS = 15_000

export const useQueue = defineStore('queue', () => {
  const login = useLogin()
  const connection = useConnection()
  const entries = ref<PlateEntry[]>([])
  const sending = ref(false)

  const queued = computed(() => entries.value.filter(({ state }) => state === 'queued'))
  const refused = computed(() => entries.value.filter(({ state }) => state === 'refused'))
  const sent = computed(() => entries.value.filter(({ state }) => state === 'sent').reverse())
  /** What asks for attention: plates still to be sent and plates that were refused. */
  const open_count = computed(() => queued.value.length + refused.value.length)

  let watching: Subscription | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let retry_ms = FIRST_RETRY_MS

  /** Plates recorded here by berth id, as far as the server's rows may not show them yet. */
  function recordedPlates(now_ms: number): Map<string, RecordedPlate> {
    const recorded = new Map<string, RecordedPlate>()
    for (const { berth_id, plate, stay_id, state, settled_ms } of entries.value) {
      const waits = state === 'queued'
      const justSent = state === 'sent' && now_ms - (settled_ms ?? 0) < SHOWN_AFTER_SENT_MS
      if (waits || justSent) recorded.set(berth_id, { plate, stay_id, waits })
    }
    return recorded
  }

  async function flush(): Promise<Outcome['kind']> {
    const account = login.account
    if (!account) return 'logged_out'
    clearTimeout(timer)
    sending.value = true
    const outcome = await outbox.flush(account.id).finally(() => (sending.value = false))
    if (outcome === 'unreachable') {
      timer = setTimeout(() => void flush(), retry_ms)
      retry_ms = Math.min(retry_ms * 2, LAST_RETRY_MS)
    } else retry_ms = FIRST_RETRY_MS
    return outcome
  }

  async function record(recording: Omit<Recording, 'account_id'>): Promise<void> {
    if (!login.account) return
    await outbox.add({ ...recording, account_id: login.account.id })
    void flush()
  }

  async function correct(entry: PlateEntry, plate: Plate): Promise<void> {
    await outbox.correct(entry, plate)
    void flush()
  }

  watch(
    () => login.account?.id,
    (account_id) => {
      watching?.unsubscribe()
      entries.value = []
      if (!account_id) return
      watching = liveQuery(() => outbox.entries(account_id)).subscribe((found) => (entries.value = found))
      void flush()
    },
    { immediate: true },
  )
  watch(
    () => connection.liveness,
    (liveness) => liveness === 'live' && void flush(),
  )
  window.addEventListener('online', () => void flush())
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void flush())

  const dismiss = (id: string): Promise<void> => outbox.dismiss(id)

  return { queued, refused, sent, open_count, sending, recordedPlates, flush, record, correct, dismiss }
})
