import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { collection, sharedCollections, type Collection, type Fold } from '../src'
import { FakeClient, FakeSnapshots } from './fake-channel'

// The letters heard so far, in order: shows what was lost, doubled, or swapped.
type Letters = string
const append: Fold<Letters, Letters> = (held, data) => (held ?? '') + data

let client: FakeClient
let snapshots: FakeSnapshots<Letters>
let followed: Collection<Letters>
let shown: number

beforeEach(() => {
  vi.useFakeTimers()
  client = new FakeClient()
  snapshots = new FakeSnapshots()
  shown = 0
  followed = collection({
    client: client.asClient(),
    api: snapshots,
    channel: 'kpi:1',
    fold: append,
    schedule: (notify) => void setTimeout(notify, 0),
    retryDelayMs: (attempt) => 100 * 2 ** attempt,
  })
  followed.subscribe(() => (shown += 1))
})

afterEach(() => {
  followed.close()
  vi.useRealTimers()
})

async function live(): Promise<void> {
  await snapshots.answer('e1', 3, 'abc')
  client.subscription.recovered()
}

describe('a collection', () => {
  it('subscribes from the position of its snapshot', async () => {
    await live()

    expect(client.subscription.since).toEqual({ epoch: 'e1', offset: 3 })
    expect(snapshots.asked).toEqual(['/snapshots/kpi%3A1'])
    expect(followed.value).toMatchObject({ status: 'live', data: 'abc', error: null })
  })

  it('applies each later publication once and in order', async () => {
    await live()

    client.subscription.publish(4, 'd')
    client.subscription.publish(5, 'e')
    client.subscription.publish(4, 'd')
    client.subscription.publish(5, 'e')

    expect(followed.value.data).toBe('abcde')
  })

  it('tells listeners once for publications that arrive together', async () => {
    await live()
    vi.advanceTimersByTime(0)
    shown = 0

    client.subscription.publish(4, 'd')
    client.subscription.publish(5, 'e')
    vi.advanceTimersByTime(0)

    expect(shown).toBe(1)
  })

  it('heals a gap by a snapshot and keeps what arrived meanwhile', async () => {
    await live()

    client.subscription.publish(6, 'f')
    client.subscription.publish(7, 'g')
    expect(followed.value).toMatchObject({ status: 'stale', data: 'abc' })
    vi.advanceTimersByTime(100)
    await snapshots.answer('e1', 6, 'abcdef')

    expect(followed.value).toMatchObject({ status: 'live', data: 'abcdefg' })
  })

  it('puts publications that arrive swapped into order', async () => {
    await live()

    client.subscription.publish(5, 'e')
    client.subscription.publish(4, 'd')
    vi.advanceTimersByTime(100)
    await snapshots.answer('e1', 4, 'abcd')

    expect(followed.value).toMatchObject({ status: 'live', data: 'abcde' })
  })

  it('takes several publications that the server has made one of, and no gap for them', async () => {
    await live()

    client.subscription.publishMerged(4, 6, 'def')
    client.subscription.publish(7, 'g')
    expect(followed.value).toMatchObject({ status: 'live', data: 'abcdefg' })
    // one of them is held already: rows of a state channel may be taken twice
    client.subscription.publishMerged(7, 8, 'h')
    expect(followed.value).toMatchObject({ status: 'live', data: 'abcdefgh' })
    client.subscription.publishMerged(10, 12, 'jkl')

    expect(followed.value.status).toBe('stale')
    expect(snapshots.asked).toHaveLength(1)
  })

  it('leaves an answer aside that comes after a later load has been answered', async () => {
    await live()
    followed.reload()
    followed.reload()
    const answerLate = snapshots.setAside()
    await snapshots.answer('e1', 5, 'abcde')
    followed.reload()

    await answerLate('e1', 3, 'abc')
    expect(followed.value).toMatchObject({ status: 'stale', data: 'abcde' })
    await snapshots.answer('e1', 6, 'abcdef')

    expect(followed.value).toMatchObject({ status: 'live', data: 'abcdef' })
  })

  it('keeps publications that arrive before the snapshot they follow', async () => {
    await live()
    client.subscription.unrecovered({ epoch: 'e2', offset: 2 })

    client.subscription.publish(3, 'c')
    client.subscription.publish(4, 'd')
    expect(followed.value).toMatchObject({ status: 'stale', data: 'abc' })
    await snapshots.answer('e2', 3, 'XYc')

    expect(followed.value).toMatchObject({ status: 'live', data: 'XYcd' })
  })

  it('goes on from what it has when it is cut and resumed', async () => {
    await live()

    client.subscription.emit('subscribing', {})
    expect(followed.value.status).toBe('stale')
    // the SDK hands on what was missed, then what is new
    client.subscription.publish(4, 'd')
    client.subscription.publish(5, 'e')
    client.subscription.recovered()
    client.subscription.publish(6, 'f')

    expect(followed.value).toMatchObject({ status: 'live', data: 'abcdef' })
    expect(snapshots.asked).toHaveLength(1)
  })

  it('takes a snapshot that failed at first, with what came in the meantime', async () => {
    await live()

    client.subscription.unrecovered({ epoch: 'e2', offset: 1 })
    await snapshots.refuse(503)
    expect(followed.value).toMatchObject({ status: 'failed', data: 'abc' })
    client.subscription.publish(2, 'Y')
    vi.advanceTimersByTime(100)
    await snapshots.answer('e2', 1, 'X')

    expect(followed.value).toMatchObject({ status: 'live', data: 'XY', error: null })
  })

  it('loads a snapshot again when recovery is refused', async () => {
    await live()

    client.subscription.unrecovered({ epoch: 'e1', offset: 9 })
    client.subscription.publish(10, 'j')
    client.subscription.publish(11, 'k')
    expect(followed.value).toMatchObject({ status: 'stale', data: 'abc' })
    await snapshots.answer('e1', 10, 'abcdefghij')

    expect(followed.value).toMatchObject({ status: 'live', data: 'abcdefghijk' })
  })

  it('does not believe a cached snapshot that is older than its subscription', async () => {
    await live()

    client.subscription.unrecovered({ epoch: 'e1', offset: 9 })
    await snapshots.answer('e1', 7, 'abcdefg')
    expect(followed.value.status).toBe('stale')
    vi.advanceTimersByTime(100)
    await snapshots.answer('e1', 9, 'abcdefghi')

    expect(followed.value).toMatchObject({ status: 'live', data: 'abcdefghi' })
  })

  it('waits for the new epoch where a snapshot is still of the old one', async () => {
    await live()

    client.subscription.unrecovered({ epoch: 'e2', offset: 1 })
    client.subscription.publish(2, 'Y')
    await snapshots.answer('e1', 5, 'abcde')
    expect(followed.value.status).toBe('stale')
    vi.advanceTimersByTime(100)
    await snapshots.answer('e2', 1, 'X')
    client.subscription.publish(3, 'Z')

    expect(followed.value).toMatchObject({ status: 'live', data: 'XYZ' })
  })

  it('says that its data is old while it is not subscribed', async () => {
    await live()

    client.subscription.emit('subscribing', {})
    expect(followed.value).toMatchObject({ status: 'stale', data: 'abc' })
    client.subscription.recovered()
    client.subscription.publish(4, 'd')

    expect(followed.value).toMatchObject({ status: 'live', data: 'abcd' })
  })

  it('tries again after a failed load, less and less often', async () => {
    await snapshots.refuse(503)
    expect(followed.value).toMatchObject({ status: 'failed', data: null })
    vi.advanceTimersByTime(100)
    await snapshots.refuse(503)
    vi.advanceTimersByTime(199)
    expect(snapshots.asked).toHaveLength(2)
    vi.advanceTimersByTime(1)

    await live()

    expect(followed.value).toMatchObject({ status: 'live', data: 'abc', error: null })
  })

  it('asks a refusing server again only when told to', async () => {
    await snapshots.refuse(403)
    vi.advanceTimersByTime(600_000)
    expect(snapshots.asked).toHaveLength(1)
    expect(followed.value.status).toBe('refused')

    followed.reload()
    await live()

    expect(followed.value.status).toBe('live')
  })

  it('subscribes anew after the server ended the subscription', async () => {
    await live()

    client.subscription.emit('unsubscribed', { code: 103, reason: 'permission denied' })
    expect(followed.value).toMatchObject({ status: 'refused', data: 'abc' })
    followed.reload()
    await snapshots.answer('e1', 8, 'abcdefgh')
    client.subscription.recovered()

    expect(client.opened).toHaveLength(2)
    expect(followed.value).toMatchObject({ status: 'live', data: 'abcdefgh' })
  })

  it('falls silent when it is closed', async () => {
    await live()
    vi.advanceTimersByTime(0)
    shown = 0

    followed.close()
    client.subscription.publish(4, 'd')
    vi.advanceTimersByTime(60_000)

    expect(shown).toBe(0)
    expect(client.removed).toBe(1)
  })
})

describe('shared collections', () => {
  it('keep one subscription to a channel until its last user leaves', async () => {
    const collections = sharedCollections({ client: client.asClient(), api: new FakeSnapshots() })
    const first = collections.open('lot:1', append)
    const second = collections.open('lot:1', append)

    first.close()
    first.close()
    const third = collections.open('lot:1', append)
    second.close()

    expect(third.value).toBe(second.value)
    third.close()
    expect(collections.open('lot:1', append).value).not.toBe(third.value)
  })
})
