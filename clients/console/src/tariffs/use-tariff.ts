// One version of a tariff in the editor: loads it, checks it while it is written, and takes its steps.
import { ApiError, type Api } from '@smartcloud/shared'
import { computed, onBeforeUnmount, ref, shallowRef, watch, type Ref } from 'vue'
import type { Problem, Tariff } from './types'

// 400 ms: a pause between two key strokes is shorter, and nobody waits for longer.
const CHECK_AFTER_MS = 400

export function useTariff(api: Api, id: Ref<string>) {
  const saved = shallowRef<Tariff | null>(null)
  const draft = ref<Tariff | null>(null)
  const problems = shallowRef<Problem[]>([])
  const lines = shallowRef<string[]>([])
  const error = shallowRef<ApiError | null>(null)
  const busy = ref(false)
  let timer = 0
  let checked = 0

  const editable = computed(() => ['draft', 'validated', 'trial_passed'].includes(saved.value?.state ?? ''))
  const dirty = computed(() => JSON.stringify(body()) !== JSON.stringify(bodyOf(saved.value)))

  const path = () => `/tariffs/${encodeURIComponent(id.value)}`
  const body = () => bodyOf(draft.value)

  function take(tariff: Tariff): void {
    saved.value = tariff
    draft.value = structuredClone(tariff)
    lines.value = tariff.lines
  }

  async function load(): Promise<void> {
    error.value = null
    saved.value = null
    try {
      take(await api.get<Tariff>(path()))
    } catch (problem) {
      error.value = problem instanceof ApiError ? problem : new ApiError(0, 'unexpected', String(problem))
    }
  }

  /** Runs one step on the server; the answer is what is shown from then on. */
  async function act(step: () => Promise<Tariff>): Promise<void> {
    busy.value = true
    try {
      take(await step())
    } finally {
      busy.value = false
    }
  }

  const save = () => act(() => api.put<Tariff>(path(), { v: saved.value?.v, ...body() }))

  async function validate(): Promise<void> {
    await act(async () => {
      const answer = await api.post<{ tariff: Tariff; problems: Problem[] }>(`${path()}/validation`, { v: saved.value?.v })
      problems.value = answer.problems
      return answer.tariff
    })
  }

  const publish = (valid_from: string | null) =>
    act(() => api.post<Tariff>(`${path()}/publication`, { v: saved.value?.v, valid_from }))

  async function check(): Promise<void> {
    const mine = ++checked
    const answer = await api
      .post<{ problems: Problem[]; lines: string[] }>('/tariff-checks', body())
      .catch((problem: unknown) => ({ problems: [refused(problem)], lines: lines.value }))
    if (mine !== checked) return
    problems.value = answer.problems
    lines.value = answer.lines
  }

  watch(
    () => JSON.stringify(body()),
    () => {
      clearTimeout(timer)
      if (draft.value !== null) timer = window.setTimeout(check, CHECK_AFTER_MS)
    },
  )
  watch(id, load)
  onBeforeUnmount(() => clearTimeout(timer))

  return { saved, draft, problems, lines, error, busy, editable, dirty, path, load, act, take, save, validate, publish }
}

function bodyOf(tariff: Tariff | null) {
  if (tariff === null) return null
  const { name, terms, on_change, approval, note } = tariff
  return { name, terms, on_change, approval, note }
}

function refused(problem: unknown): Problem {
  const message = problem instanceof Error ? problem.message : String(problem)
  return { code: 'refused', message, row: null, day: null, before: null, vehicle: null, colors: [], from_min: null, to_min: null }
}
