// A value that can be watched, without any framework.

export interface Observable<T> {
  readonly value: T
  /** Calls the listener at each change (not at once) until the returned function is called. */
  subscribe(listener: (value: T) => void): () => void
}

export interface Source<T> extends Observable<T> {
  set(value: T): void
}

export function observable<T>(initial: T): Source<T> {
  const listeners = new Set<(value: T) => void>()
  let held = initial
  return {
    get value() {
      return held
    },
    set(value: T) {
      if (value === held) return
      held = value
      for (const listener of [...listeners]) listener(value)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
