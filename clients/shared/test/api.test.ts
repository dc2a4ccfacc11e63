import { describe, expect, it } from 'vitest'
import { ApiError, createApi, sendByWeChat, type HttpRequest } from '../src'

function answering(status: number, body: unknown) {
  const sent: HttpRequest[] = []
  const send = async (request: HttpRequest) => {
    sent.push(request)
    return { status, body }
  }
  return { sent, send }
}

describe('the API', () => {
  it('speaks to its audience with the token it was given', async () => {
    const { sent, send } = answering(200, { items: [] })
    const api = createApi({ audience: 'motorist', origin: 'https://city.example', token: () => 't1', send })

    await api.get('/places', { near: '114.05,22.54', kind: undefined, limit: 50 })
    await api.get('/api/time')

    expect(sent.map(({ url }) => url)).toEqual([
      'https://city.example/api/motorist/places?near=114.05%2C22.54&limit=50',
      'https://city.example/api/time',
    ])
    expect(sent[0]?.headers.Authorization).toBe('Bearer t1')
  })

  it('throws the server’s own code, message and fields', async () => {
    const { send } = answering(422, { error: { code: 'invalid', message: '车牌不存在', fields: { number: ['格式不对'] } } })
    const api = createApi({ audience: 'patrol', send })

    const refusal = await api.post('/berths/b1/plate', { number: 'x' }).catch((error: unknown) => error)

    expect(refusal).toBeInstanceOf(ApiError)
    expect(refusal).toMatchObject({ status: 422, code: 'invalid', message: '车牌不存在', fields: { number: ['格式不对'] } })
  })

  it('tells when a token is no longer accepted, but not when a password is wrong', async () => {
    let signedOut = 0
    const { send } = answering(401, { error: { code: 'login_expired', message: '' } })
    const onSignedOut = () => (signedOut += 1)

    await createApi({ audience: 'console', send, onSignedOut }).post('/logins').catch(() => undefined)
    expect(signedOut).toBe(0)
    await createApi({ audience: 'console', send, onSignedOut, token: () => 't1' }).get('/me').catch(() => undefined)

    expect(signedOut).toBe(1)
  })

  it('calls an answer that never came a network problem', async () => {
    const api = createApi({ audience: 'console', send: () => Promise.reject(new TypeError('Failed to fetch')) })

    await expect(api.get('/me')).rejects.toMatchObject({ status: 0, code: 'network_unreachable' })
  })

  it('survives a proxy’s page instead of JSON', async () => {
    const api = createApi({ audience: 'console', send: answering(502, null).send })

    await expect(api.get('/me')).rejects.toMatchObject({ status: 502, code: 'http_502' })
  })
})

describe('requests in WeChat', () => {
  it('carry the body as text and bring back what was answered', async () => {
    let seen: Record<string, unknown> = {}
    const send = sendByWeChat({
      request(options) {
        seen = options
        options.success({ statusCode: 202, data: { expires_in_s: 300 } })
      },
    })

    const answer = await send({ method: 'POST', url: 'u', headers: {}, body: '{"phone":"1"}' })

    expect(seen).toMatchObject({ method: 'POST', data: '{"phone":"1"}' })
    expect(answer).toEqual({ status: 202, body: { expires_in_s: 300 } })
  })
})
