// A browser's socket that the server is ending: what screens let go of meanwhile is not said to it.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { connectRealtime, type Api, type Realtime } from '../src'

/** A WebSocket as browsers have it: what is sent once it is closing is thrown away, and complained about. */
class BrowserSocket {
  static readonly CONNECTING = 0
  static readonly OPEN = 1
  static readonly CLOSING = 2
  static readonly CLOSED = 3
  static opened: BrowserSocket[] = []
  static complaints: string[] = []
  readyState = BrowserSocket.CONNECTING
  sent: string[] = []
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number; reason: string }) => void) | null = null
  onerror: (() => void) | null = null

  constructor(readonly url: string) {
    BrowserSocket.opened.push(this)
    setTimeout(() => {
      this.readyState = BrowserSocket.OPEN
      this.onopen?.()
    }, 0)
  }

  send(data: string): void {
    if (this.readyState === BrowserSocket.CONNECTING) throw new Error('InvalidStateError')
    if (this.readyState !== BrowserSocket.OPEN) {
      BrowserSocket.complaints.push(`WebSocket is already in CLOSING or CLOSED state: ${data}`)
      return
    }
    this.sent.push(data)
    for (const line of data.split('\n')) this.answer(JSON.parse(line) as { id: number; connect?: object; subscribe?: object; unsubscribe?: object })
  }

  close(): void {
    this.readyState = BrowserSocket.CLOSED
  }

  /** The server's close frame: the browser answers it, and tells of the end when the connection is gone. */
  beginClosing(): void {
    this.readyState = BrowserSocket.CLOSING
  }

  finishClosing(): void {
    this.readyState = BrowserSocket.CLOSED
    this.onclose?.({ code: 3011, reason: 'shutdown' })
  }

  private answer(command: { id: number; connect?: object; subscribe?: object; unsubscribe?: object }): void {
    if (command.connect) this.say({ id: command.id, connect: { client: 'c1', ping: 25, pong: true } })
    if (command.subscribe) this.say({ id: command.id, subscribe: { recoverable: true, positioned: true, epoch: 'e', offset: 0 } })
    if (command.unsubscribe) this.say({ id: command.id, unsubscribe: {} })
  }

  private say(reply: object): void {
    setTimeout(() => this.onmessage?.({ data: JSON.stringify(reply) }), 0)
  }
}

let realtime: Realtime

beforeEach(() => {
  vi.useFakeTimers()
  BrowserSocket.opened = []
  BrowserSocket.complaints = []
  vi.stubGlobal('WebSocket', BrowserSocket)
})

afterEach(() => {
  realtime.sleep()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

async function connected(): Promise<BrowserSocket> {
  const api = { audience: 'console', post: async () => ({ token: 'jwt' }) } as unknown as Api
  realtime = connectRealtime({ api, origin: 'wss://city.example' })
  await vi.advanceTimersByTimeAsync(5)
  expect(realtime.connection.value.state).toBe('connected')
  return BrowserSocket.opened[0] as BrowserSocket
}

const follow = (channel: string) => {
  const subscription = realtime.client.newSubscription(channel)
  subscription.subscribe()
  return subscription
}

it('is told nothing of a page that changes while the server ends it, and the next one follows the new page', async () => {
  const socket = await connected()
  const old = follow('map:ws107')
  await vi.advanceTimersByTimeAsync(5)

  socket.beginClosing()
  realtime.client.removeSubscription(old)
  follow('kpi:city')
  await vi.advanceTimersByTimeAsync(50)
  expect(BrowserSocket.complaints).toEqual([])
  socket.finishClosing()
  await vi.advanceTimersByTimeAsync(5_000)

  const next = BrowserSocket.opened[1] as BrowserSocket
  expect(realtime.connection.value.state).toBe('connected')
  expect(next.sent.join('\n')).toContain('kpi:city')
  expect(next.sent.join('\n')).not.toContain('map:ws107')
  expect(BrowserSocket.complaints).toEqual([])
})

it('answers no ping that came just before the close', async () => {
  const socket = await connected()

  socket.beginClosing()
  socket.onmessage?.({ data: '{}' })
  await vi.advanceTimersByTimeAsync(5)

  expect(BrowserSocket.complaints).toEqual([])
})

it('is still told everything while it is open', async () => {
  const socket = await connected()
  follow('map:ws107')
  await vi.advanceTimersByTimeAsync(5)
  socket.onmessage?.({ data: '{}' })
  await vi.advanceTimersByTimeAsync(5)

  expect(socket.sent.join('\n')).toContain('map:ws107')
  expect(socket.sent[socket.sent.length - 1]).toBe('{}')
})
