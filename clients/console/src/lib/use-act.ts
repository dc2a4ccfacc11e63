// Runs what a person asks for: busy meanwhile, the refusal said in Chinese, and each wish done once.
import { ElMessage } from 'element-plus'
import 'element-plus/es/components/message/style/css'
import { ref, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { wordsFor } from './refusal'

export interface Act {
  busy: Readonly<Ref<boolean>>
  /** Runs a step; says `done` when it went well. Gives what the step gave, or null when it was refused. */
  run<T>(step: () => Promise<T>, done?: string): Promise<T | null>
  words(problem: unknown): string
}

export function useAct(): Act {
  const { t, te } = useI18n()
  const busy = ref(false)
  const words = (problem: unknown): string => wordsFor(problem, t, te)

  async function run<T>(step: () => Promise<T>, done?: string): Promise<T | null> {
    if (busy.value) return null
    busy.value = true
    try {
      const given = await step()
      if (done !== undefined) ElMessage.success(done)
      return given
    } catch (problem) {
      ElMessage.error({ message: words(problem), duration: 5_000, showClose: true })
      return null
    } finally {
      busy.value = false
    }
  }

  return { busy, run, words }
}

/** A key for one wish: the same wish sent again, because no answer came, is done once. */
export const once = (key: string): Record<string, string> => ({ 'Idempotency-Key': key })

/** Makes the key of a new wish. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
