// Lets a screen follow the server's time, second by second, while somebody looks at it.
import { ref, type Ref } from 'vue'
import { onHide, onShow, onUnload } from '@dcloudio/uni-app'
import { nowMs } from './server'

/** The server's time in epoch milliseconds, renewed each second while the page is shown. */
export function useTicking(): Ref<number> {
  const now = ref(nowMs())
  let timer: ReturnType<typeof setInterval> | undefined
  const stop = () => clearInterval(timer)
  onShow(() => {
    stop()
    now.value = nowMs()
    timer = setInterval(() => (now.value = nowMs()), 1_000)
  })
  onHide(stop)
  onUnload(stop)
  return now
}
