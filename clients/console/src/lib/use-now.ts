// The time, for texts such as "3分钟前" and running durations.
import { onScopeDispose, ref, type Ref } from 'vue'

export function useNow(interval_ms = 1_000): Readonly<Ref<number>> {
  const now_ms = ref(Date.now())
  const timer = setInterval(() => (now_ms.value = Date.now()), interval_ms)
  onScopeDispose(() => clearInterval(timer))
  return now_ms
}
