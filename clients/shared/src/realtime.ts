// One websocket for the whole client, by the `centrifuge` SDK, with its state as something a screen can watch.

import { Centrifuge, State, type Options } from 'centrifuge'
import { ApiError, type Api } from './api'
import type { ChannelClient } from './collection'
import { observable, type Observable } from './observable'
import { withOwnChannels } from './personal'

/** `asleep` is closed on purpose (hidden app, signed out); `disconnected` means the server ended it for good. */
export type ConnectionState = 'connecting' | 'connected' | 'asleep' | 'disconnected'

export interface ConnectionView {
  state: ConnectionState
  /** When this state began (this device's clock). */
  since_ms: number
  /** When the connection was last known to work; null before the first time. */
  last_connected_ms: number | null
}

export interface PersonalPublication {
  channel: string
  data: unknown
}

export interface Realtime {
  readonly client: Centrifuge
  /** Every channel that there is, the account's own included. */
  readonly channels: ChannelClient
  readonly connection: Observable<ConnectionView>
  wake(): void
  sleep(): void
  /** Connects anew with a new token: after signing in or out. */
  restart(): void
  /** Hears what the server sends to this account itself (`#{account_id}`), until the returned function is called. */
  onPersonal(listener: (publication: PersonalPublication) => void): () => void
}

export interface RealtimeOptions {
  api: Api
  /** Scheme and host where the page itself does not come from the server: "wss://example.com". */
  origin?: string
  /** A `WebSocket` class where the environment has none of its own. */
  websocket?: unknown
}

export const WEBSOCKET_PATH = '/connection/websocket'

/** The origin of this page for websockets. */
export function pageOrigin(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`
}

/** Opens the connection; tokens come from the audience's `realtime-tokens`. */
export function connectRealtime({ api, origin = pageOrigin(), websocket }: RealtimeOptions): Realtime {
  const options: Partial<Options> = {
    getToken: () => readToken(api),
    // 500 ms first, doubled with jitter: a person barely notices a server restart, a fleet does not storm.
    minReconnectDelay: 500,
    // 10 s, and 3 s for a late ping (one comes every 25): nobody looks at a dead screen for 30 s.
    maxReconnectDelay: 10_000,
    maxServerPingDelay: 3_000,
  }
  const socket = websocket ?? untoldOnceClosing((globalThis as { WebSocket?: typeof WebSocket }).WebSocket)
  if (socket !== undefined) options.websocket = socket
  const client = new Centrifuge(origin + WEBSOCKET_PATH, options)
  const channels = withOwnChannels(client)
  const connection = observable<ConnectionView>({ state: 'connecting', since_ms: Date.now(), last_connected_ms: null })
  let wanted = true

  client.on('state', ({ newState, oldState }) => {
    const now_ms = Date.now()
    const wasConnected = oldState === State.Connected
    connection.set({
      state: newState === State.Disconnected && !wanted ? 'asleep' : (newState as ConnectionState),
      since_ms: now_ms,
      last_connected_ms: wasConnected || newState === State.Connected ? now_ms : connection.value.last_connected_ms,
    })
  })

  const wake = (): void => {
    wanted = true
    client.connect()
  }
  const sleep = (): void => {
    wanted = false
    client.disconnect()
  }
  wake()
  return {
    client,
    channels,
    connection,
    wake,
    sleep,
    restart() {
      sleep()
      client.setToken('')
      wake()
    },
    onPersonal(listener) {
      const hear = ({ channel, data }: PersonalPublication): void => listener({ channel, data })
      client.on('publication', hear)
      return () => void client.off('publication', hear)
    },
  }
}

/**
 * A browser's `WebSocket` that is told nothing once it is closing. Between the server's close frame and the close event
 * lies a round trip or more, in which the SDK takes its socket for open: what a page that changes then lets go of, and the
 * answer to a last ping, would be thrown away by the browser all the same, with an error in the console for each.
 */
function untoldOnceClosing(Socket: typeof WebSocket | undefined): typeof WebSocket | undefined {
  if (Socket === undefined) return undefined
  return class extends Socket {
    override send(data: Parameters<WebSocket['send']>[0]): void {
      // What is sent too early is a mistake, and throws as ever.
      if (this.readyState <= Socket.OPEN) super.send(data)
    }
  }
}

async function readToken(api: Api): Promise<string> {
  try {
    return (await api.post<{ token: string }>('/realtime-tokens')).token
  } catch (error) {
    // Tells the SDK to stop instead of asking again for ever.
    if (error instanceof ApiError && error.status === 401) throw new Centrifuge.UnauthorizedError(error.message)
    throw error
  }
}
