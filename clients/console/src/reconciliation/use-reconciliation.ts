// The days that were compared, and what differs on the chosen one; both by the address.
import type { ApiError, List } from '@smartcloud/shared'
import { computed, onScopeDispose, shallowRef, watch } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { addDays, dayOf } from '../lib/days'
import { asApiError } from '../lib/refusal'
import { useLogin } from '../stores/login'
import { dayToLookAt, daysUpTo } from './days'
import type { DayCompared, Discrepancy } from './types'

const SHOWN = 31
const PROVIDERS = ['wechat', 'alipay'] as const

export function useReconciliation() {
  const { api } = useLogin()
  const route = useRoute()
  const router = useRouter()
  const compared = shallowRef<DayCompared[] | null>(null)
  const discrepancies = shallowRef<Discrepancy[] | null>(null)
  const waiting = shallowRef<Discrepancy[]>([])
  const error = shallowRef<ApiError | null>(null)

  const provider = computed(() => (PROVIDERS as readonly string[]).find((name) => name === route.query.provider) ?? PROVIDERS[0])
  // Today is not over: its bill comes tomorrow.
  const days = computed(() => daysUpTo(addDays(dayOf(Date.now()), -1), SHOWN, provider.value, compared.value ?? []))
  const day = computed(() => {
    const asked = route.query.day
    return typeof asked === 'string' && days.value.some((one) => one.day === asked) ? asked : dayToLookAt(days.value)
  })
  const chosen = computed(() => days.value.find((one) => one.day === day.value) ?? null)

  async function load(): Promise<void> {
    try {
      const [all, open, explained] = await Promise.all([
        api.get<List<DayCompared>>('/reconciliations'),
        api.get<List<Discrepancy>>('/discrepancies', { state: 'open' }),
        api.get<List<Discrepancy>>('/discrepancies', { state: 'explained' }),
      ])
      compared.value = all.items
      waiting.value = [...open.items, ...explained.items]
      error.value = null
      await loadDay()
    } catch (problem) {
      error.value = asApiError(problem)
    }
  }

  async function loadDay(): Promise<void> {
    if (day.value === null) return void (discrepancies.value = [])
    const asked = { provider: provider.value, day: day.value }
    const found = await api.get<List<Discrepancy>>('/discrepancies', asked)
    if (asked.day === day.value && asked.provider === provider.value) discrepancies.value = found.items
  }

  watch([provider, day], () => {
    discrepancies.value = null
    if (compared.value !== null) loadDay().catch((problem: unknown) => (error.value = asApiError(problem)))
  })
  void load()
  const look = (): void => void (document.visibilityState === 'visible' && load())
  document.addEventListener('visibilitychange', look)
  onScopeDispose(() => document.removeEventListener('visibilitychange', look))

  const choose = (changes: Record<string, string | undefined>): void => void router.replace({ query: { ...route.query, ...changes } })
  return { providers: PROVIDERS, provider, days, day, chosen, compared, discrepancies, waiting, error, load, choose }
}
