// What a person is told of the connection, the same in every client: live, being repaired, or offline.

import type { ConnectionView } from './realtime'

/** `live` every change is shown; `reconnecting` it is being repaired; `offline` it is not to be expected soon. */
export type Liveness = 'live' | 'reconnecting' | 'offline'

// 15 s: by then five tries have failed, and whoever reads the screen has to know that it is old.
export const OFFLINE_AFTER_MS = 15_000

/** Judge the connection; `network` is what the device itself says of its network. */
export function livenessOf({ state, since_ms }: ConnectionView, now_ms: number, network = true): Liveness {
  if (state === 'connected') return 'live'
  if (!network || state === 'disconnected' || now_ms - since_ms >= OFFLINE_AFTER_MS) return 'offline'
  // Asleep is closed on purpose: it opens as soon as somebody looks.
  return 'reconnecting'
}
