// Holds what the motorist's plates owe beyond its time, asked again when something is told that may change it.
import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { OwnArrears, OwnPublication } from '@smartcloud/shared'
import { connection, usePersonal } from './realtime'
import { api } from './server'
import { login } from './session'

const CHANGES = /^(Arrears|Bill|Vehicle|StayDisputed|StayReleased)/

export function useArrears() {
  const arrears = shallowRef<OwnArrears | null>(null)
  const failed = ref(false)
  let latest = 0

  async function load(): Promise<void> {
    latest += 1
    const ours = latest
    if (!login.value) {
      arrears.value = null
      return
    }
    try {
      const answer = await api.get<OwnArrears>('/arrears')
      if (ours !== latest) return
      arrears.value = answer
      failed.value = false
    } catch {
      if (ours === latest) failed.value = arrears.value === null
    }
  }

  watch(() => login.value?.account.id, () => void load(), { immediate: true })
  watch(() => connection.value.state, (state) => state === 'connected' && void load())
  usePersonal((data) => CHANGES.test((data as OwnPublication).fact) && void load())
  onScopeDispose(() => (latest += 1))
  return { arrears, failed, load }
}
