// One edit in the making: what it would cost is asked while it is filled in, and then it is done once.
import { computed, onScopeDispose, reactive, ref, shallowRef, watch } from 'vue'
import { useAct } from '../lib/use-act'
import { useLogin } from '../stores/login'
import { bodyOf, complete, emptyForm, type EditForm } from './edits'
import type { EditAnswer, EditKind, Preview, StayDetail } from './types'

// 400 ms: a pause between two key strokes is shorter, and nobody waits for longer.
const PREVIEW_AFTER_MS = 400

export function useEdit(kind: EditKind, stay: StayDetail | null, given: Partial<EditForm> = {}) {
  const { api } = useLogin()
  const { busy, run, words } = useAct()
  const form = reactive<EditForm>({ ...emptyForm(kind, stay), ...given })
  const preview = shallowRef<Preview | null>(null)
  const refusal = ref<string | null>(null)
  const asking = ref(false)
  let timer = 0
  let asked = 0

  const ready = computed(() => complete(form))
  const sendable = computed(() => preview.value !== null && form.reason.trim() !== '')

  async function ask(): Promise<void> {
    const mine = ++asked
    asking.value = true
    try {
      const found = await api.post<Preview>('/stay-edit-previews', bodyOf(form, stay))
      if (mine !== asked) return
      preview.value = found
      refusal.value = null
    } catch (problem) {
      if (mine !== asked) return
      preview.value = null
      refusal.value = words(problem)
    } finally {
      if (mine === asked) asking.value = false
    }
  }

  const said = (): string => JSON.stringify({ ...bodyOf(form, stay), reason: null, evidence_ids: null })
  const first = said()
  // A form that is filled with how things are asks for no change yet.
  const filled = kind === 'plate' || kind === 'times'

  watch(
    said,
    (now) => {
      clearTimeout(timer)
      asked += 1
      preview.value = null
      refusal.value = null
      if (ready.value && !(filled && now === first)) timer = window.setTimeout(() => void ask(), PREVIEW_AFTER_MS)
    },
    { immediate: true },
  )
  onScopeDispose(() => clearTimeout(timer))

  const send = (done: string): Promise<EditAnswer | null> =>
    run(() => api.post<EditAnswer>('/stay-edits', bodyOf(form, stay)), preview.value?.needs_approval ? undefined : done)

  return { form, preview, refusal, asking, busy, ready, sendable, send }
}
