// A collection is a snapshot plus the publications after it, held as one store that a screen can watch.

import { ApiError, type Api } from './api'
import type { Observable } from './observable'

/** Makes the next state from a snapshot (held is null) or a publication; returns `held` itself when nothing changed. */
export type Fold<State, Data> = (held: State | null, data: Data) => State

export interface Position {
  epoch: string
  offset: number
}

export interface Snapshot<Data> extends Position {
  channel: string
  data: Data
}

export interface Publication {
  data: unknown
  offset?: number
  /** `first` where the server has made one publication of several for a slow reader: the offset of the first of them. */
  tags?: Record<string, string>
}

/** What a collection needs of the `centrifuge` SDK's subscription. */
export interface ChannelSubscription {
  on(event: 'publication', listener: (publication: Publication) => void): unknown
  on(event: 'subscribed', listener: (context: SubscribedContext) => void): unknown
  on(event: 'subscribing', listener: (context: unknown) => void): unknown
  on(event: 'unsubscribed', listener: (context: { code: number; reason: string }) => void): unknown
  subscribe(): void
}

export interface SubscribedContext {
  wasRecovering: boolean
  recovered: boolean
  streamPosition?: Position
}

/** What a collection needs of the `centrifuge` SDK's client; the SDK's own client fits. */
export interface ChannelClient {
  newSubscription(
    channel: string,
    options: { since: Position; positioned: boolean; recoverable: boolean },
  ): ChannelSubscription
  removeSubscription(subscription: never): void
}

/**
 * `loading` nothing held yet; `live` every publication so far is in; `stale` the held state may be old and is being
 * healed; `failed` the last load failed and is tried again; `refused` the server says no, only `reload` tries again.
 */
export type CollectionStatus = 'loading' | 'live' | 'stale' | 'failed' | 'refused'

export interface CollectionView<State> {
  status: CollectionStatus
  data: State | null
  error: ApiError | null
  /** When this device last knew the data to be complete (its own clock). */
  fresh_ms: number | null
}

export interface Collection<State> extends Observable<CollectionView<State>> {
  reload(): void
  close(): void
}

export interface CollectionOptions<State, Data> {
  client: ChannelClient
  api: Pick<Api, 'audience' | 'get'>
  channel: string
  fold: Fold<State, Data>
  /** Default: the audience's snapshot of the channel. */
  snapshotUrl?: string
  /** Sees each publication that was folded, once, before the screen does: for sounds and measurements. */
  onPublication?: (data: Data) => void
  /** Runs the notification of listeners; default the next animation frame. */
  schedule?: (notify: () => void) => void
  /** Default: a growing delay with jitter. */
  retryDelayMs?: (attempt: number) => number
}

export const nextFrame = (notify: () => void): void => {
  // WeChat's script thread has no frames; a hidden page gets none, and its listeners need none.
  if (typeof requestAnimationFrame === 'function') requestAnimationFrame(notify)
  else setTimeout(notify, 16)
}

// Full jitter: ten thousand clients cut at one moment must not ask for snapshots at one moment.
const backoff = (attempt: number): number => 250 + Math.random() * Math.min(10_000, 500 * 2 ** attempt)

/** Follows a channel: loads its snapshot, then applies each later publication once and in order. */
export function collection<State, Data>(options: CollectionOptions<State, Data>): Collection<State> {
  const follower = new Follower(options)
  follower.reload()
  return follower
}

class Follower<State, Data> implements Collection<State> {
  private view: CollectionView<State> = { status: 'loading', data: null, error: null, fresh_ms: null }
  private readonly listeners = new Set<(view: CollectionView<State>) => void>()
  private notifying = false
  private closed = false
  private subscription: ChannelSubscription | null = null
  /** The last publication that is in `view.data`. */
  private held: Position | null = null
  /** What the stream had when the load began; an older snapshot would lack what was published in between. */
  private required: Position | null = null
  private buffer: Publication[] = []
  private begun = 0
  /** Which load is under way, 0 for none. Each has a number of its own: an earlier one's late answer is nobody's. */
  private loading = 0
  private attempt = 0
  private timer: ReturnType<typeof setTimeout> | null = null

  constructor(private readonly options: CollectionOptions<State, Data>) {}

  get value(): CollectionView<State> {
    return this.view
  }

