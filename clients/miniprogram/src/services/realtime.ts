// Keeps the one live connection of the program, and lends its channels to screens.
import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import {
  connectRealtime,
  sharedCollections,
  sleepWhileHidden,
  weChatWebSocket,
  type Collection,
  type CollectionView,
  type Collections,
  type ConnectionView,
  type Fold,
  type Realtime,
} from '@smartcloud/shared'
import { api, serverOrigin, setClock } from './server'
import { login } from './session'

let realtime: Realtime | null = null
let collections: Collections | null = null

/** The connection's state, for the strip that tells of its loss. */
export const connection = shallowRef<ConnectionView>({ state: 'connecting', since_ms: Date.now(), last_connected_ms: null })

/** Open the connection, once, when the program starts; it is opened anew for whoever signs in or out. */
export function startRealtime(): void {
  const { realtime: started } = opened()
  // Later than now: a token refused just before, which is why the login ended, stops the SDK for good.
  watch(() => login.value?.token, () => setTimeout(() => started.restart(), 0))
  setClock().catch(() => undefined)
}

function opened(): { realtime: Realtime; collections: Collections } {
  if (realtime && collections) return { realtime, collections }
  // #ifdef H5
  realtime = connectRealtime(serverOrigin ? { api, origin: serverOrigin.replace(/^http/, 'ws') } : { api })
  // #endif
  // #ifdef MP-WEIXIN
  realtime = connectRealtime({ api, origin: serverOrigin.replace(/^http/, 'ws'), websocket: weChatWebSocket(uni) })
  sleepWhileHidden(realtime, uni)
  // #endif
  const made = realtime!
  connection.value = made.connection.value
  made.connection.subscribe((view) => {
    connection.value = view
  })
  collections = sharedCollections({ client: made.channels, api })
  return { realtime: made, collections }
}

/** Follow a channel; the caller closes the collection. */
export function openCollection<State, Data>(channel: string, fold: Fold<State, Data>): Collection<State> {
  return opened().collections.open(channel, fold)
}

/** Follow a channel for as long as the calling component lives. */
export function useCollection<State, Data>(channel: string, fold: Fold<State, Data>): ShallowRef<CollectionView<State>> {
  const followed = openCollection<State, Data>(channel, fold)
  const view = shallowRef(followed.value)
  followed.subscribe((next) => {
    view.value = next
  })
  onScopeDispose(() => followed.close())
  return view
}

/** Hear what the server tells this account itself, for as long as the calling component lives. */
export function usePersonal(listener: (data: unknown) => void): void {
  onScopeDispose(opened().realtime.onPersonal(({ data }) => listener(data)))
}
