// Keeps what a running stay costs as the server prices it: asked again when the price changes, and when something is told.
import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import type { Bill, OwnPublication, RunningFee } from '@smartcloud/shared'
import { onceKey, forgetKey } from './keys'
import { usePersonal } from './realtime'
import { api, nowMs } from './server'

/** The fee of a stay while it runs; null until it is known, `failed` when it could not be asked for. */
export function useFee(stay_id: () => string | null, now: Readonly<Ref<number>>) {
  const fee = shallowRef<RunningFee | null>(null)
  const failed = shallowRef(false)
  let asking = false
  let over = false

  async function ask(): Promise<void> {
    const id = stay_id()
    if (id === null || asking || over) return
    asking = true
    try {
      const answer = await api.get<RunningFee>(`/stays/${id}/fee`)
      if (id === stay_id()) fee.value = answer
      failed.value = false
    } catch {
      failed.value = true
    } finally {
      asking = false
    }
  }

  watch(stay_id, () => {
    fee.value = null
    void ask()
  }, { immediate: true })
  watch(now, (now_ms) => {
    const changes_at = fee.value?.changes_at
    const stale = fee.value ? changes_at !== null && changes_at !== undefined && now_ms >= Date.parse(changes_at) : failed.value && now_ms % 10_000 < 1_000
    if (stale || ranOut(fee.value, now_ms)) void ask()
  })
  usePersonal((data) => {
    const told = data as OwnPublication
    if ((told.stay?.id ?? told.bill?.stay_id) === stay_id() && !isOver(told)) void ask()
  })
  onScopeDispose(() => (over = true))
  return { fee, failed, ask }
}

// A stay that is over has a bill, and no fee that runs.
const isOver = ({ stay, bill }: OwnPublication): boolean => Boolean(stay?.left_at) || bill?.valid_until === null

// Once: what ran out is asked again until the answer says so itself.
const ranOut = (fee: RunningFee | null, now_ms: number): boolean => {
  const until = fee?.bill?.valid_until
  return Boolean(fee && until && Date.parse(fee.at) <= Date.parse(until) && now_ms > Date.parse(until))
}

/** Have the stay billed for its time so far; the bill is the price until its `valid_until`. */
export async function billSoFar(stay_id: string): Promise<Bill> {
  const wish = `bill:${stay_id}:${Math.floor(nowMs() / 60_000)}`
  const { bill } = await api.post<{ bill: Bill }>(`/stays/${stay_id}/bill`, {}, { 'Idempotency-Key': onceKey(wish) })
  forgetKey(wish)
  return bill
}
