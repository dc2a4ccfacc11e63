// What the answer of the server means for a recorded plate.
import { describe, expect, it } from 'vitest'
import { createApi, type HttpRequest } from '@smartcloud/shared'
import { outcomeOf, sendPlate } from '../src/offline/send'
import { berth, blue, entry, NOON_MS, stay } from './fixtures'

const ACCEPTED = { stay: { id: 'stay-1', state: 'open', plate: blue('粤B12345'), arrived_at: '2026-11-23T03:50:00Z' } }

/** An API whose server answers a plate and a snapshot with the given ones, and remembers what it was asked. */
function server(plateAnswer: { status: number; body: unknown }, parked = stay(null)) {
  const asked: HttpRequest[] = []
  const { code, state, confidence, since_ms, v } = berth('occupied')
  const snapshot = { channel: '', epoch: 'e', offset: 1, data: { berths: [[code, state, confidence, since_ms, v, parked]] } }
  const api = createApi({
    audience: 'patrol',
    send: async (request) => {
      asked.push(request)
      return request.method === 'GET' ? { status: 200, body: snapshot } : plateAnswer
    },
  })
  return { api, asked }
}

const refusal = (status: number, code: string) => ({ status, body: { error: { code, message: '说明' } } })

describe('a plate sent at once', () => {
  it('is posted to its berth under its own key', async () => {
    const { api, asked } = server({ status: 200, body: ACCEPTED })

    const outcome = await sendPlate(api, entry({ berth_id: 'b/1', stay_id: 'stay-1' }), NOON_MS)

    expect(outcome).toEqual({ kind: 'accepted' })
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({ method: 'POST', url: '/api/patrol/berths/b%2F1/plate' })
    expect(asked[0]?.headers['Idempotency-Key']).toBe('id-1')
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ number: '粤B12345', color: 'blue', stay_id: 'stay-1' })
  })

  it.each([
    [409, 'berth_has_no_stay'],
    [409, 'plate_has_open_stay'],
    [422, 'invalid'],
    [404, 'not_found'],
    [403, 'forbidden'],
  ])('is refused for good by %i %s', async (status, code) => {
    const { api } = server(refusal(status, code))

    const outcome = await sendPlate(api, entry(), NOON_MS)

    expect(outcome).toEqual({ kind: 'refused', refusal: { status, code, message: '说明' } })
  })

  it.each([500, 502, 503, 504, 408, 425, 429])('waits for a better time after %i', async (status) => {
    const { api } = server({ status, body: null })

    expect(await sendPlate(api, entry(), NOON_MS)).toEqual({ kind: 'unreachable' })
  })

  it('waits when nothing answers at all', async () => {
    const api = createApi({ audience: 'patrol', send: () => Promise.reject(new TypeError('Failed to fetch')) })

    expect(await sendPlate(api, entry(), NOON_MS)).toEqual({ kind: 'unreachable' })
  })

  it('waits for a new login after 401', async () => {
    const { api } = server(refusal(401, 'login_ended'))

    expect(await sendPlate(api, entry(), NOON_MS)).toEqual({ kind: 'logged_out' })
  })

  it('is not taken for sent when the login page of a public network answers', async () => {
    const { api } = server({ status: 200, body: null })

    expect(await sendPlate(api, entry(), NOON_MS)).toEqual({ kind: 'unreachable' })
  })
})

describe('a plate that waited', () => {
  const later_ms = NOON_MS + 20 * 60_000

  it('leaves it to the server whether its stay still stands', async () => {
    const { api, asked } = server(refusal(409, 'stay_changed'), stay(null, -15, 'stay-2'))

    const outcome = await sendPlate(api, entry({ stay_id: 'stay-1' }), later_ms)

    expect(outcome).toMatchObject({ kind: 'refused', refusal: { code: 'stay_changed' } })
    expect(asked.map(({ method }) => method)).toEqual(['POST'])
  })

  it('is sent when no stay was known and the car had come before', async () => {
    const { api, asked } = server({ status: 200, body: ACCEPTED }, stay(null, 10, 'stay-1'))

    const outcome = await sendPlate(api, entry({ stay_id: null }), later_ms)

    expect(outcome).toEqual({ kind: 'accepted' })
    expect(asked.map(({ method }) => method)).toEqual(['GET', 'POST'])
  })

  it('is judged by the time of arrival when no stay was known', async () => {
    const { api } = server({ status: 200, body: ACCEPTED }, stay(null, -15, 'stay-2'))

    const outcome = await sendPlate(api, entry({ stay_id: null }), later_ms)

    expect(outcome).toMatchObject({ kind: 'refused', refusal: { code: 'stay_changed' } })
  })
})

it('does not swallow an error that is not of the API', () => {
  expect(() => outcomeOf(new RangeError('bug'))).toThrow(RangeError)
})
