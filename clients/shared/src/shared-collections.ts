// Lets several parts of a client follow one channel by one subscription.

import { collection, type Collection, type CollectionOptions, type Fold } from './collection'

/** Opens collections so that several parts of a screen share one subscription to a channel. */
export interface Collections {
  open<State, Data>(channel: string, fold: Fold<State, Data>): Collection<State>
}

type Shared = { follower: Collection<unknown>; users: number }

export function sharedCollections(base: Pick<CollectionOptions<never, never>, 'client' | 'api' | 'schedule'>): Collections {
  const open = new Map<string, Shared>()
  return {
    open<State, Data>(channel: string, fold: Fold<State, Data>): Collection<State> {
      const shared = open.get(channel) ?? { follower: collection({ ...base, channel, fold }), users: 0 }
      open.set(channel, shared)
      shared.users += 1
      return borrowed(shared as { follower: Collection<State>; users: number }, () => open.delete(channel))
    },
  }
}

function borrowed<State>(shared: { follower: Collection<State>; users: number }, forget: () => void): Collection<State> {
  const leave = new Set<() => void>()
  let returned = false
  return {
    get value() {
      return shared.follower.value
    },
    subscribe(listener) {
      const stop = shared.follower.subscribe(listener)
      leave.add(stop)
      return stop
    },
    reload: () => shared.follower.reload(),
    close() {
      if (returned) return
      returned = true
      for (const stop of leave) stop()
      shared.users -= 1
      if (shared.users > 0) return
      forget()
      shared.follower.close()
    },
  }
}
