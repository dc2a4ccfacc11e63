// One ticking clock for all screens, so that minutes move without a timer a tile.
import { readonly, ref, type Ref } from 'vue'

// 5 s: the smallest unit shown is a minute, so a tile is never more than 5 s late.
const TICK_MS = 5_000

const now_ms = ref(Date.now())
let offset_ms = 0

const tick = (): void => {
  now_ms.value = Date.now() + offset_ms
}

setInterval(tick, TICK_MS)
document.addEventListener('visibilitychange', tick)

/** The server's time as far as it was measured, in epoch ms; changes every 5 s. */
export const useNow = (): Readonly<Ref<number>> => readonly(now_ms)

/** Take over the server's clock: sensors' times are told on it. */
export function setClockOffset(measured_ms: number): void {
  offset_ms = measured_ms
  tick()
}
