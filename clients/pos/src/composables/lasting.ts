// Turns a condition true only after it lasted a while, so that short ones do not make the screen jump.
import { onBeforeUnmount, ref, watch, type Ref } from 'vue'

export function useLasting(condition: () => boolean, after_ms: number): Readonly<Ref<boolean>> {
  const lasting = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(
    condition,
    (holds) => {
      clearTimeout(timer)
      if (holds) timer = setTimeout(() => (lasting.value = true), after_ms)
      else lasting.value = false
    },
    { immediate: true },
  )
  onBeforeUnmount(() => clearTimeout(timer))
  return lasting
}
