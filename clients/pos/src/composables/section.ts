// Follows one section: saved data first, then the server's, then every change as it is published.
import { onBeforeUnmount, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import {
  ApiError,
  collection,
  foldStaffPlace,
  staffPlaceChannel,
  type ArrearsAlert,
  type Berths,
  type Collection,
  type CollectionView,
  type PatrolSectionDetail,
  type StaffPlace,
} from '@smartcloud/shared'
import { api, database } from '../services'
import { useConnection } from '../stores/connection'

// 2 s: changes of a busy street come in bursts, and flash memory wears.
const SAVE_AFTER_MS = 2_000

export interface FollowedSection {
  detail: ShallowRef<PatrolSectionDetail | null>
  berths: ShallowRef<Berths | null>
  /** Cars here that owe and are not over, by berth code. */
  alerts: ShallowRef<ReadonlyMap<string, readonly ArrearsAlert[]>>
  /** When the shown data was last known to be complete, by this device's clock. */
  as_of_ms: Ref<number | null>
  /** True while every change so far is on the screen. */
  live: Ref<boolean>
  /** Why there is nothing to show; null while there is something, or while it may still come. */
  error: Ref<ApiError | null>
  retry: () => void
}

export function useSection(section_id: string): FollowedSection {
  const connection = useConnection()
  const detail = shallowRef<PatrolSectionDetail | null>(null)
  const berths = shallowRef<Berths | null>(null)
  const alerts = shallowRef<ReadonlyMap<string, readonly ArrearsAlert[]>>(new Map())
  const as_of_ms = ref<number | null>(null)
  const live = ref(false)
  const error = ref<ApiError | null>(null)
  let detailIsFresh = false
  let followed: Collection<StaffPlace> | null = null
  let saving: ReturnType<typeof setTimeout> | undefined

  async function readSaved(): Promise<void> {
    const saved = await database.sections.get(section_id)
    if (!saved) return
    detail.value ??= saved.detail
    if (berths.value) return
    berths.value = new Map(saved.berths.map((berth) => [berth.code, berth]))
    as_of_ms.value = saved.as_of_ms
  }

  async function save(): Promise<void> {
    clearTimeout(saving)
    saving = undefined
    if (!detail.value || !berths.value || as_of_ms.value === null) return
    const kept = { section_id, detail: detail.value, berths: [...berths.value.values()], as_of_ms: as_of_ms.value }
    await database.sections.put(kept)
  }

  async function loadDetail(): Promise<void> {
    try {
      detail.value = await api.get<PatrolSectionDetail>(`/sections/${encodeURIComponent(section_id)}`)
      detailIsFresh = true
      error.value = null
      saving ??= setTimeout(() => void save(), SAVE_AFTER_MS)
    } catch (caught) {
      if (!(caught instanceof ApiError)) throw caught
      error.value = caught
    }
  }

  function take(view: CollectionView<StaffPlace>): void {
    live.value = view.status === 'live'
    if (!view.data) {
      error.value = view.error ?? error.value
      return
    }
    error.value = null
    berths.value = view.data.berths
    alerts.value = standing(view.data.alerts)
    as_of_ms.value = view.fresh_ms ?? as_of_ms.value
    saving ??= setTimeout(() => void save(), SAVE_AFTER_MS)
  }

  function follow(): void {
    const client = connection.realtime?.client
    if (!client) return
    followed = collection({ client, api, channel: staffPlaceChannel('section', section_id), fold: foldStaffPlace })
    followed.subscribe(take)
  }

  function retry(): void {
    error.value = null
    if (!detailIsFresh) void loadDetail()
    // Only what failed: after a short cut the subscription recovers by itself, and must not ask for a snapshot too.
    if (followed && ['failed', 'refused'].includes(followed.value.status)) followed.reload()
  }

  void readSaved().then(loadDetail)
  follow()
  watch(
    () => connection.liveness,
    (liveness) => liveness === 'live' && retry(),
  )
  onBeforeUnmount(() => {
    followed?.close()
    if (saving !== undefined) void save()
  })
  return { detail, berths, alerts, as_of_ms, live, error, retry }
}

function standing(alerts: StaffPlace['alerts']): ReadonlyMap<string, readonly ArrearsAlert[]> {
  const by_berth = new Map<string, ArrearsAlert[]>()
  for (const alert of alerts.values()) {
    if (alert.state !== 'open' && alert.state !== 'acknowledged') continue
    by_berth.set(alert.berth_code, [...(by_berth.get(alert.berth_code) ?? []), alert])
  }
  return by_berth
}
