// One list page: filters in the address, page by page, quietly read anew when the page is looked at again.
import { type ApiError } from '@smartcloud/shared'
import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { asApiError } from '../lib/refusal'
import { useSoon } from '../lib/use-facts'
import { useLogin } from '../stores/login'
import { askFor, readGiven, withGiven, type FilterField, type Given } from './query'

// 4 s: a busy city closes several stays a second, and nobody reads a table that changes faster.
const REFRESH_GAP_MS = 4_000

export interface Row {
  id: string
}

interface Answer<R> {
  items: R[]
  cursor?: string | null
}

export interface List<R extends Row> {
  rows: Readonly<Ref<readonly R[] | null>>
  /** The whole of the last answer: some lists carry totals. */
  answer: Readonly<Ref<unknown>>
  error: Readonly<Ref<ApiError | null>>
  loading: Readonly<Ref<boolean>>
  /** Rows that were not there at the last look. */
  fresh: Readonly<Ref<ReadonlySet<string>>>
  given: ComputedRef<Given>
  page: Readonly<Ref<number>>
  more: ComputedRef<boolean>
  /** The row whose details are open, by the address. */
  opened: ComputedRef<string | null>
  set(changes: Record<string, string | undefined>): void
  next(): void
  previous(): void
  open(id: string | null): void
  reload(): Promise<void>
  /** Reads the first page anew, soon and quietly: something has changed. */
  soon(): void
  /** Shows a row as it is now. */
  put(row: R): void
}

export function useList<R extends Row>(
  path: string,
  fields: ComputedRef<readonly FilterField[]>,
  keep: (row: R) => string = (row) => row.id,
): List<R> {
  const { api } = useLogin()
  const route = useRoute()
  const router = useRouter()
  const home = route.name
  const rows = shallowRef<readonly R[] | null>(null)
  const answer = shallowRef<unknown>(null)
  const error = shallowRef<ApiError | null>(null)
  const fresh = shallowRef<ReadonlySet<string>>(new Set())
  const loading = ref(false)
  const following = ref<string | null>(null)
  const trail = ref<string[]>([])
  let asking = 0

  const given = computed(() => readGiven(route.query, fields.value))
  const cursor = computed(() => text(route.query.cursor))
  const opened = computed(() => text(route.query.open))
  const asked = computed(() => ({ ...askFor(fields.value, given.value), cursor: cursor.value }))

  async function load(quiet = false): Promise<void> {
    const mine = ++asking
    const before = new Set(rows.value?.map(keep))
    if (!quiet) loading.value = true
    try {
      const found = await api.get<Answer<R>>(path, asked.value)
      if (mine !== asking) return
      fresh.value = new Set(quiet && before.size > 0 ? found.items.map(keep).filter((id) => !before.has(id)) : [])
      rows.value = found.items
      following.value = found.cursor ?? null
      answer.value = found
      error.value = null
    } catch (problem) {
      // What is on the screen stays there when only the refreshing failed.
      if (mine === asking && !quiet) error.value = asApiError(problem)
    } finally {
      if (mine === asking) loading.value = false
    }
  }

  const soon = useSoon(() => void (cursor.value === null && document.visibilityState === 'visible' && load(true)), REFRESH_GAP_MS)
  const look = (): void => {
    if (document.visibilityState === 'visible') soon()
  }
  window.addEventListener('focus', look)
  document.addEventListener('visibilitychange', look)
  onScopeDispose(() => {
    window.removeEventListener('focus', look)
    document.removeEventListener('visibilitychange', look)
  })

  watch(
    () => (route.name === home ? JSON.stringify(asked.value) : null),
    (now) => now !== null && void load(),
    { immediate: true },
  )

  return {
    rows,
    answer,
    error,
    loading,
    fresh,
    given,
    page: computed(() => trail.value.length + 1),
    more: computed(() => following.value !== null),
    opened,
    set: (changes) => {
      trail.value = []
      void router.replace({ query: withGiven(route.query, changes) })
    },
    next: () => {
      trail.value = [...trail.value, cursor.value ?? '']
      void router.push({ query: { ...route.query, cursor: following.value } })
    },
    previous: () => {
      const back = trail.value.at(-1) || undefined
      trail.value = trail.value.slice(0, -1)
      void router.push({ query: { ...route.query, cursor: back } })
    },
    open: (id) => void router.replace({ query: { ...route.query, open: id ?? undefined } }),
    reload: () => load(),
    soon,
    put: (row) => (rows.value = rows.value?.map((one) => (keep(one) === keep(row) ? row : one)) ?? null),
  }
}

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
