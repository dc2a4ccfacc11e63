// What stands beside a list: the row that the address names, read whole, and anew when it has changed.
import { type ApiError } from '@smartcloud/shared'
import { shallowRef, watch, type Ref } from 'vue'
import { asApiError } from '../lib/refusal'
import { useLogin } from '../stores/login'

export interface Detail<D> {
  found: Readonly<Ref<D | null>>
  error: Readonly<Ref<ApiError | null>>
  reload(): Promise<void>
}

export function useDetail<D>(id: () => string | null, read: (id: string) => Promise<D>): Detail<D> {
  const found = shallowRef<D | null>(null)
  const error = shallowRef<ApiError | null>(null)
  let asking = 0

  async function load(): Promise<void> {
    const wanted = id()
    if (wanted === null) return
    const mine = ++asking
    try {
      const read_ = await read(wanted)
      if (mine !== asking) return
      found.value = read_
      error.value = null
    } catch (problem) {
      if (mine === asking) error.value = asApiError(problem)
    }
  }

  watch(
    id,
    () => {
      asking += 1
      found.value = null
      error.value = null
      void load()
    },
    { immediate: true },
  )
  return { found, error, reload: load }
}

/** Reads a path of the API. */
export function useRead(): <T>(path: string, query?: Record<string, string | number | null>) => Promise<T> {
  const { api } = useLogin()
  return (path, query) => api.get(path, query)
}
