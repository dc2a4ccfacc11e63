// A channel client and a snapshot endpoint that a test plays by hand.

import { ApiError, type ChannelClient, type Position, type Publication, type Snapshot, type SubscribedContext } from '../src'

type Listener = (context: never) => void

export class FakeSubscription {
  private readonly listeners = new Map<string, Listener>()
  readonly since: Position

  constructor(since: Position) {
    this.since = since
  }

  on(event: string, listener: Listener): void {
    this.listeners.set(event, listener)
  }

  subscribe(): void {
    this.emit('subscribing', {})
  }

  emit(event: string, context: unknown): void {
    this.listeners.get(event)?.(context as never)
  }

  publish(offset: number, data: unknown): void {
    this.emit('publication', { offset, data } satisfies Publication)
  }

  /** One publication for all from `first` to `offset`. */
  publishMerged(first: number, offset: number, data: unknown): void {
    this.emit('publication', { offset, data, tags: { first: String(first) } } satisfies Publication)
  }

  recovered(): void {
    this.emit('subscribed', { wasRecovering: true, recovered: true } satisfies SubscribedContext)
  }

  unrecovered(streamPosition: Position): void {
    this.emit('subscribed', { wasRecovering: true, recovered: false, streamPosition } satisfies SubscribedContext)
  }
}

export class FakeClient {
  opened: FakeSubscription[] = []
  removed = 0

  newSubscription(_channel: string, { since }: { since: Position }): FakeSubscription {
    const subscription = new FakeSubscription(since)
    this.opened.push(subscription)
    return subscription
  }

  removeSubscription(): void {
    this.removed += 1
  }

  get subscription(): FakeSubscription {
    return this.opened[this.opened.length - 1] as FakeSubscription
  }

  asClient(): ChannelClient {
    return this as unknown as ChannelClient
  }
}

/** Holds each snapshot request until the test answers it. */
export class FakeSnapshots<Data> {
  readonly audience = 'console'
  asked: string[] = []
  private readonly waiting: { resolve: (value: unknown) => void; reject: (error: unknown) => void }[] = []

  get = <T>(path: string): Promise<T> => {
    this.asked.push(path)
    return new Promise<T>((resolve, reject) => this.waiting.push({ resolve: resolve as (value: unknown) => void, reject }))
  }

  async answer(epoch: string, offset: number, data: Data): Promise<void> {
    this.waiting.shift()?.resolve({ channel: 'kpi:1', epoch, offset, data } satisfies Snapshot<Data>)
    await settled()
  }

  /** Takes the oldest question out of the line; gives what answers it later. */
  setAside(): (epoch: string, offset: number, data: Data) => Promise<void> {
    const [asked] = this.waiting.splice(0, 1)
    return async (epoch, offset, data) => {
      asked?.resolve({ channel: 'kpi:1', epoch, offset, data } satisfies Snapshot<Data>)
      await settled()
    }
  }

  async refuse(status: number): Promise<void> {
    this.waiting.shift()?.reject(new ApiError(status, 'refused', 'no'))
    await settled()
  }
}

/** Lets promises that are ready run. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await Promise.resolve()
}
