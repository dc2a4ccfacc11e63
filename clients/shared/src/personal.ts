// Lets a collection follow the account's own channel, which the server subscribes by itself.

import type { ChannelClient, ChannelSubscription, Position, Publication, SubscribedContext } from './collection'

interface OfChannel {
  channel: string
}

/** What is needed of the `centrifuge` SDK's client: the events of subscriptions that the server has made. */
export interface ServerSubscriptions extends ChannelClient {
  on(event: 'subscribed', listener: (context: SubscribedContext & OfChannel) => void): unknown
  on(event: 'subscribing' | 'unsubscribed', listener: (context: OfChannel) => void): unknown
  on(event: 'publication', listener: (publication: Publication & OfChannel) => void): unknown
}

// 200: what may come while a snapshot is on its way; more than that is a reason for another snapshot.
const REMEMBERED = 200

type Listener = (context: never) => void
type Event = 'publication' | 'subscribed' | 'subscribing' | 'unsubscribed'

interface Stream {
  /** Where the stream stands; null while it is not followed. */
  at: Position | null
  recent: Publication[]
  followers: Set<OwnSubscription>
}

/** All channels of the client; those that begin with `#` are the ones that the server subscribes. */
export function withOwnChannels(client: ServerSubscriptions): ChannelClient {
  const streams = new Map<string, Stream>()
  const of = (channel: string): Stream => {
    const stream = streams.get(channel) ?? { at: null, recent: [], followers: new Set<OwnSubscription>() }
    streams.set(channel, stream)
    return stream
  }
  const tell = (stream: Stream, event: Event, context: unknown): void => {
    for (const follower of [...stream.followers]) follower.emit(event, context)
  }

  client.on('subscribed', ({ channel, ...context }) => {
    const stream = of(channel)
    stream.at = context.streamPosition ?? null
    // What is recovered comes as publications right after, from where the stream was left.
    if (!context.recovered) stream.recent = []
    for (const follower of [...stream.followers]) follower.begin(stream, context)
  })
  client.on('subscribing', ({ channel }) => {
    of(channel).at = null
    tell(of(channel), 'subscribing', {})
  })
  client.on('unsubscribed', ({ channel }) => {
    of(channel).at = null
  })
  client.on('publication', ({ channel, ...publication }) => {
    const stream = of(channel)
    stream.recent = [...stream.recent.slice(1 - REMEMBERED), publication]
    if (stream.at !== null && publication.offset !== undefined) stream.at = { ...stream.at, offset: publication.offset }
    tell(stream, 'publication', publication)
  })

  return {
    newSubscription(channel, options) {
      return channel.startsWith('#') ? new OwnSubscription(of(channel), options.since) : client.newSubscription(channel, options)
    },
    removeSubscription(subscription) {
      if ((subscription as unknown) instanceof OwnSubscription) (subscription as OwnSubscription).leave()
      else client.removeSubscription(subscription)
    },
  }
}

/** A follower of a stream that is there anyhow; it begins from a snapshot's position. */
class OwnSubscription implements ChannelSubscription {
  private readonly listeners = new Map<Event, Listener>()
  private begun = false

  constructor(
    private readonly stream: Stream,
    private readonly since: Position,
  ) {}

  on(event: Event, listener: Listener): void {
    this.listeners.set(event, listener)
  }

  subscribe(): void {
    this.stream.followers.add(this)
    if (this.stream.at !== null) this.begin(this.stream, { wasRecovering: false, recovered: false, streamPosition: this.stream.at })
  }

  leave(): void {
    this.stream.followers.delete(this)
  }

  /** Hear that the stream is followed: the first time what lies between the snapshot and now is seen to. */
  begin(stream: Stream, context: SubscribedContext): void {
    if (this.begun) {
      this.emit('subscribed', context)
      return
    }
    this.begun = true
    const at = stream.at
    const missed = stream.recent.filter(({ offset }) => offset !== undefined && offset > this.since.offset)
    const whole = at !== null && at.epoch === this.since.epoch && at.offset - this.since.offset <= missed.length
    this.emit('subscribed', { wasRecovering: true, recovered: whole, ...(at ? { streamPosition: at } : {}) })
    if (whole) for (const publication of missed) this.emit('publication', publication)
  }

  emit(event: Event, context: unknown): void {
    if (event === 'publication' && !this.begun) return
    this.listeners.get(event)?.(context as never)
  }
}