  subscribe(listener: (view: CollectionView<State>) => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  reload(): void {
    this.attempt = 0
    void this.load()
  }

  close(): void {
    this.closed = true
    this.loading = 0
    if (this.timer !== null) clearTimeout(this.timer)
    this.listeners.clear()
    this.leave()
  }

  private async load(): Promise<void> {
    if (this.closed) return
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    const ours = (this.begun += 1)
    this.loading = ours
    this.show({ status: this.view.data === null ? 'loading' : 'stale' })
    const { api, channel } = this.options
    const url = this.options.snapshotUrl ?? `/snapshots/${encodeURIComponent(channel)}`
    try {
      const snapshot = await api.get<Snapshot<Data>>(url)
      if (ours === this.loading) this.take(snapshot)
    } catch (error) {
      if (ours === this.loading) this.fail(error)
    }
  }

  private take(snapshot: Snapshot<Data>): void {
    this.loading = 0
    this.show({ status: 'stale', data: this.options.fold(null, snapshot.data), error: null })
    this.held = { epoch: snapshot.epoch, offset: snapshot.offset }
    if (this.subscription === null) this.follow(this.held)
    else if (this.required !== null && isBefore(this.held, this.required)) this.loadLater()
    else this.catchUp()
  }

  private catchUp(): void {
    this.required = null
    const waiting = this.buffer.sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0))
    this.buffer = []
    this.show({ status: 'live', fresh_ms: Date.now() })
    for (const publication of waiting) this.hear(publication)
    if (!this.isLoading) this.attempt = 0
  }

  private follow(since: Position): void {
    const { client, channel } = this.options
    const subscription = client.newSubscription(channel, { since, positioned: true, recoverable: true })
    this.subscription = subscription
    subscription.on('publication', (publication) => this.hear(publication))
    subscription.on('subscribed', (context) => this.subscribed(context))
    subscription.on('subscribing', () => this.view.status === 'live' && this.show({ status: 'stale' }))
    subscription.on('unsubscribed', ({ code, reason }) => {
      this.leave()
      this.show({ status: 'refused', error: new ApiError(403, `channel_${code}`, reason) })
    })
    subscription.subscribe()
  }

  private leave(): void {
    const left = this.subscription
    this.subscription = null
    if (left !== null) this.options.client.removeSubscription(left as never)
  }

  private subscribed(context: SubscribedContext): void {
    if (context.wasRecovering && context.recovered) {
      this.attempt = 0
      if (!this.isLoading) this.show({ status: 'live', error: null, fresh_ms: Date.now() })
      return
    }
    // What was published while we were away is lost to the stream: only a snapshot can tell.
    this.buffer = []
    this.required = context.streamPosition ?? null
    void this.load()
  }

  private get isLoading(): boolean {
    return this.loading > 0 || this.timer !== null
  }

  private hear(publication: Publication): void {
    const { offset } = publication
    if (this.isLoading || this.held === null) {
      this.buffer.push(publication)
      return
    }
    if (offset !== undefined && offset <= this.held.offset) return
    if (offset !== undefined && firstOf(publication, offset) > this.held.offset + 1) {
      this.buffer.push(publication)
      this.required = { epoch: this.held.epoch, offset: offset - 1 }
      this.loadLater()
      return
    }
    if (offset !== undefined) this.held = { ...this.held, offset }
    const data = publication.data as Data
    this.options.onPublication?.(data)
    this.show({ data: this.options.fold(this.view.data, data), fresh_ms: Date.now() })
  }

  private loadLater(): void {
    if (this.timer !== null) return
    if (this.view.status === 'live') this.show({ status: 'stale' })
    this.timer = setTimeout(() => void this.load(), (this.options.retryDelayMs ?? backoff)(this.attempt))
    this.attempt += 1
  }

  private fail(error: unknown): void {
    this.loading = 0
    const seen = error instanceof ApiError ? error : new ApiError(0, 'unexpected', String(error))
    const refused = seen.status >= 400 && seen.status < 500 && seen.status !== 408 && seen.status !== 429
    this.show({ status: refused ? 'refused' : 'failed', error: seen })
    if (!refused) this.loadLater()
  }

  private show(change: Partial<CollectionView<State>>): void {
    this.view = { ...this.view, ...change }
    if (this.notifying || this.closed) return
    this.notifying = true
    ;(this.options.schedule ?? nextFrame)(() => {
      this.notifying = false
      for (const listener of [...this.listeners]) listener(this.view)
    })
  }
}

const firstOf = ({ tags }: Publication, offset: number): number => Number(tags?.first ?? offset)

// Another epoch is another stream: its offsets say nothing about ours.
const isBefore = (held: Position, required: Position): boolean =>
  held.epoch !== required.epoch || held.offset < required.offset
