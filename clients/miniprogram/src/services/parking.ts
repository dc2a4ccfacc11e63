// Holds the motorist's stays and bills, loaded again whenever the server says that something happened.
import { ref, shallowRef, watch } from 'vue'
import type { Bill, List, Stay } from '@smartcloud/shared'
import { connection, usePersonal } from './realtime'
import { api } from './server'
import { login } from './session'

export type ParkingState = 'loading' | 'ready' | 'failed'

/** The signed-in motorist's stays and bills; empty while nobody is signed in. */
export function useParking() {
  const stays = shallowRef<Stay[]>([])
  const bills = shallowRef<Bill[]>([])
  const state = ref<ParkingState>('loading')
  let latest = 0

  async function load(): Promise<void> {
    latest += 1
    const ours = latest
    if (!login.value) return
    try {
      const [stayList, billList] = await Promise.all([api.get<List<Stay>>('/stays'), api.get<List<Bill>>('/bills')])
      if (ours !== latest) return
      stays.value = stayList.items
      bills.value = billList.items
      state.value = 'ready'
    } catch {
      if (ours === latest && state.value === 'loading') state.value = 'failed'
    }
  }

  function begin(): void {
    stays.value = []
    bills.value = []
    state.value = 'loading'
    void load()
  }

  watch(() => login.value?.account.id, begin, { immediate: true })
  // Facts told while the connection was away may be lost: what they changed is read again.
  watch(() => connection.value.state, (now) => now === 'connected' && void load())
  usePersonal(() => void load())

  return { stays, bills, state, load, begin }
}
