// The list of sections, from the server or as this handheld last saw it.
import { ref } from 'vue'
import { defineStore } from 'pinia'
import { ApiError, type List, type LocalPlates, type PatrolSection } from '@smartcloud/shared'
import { api, database } from '../services'
import { useLogin } from './login'

const LAST_UNDER = 'smartcloud-pos.last-section'
const PREFIX_UNDER = 'smartcloud-pos.local-prefix'

export const useSections = defineStore('sections', () => {
  const items = ref<PatrolSection[] | null>(null)
  const as_of_ms = ref<number | null>(null)
  /** True while what is shown comes from this handheld, not from the server. */
  const saved = ref(false)
  const error = ref<ApiError | null>(null)
  /** How most plates here begin, e.g. 粤B; empty where nobody has said. */
  const local_prefix = ref(localStorage.getItem(PREFIX_UNDER) ?? '')
  const last_section_id = ref(localStorage.getItem(LAST_UNDER))

  async function readSaved(account_id: string): Promise<void> {
    const list = await database.lists.get(account_id)
    if (!list || items.value) return
    items.value = list.items
    as_of_ms.value = list.as_of_ms
    saved.value = true
  }

  /** Load the list; what was saved shows first, and stays when the server does not answer. */
  async function load(): Promise<void> {
    const account_id = useLogin().account?.id
    if (!account_id) return
    await readSaved(account_id)
    try {
      const answer = await api.get<List<PatrolSection> & LocalPlates>('/sections')
      items.value = answer.items
      as_of_ms.value = Date.now()
      saved.value = false
      error.value = null
      local_prefix.value = answer.local_prefix
      localStorage.setItem(PREFIX_UNDER, answer.local_prefix)
      await database.lists.put({ account_id, items: answer.items, as_of_ms: as_of_ms.value })
    } catch (caught) {
      if (!(caught instanceof ApiError)) throw caught
      error.value = caught
      saved.value = items.value !== null
    }
  }

  function remember(section_id: string): void {
    last_section_id.value = section_id
    localStorage.setItem(LAST_UNDER, section_id)
  }

  function forget(): void {
    items.value = null
    as_of_ms.value = null
    saved.value = false
    error.value = null
    last_section_id.value = null
    localStorage.removeItem(LAST_UNDER)
  }

  return { items, as_of_ms, saved, error, local_prefix, last_section_id, load, remember, forget }
})
