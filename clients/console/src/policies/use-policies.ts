// The switchboard at one scope: reads it, holds what is changed and not saved, and saves it.
import { ApiError, type Api } from '@smartcloud/shared'
import { computed, reactive, ref, shallowRef } from 'vue'
import { asApiError } from '../lib/refusal'
import { bodyOf, differences, kindOf, rebased, withChange } from './board'
import type { Changes, ScopeKind, Switchboard, Value } from './types'

export interface Asked {
  kind: ScopeKind
  placeId: string | null
}

export function usePolicies(api: Api) {
  const board = shallowRef<Switchboard | null>(null)
  const asked = shallowRef<Asked>({ kind: 'operator', placeId: null })
  const changes = shallowRef<Changes>({})
  const error = shallowRef<ApiError | null>(null)
  const conflict = ref(false)
  const busy = ref(false)
  /** What the server says of values, by key. */
  const refused = reactive<Record<string, string>>({})
  /** Counts readings, so that what was typed and cannot be goes with the switchboard that it was typed on. */
  const reading = ref(0)
  let asking = 0

  const at = computed(() => board.value?.scopes.findIndex(({ scope }) => kindOf(scope) === asked.value.kind) ?? -1)
  const scope = computed(() => board.value?.scopes[at.value] ?? null)
  const changed = computed(() => (board.value && at.value >= 0 ? differences(board.value, at.value, changes.value) : []))

  /** Reads the switchboard; changes that still change something are kept. */
  async function load(): Promise<void> {
    const mine = ++asking
    error.value = null
    try {
      const { placeId } = asked.value
      const answer = await api.get<Switchboard>('/policies', placeId === null ? {} : { place_id: placeId })
      if (mine !== asking) return
      board.value = answer
      reading.value += 1
      changes.value = at.value < 0 ? {} : rebased(answer, at.value, changes.value)
      conflict.value = false
    } catch (problem) {
      if (mine === asking) error.value = asApiError(problem)
    }
  }

  /** Goes to another scope; what was changed here is gone. */
  async function open(next: Asked): Promise<void> {
    discard()
    asking += 1
    board.value = null
    error.value = null
    asked.value = next
    if (next.kind !== 'place' || next.placeId !== null) await load()
  }

  function discard(): void {
    changes.value = {}
    conflict.value = false
    reading.value += 1
    for (const name of Object.keys(refused)) delete refused[name]
  }

  function set(name: string, value: Value | null): void {
    if (board.value === null) return
    delete refused[name]
    changes.value = withChange(board.value, at.value, changes.value, name, value)
  }

  /** Saves what is changed: `saved`, or why not. Values that cannot be are told at their keys. */
  async function save(): Promise<'saved' | ApiError> {
    if (board.value === null) return asApiError('nothing to save')
    busy.value = true
    try {
      await api.put('/policies', bodyOf(board.value, at.value, changes.value))
      changes.value = {}
      await load()
      return 'saved'
    } catch (problem) {
      const refusal = asApiError(problem)
      conflict.value = refusal.code === 'policy_changed'
      if (refusal.code === 'policy_invalid') for (const [name, said] of Object.entries(refusal.fields)) refused[name] = String(said[0] ?? refusal.message)
      return refusal
    } finally {
      busy.value = false
    }
  }

  return { board, asked, at, scope, changes, changed, error, conflict, busy, refused, reading, load, open, discard, set, save }
}
