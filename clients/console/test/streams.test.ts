// Several parts of a page hear one stream.
import type { Centrifuge, Subscription } from 'centrifuge'
import { describe, expect, it } from 'vitest'
import { leaveStream, takeStream } from '../src/lib/streams'

/** A client that refuses a second subscription of a channel, as the real one does. */
function client(): Centrifuge & { gone: string[] } {
  const known = new Map<string, Subscription>()
  const gone: string[] = []
  return {
    gone,
    getSubscription: (channel: string) => known.get(channel) ?? null,
    newSubscription(channel: string) {
      if (known.has(channel)) throw new Error(`Subscription to the channel ${channel} already exists`)
      const made = { channel } as Subscription
      known.set(channel, made)
      return made
    },
    removeSubscription({ channel }: Subscription) {
      known.delete(channel)
      gone.push(channel)
    },
  } as unknown as Centrifuge & { gone: string[] }
}

describe('a stream', () => {
  it('is one subscription for all who hear it, and ends with the last of them', () => {
    const one = client()
    const [page, drawer] = [takeStream(one, 'live:a'), takeStream(one, 'live:a')]

    expect(drawer).toBe(page)
    leaveStream(one, drawer)
    expect(one.gone).toEqual([])
    leaveStream(one, page)
    expect(one.gone).toEqual(['live:a'])
  })

  it('begins anew after it has ended, and others are not touched', () => {
    const one = client()
    const first = takeStream(one, 'live:a')
    const other = takeStream(one, 'live:b')
    leaveStream(one, first)

    expect(takeStream(one, 'live:a')).not.toBe(first)
    expect(one.gone).toEqual(['live:a'])
    leaveStream(one, other)
    expect(one.gone).toEqual(['live:a', 'live:b'])
  })
})
