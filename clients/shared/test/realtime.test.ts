import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  ApiError,
  connectRealtime,
  livenessOf,
  OFFLINE_AFTER_MS,
  sleepWhileHidden,
  weChatWebSocket,
  type Api,
  type ConnectionView,
  type Realtime,
  type WeChatSocketTask,
} from '../src'

/** A WeChat whose server answers each connect command. */
class FakeWeChat {
  tasks: FakeTask[] = []
  full = false
  private hide = (): void => undefined
  private show = (): void => undefined

  connectSocket({ url, fail }: { url: string; fail: (problem: { errMsg?: string }) => void }): WeChatSocketTask | undefined {
    if (this.full) {
      fail({ errMsg: 'connectSocket:fail exceed max socket count 5' })
      return undefined
    }
    const task = new FakeTask(url)
    this.tasks.push(task)
    return task
  }

  onAppHide(listener: () => void): void {
    this.hide = listener
  }

  onAppShow(listener: () => void): void {
    this.show = listener
  }

  goAway(): void {
    this.hide()
  }

  comeBack(): void {
    this.show()
  }

  get task(): FakeTask {
    return this.tasks[this.tasks.length - 1] as FakeTask
  }
}

class FakeTask implements WeChatSocketTask {
  /** For how long the server takes the token of a connect; null for ever. */
  static ttl_s: number | null = null
  closed = false
  sent: string[] = []
  private readonly listeners: Record<string, (event: never) => void> = {}

  constructor(readonly url: string) {
    setTimeout(() => this.emit('open', {}), 0)
  }

  onOpen(listener: () => void): void {
    this.listeners.open = listener
  }
  onMessage(listener: (message: { data: string }) => void): void {
    this.listeners.message = listener
  }
  onClose(listener: (closing: { code?: number }) => void): void {
    this.listeners.close = listener
  }
  onError(listener: (problem: { errMsg?: string }) => void): void {
    this.listeners.error = listener
  }

  send({ data }: { data: string }): void {
    this.sent.push(data)
    const command = JSON.parse(data) as { id: number; connect?: object; refresh?: object }
    if (command.connect !== undefined) {
      const expiry = FakeTask.ttl_s === null ? {} : { expires: true, ttl: FakeTask.ttl_s }
      this.answer({ id: command.id, connect: { client: 'c1', ping: 25, pong: true, ...expiry } })
    }
    if (command.refresh !== undefined) this.answer({ id: command.id, refresh: { client: 'c1', expires: true, ttl: 600 } })
  }

  close(): void {
    // As in WeChat on some phones: no close event follows.
    this.closed = true
  }

  answer(reply: object): void {
    this.emit('message', { data: JSON.stringify(reply) })
  }

  emit(event: string, context: object): void {
    this.listeners[event]?.(context as never)
  }
}

let wx: FakeWeChat
let realtime: Realtime
let answerToken: () => Promise<{ token: string }>

beforeEach(() => {
  vi.useFakeTimers()
  FakeTask.ttl_s = null
  wx = new FakeWeChat()
  answerToken = async () => ({ token: 'jwt-1' })
})

afterEach(() => {
  // Tests of the class alone have none.
  ;(realtime as Realtime | undefined)?.sleep()
  vi.useRealTimers()
})

async function connect(): Promise<void> {
  const api = { audience: 'motorist', post: () => answerToken() } as unknown as Api
  realtime = connectRealtime({ api, origin: 'wss://city.example', websocket: weChatWebSocket(wx) })
  await vi.advanceTimersByTimeAsync(1)
}

describe('the class that looks like a WebSocket', () => {
  it('ends once, whether WeChat tells of a failure, of a close, or of both', () => {
    const endings: object[] = []
    const WeChatSocket = weChatWebSocket(wx) as new (url: string) => { onclose: (closing: object) => void; close(): void }
    const socket = new WeChatSocket('wss://city.example')
    socket.onclose = (closing) => endings.push(closing)

    wx.task.emit('error', { errMsg: 'fail timeout' })
    wx.task.emit('close', { code: 1006 })
    socket.close()

    expect(endings).toEqual([{ code: 1006, reason: 'fail timeout' }])
  })

  it('closes the one before it', () => {
    const WeChatSocket = weChatWebSocket(wx)
    for (let i = 0; i < 8; i += 1) new WeChatSocket('wss://city.example')

    expect(wx.tasks.map(({ closed }) => closed)).toEqual([true, true, true, true, true, true, true, false])
  })
})

describe('what people are told of the connection', () => {
  const since = (state: ConnectionView['state'], ms_ago: number): ConnectionView => ({ state, since_ms: 100_000 - ms_ago, last_connected_ms: null })

  it('is live, being repaired, or offline', () => {
    expect(livenessOf(since('connected', 60_000), 100_000)).toBe('live')
    expect(livenessOf(since('connecting', 14_999), 100_000)).toBe('reconnecting')
    expect(livenessOf(since('asleep', 0), 100_000)).toBe('reconnecting')
    expect(livenessOf(since('connecting', OFFLINE_AFTER_MS), 100_000)).toBe('offline')
    expect(livenessOf(since('disconnected', 0), 100_000)).toBe('offline')
    expect(livenessOf(since('connecting', 0), 100_000, false)).toBe('offline')
  })
})

describe('the live connection in WeChat', () => {
  it('connects with a token of its audience, never in the address', async () => {
    await connect()

    expect(realtime.connection.value.state).toBe('connected')
    expect(wx.task.url).toBe('wss://city.example/connection/websocket')
    expect(wx.task.sent[0]).toContain('jwt-1')
  })

  it('says since when it is cut, and comes back by itself', async () => {
    await connect()

    wx.task.emit('close', { code: 1006 })
    expect(realtime.connection.value.state).toBe('connecting')
    expect(realtime.connection.value.last_connected_ms).toBe(Date.now())
    await vi.advanceTimersByTimeAsync(20_000)

    expect(wx.tasks.length).toBeGreaterThan(1)
    expect(realtime.connection.value.state).toBe('connected')
  })

  it('sleeps when the app stays hidden and wakes when it is shown', async () => {
    await connect()
    sleepWhileHidden(realtime, wx)

    wx.goAway()
    await vi.advanceTimersByTimeAsync(4_000)
    expect(realtime.connection.value.state).toBe('asleep')
    expect(wx.task.closed).toBe(true)
    wx.comeBack()
    await vi.advanceTimersByTimeAsync(1)

    expect(wx.tasks).toHaveLength(2)
    expect(realtime.connection.value.state).toBe('connected')
  })

  it('keeps the socket through a short look away', async () => {
    await connect()
    sleepWhileHidden(realtime, wx)

    wx.goAway()
    await vi.advanceTimersByTimeAsync(1_000)
    wx.comeBack()
    await vi.advanceTimersByTimeAsync(10_000)

    expect(wx.tasks).toHaveLength(1)
  })

  it('replaces the socket where the phone suspended our timers', async () => {
    await connect()
    let now_ms = 0
    sleepWhileHidden(realtime, wx, () => now_ms)

    wx.goAway()
    now_ms = 600_000
    wx.comeBack()
    await vi.advanceTimersByTimeAsync(1)

    expect(wx.tasks).toHaveLength(2)
  })

  it('brings a new token before the old one ends, on the same socket', async () => {
    FakeTask.ttl_s = 5
    await connect()
    answerToken = async () => ({ token: 'jwt-2' })
    await vi.advanceTimersByTimeAsync(6_000)

    expect(wx.tasks).toHaveLength(1)
    expect(wx.task.sent.some((text) => text.includes('refresh') && text.includes('jwt-2'))).toBe(true)
    expect(realtime.connection.value.state).toBe('connected')
  })

  it('notices a half-open socket before anybody looks at an old screen for 30 s', async () => {
    await connect()
    await vi.advanceTimersByTimeAsync(29_000)

    // no ping came: the socket was dropped, and another one opened
    expect(wx.tasks.length).toBeGreaterThan(1)
    expect(realtime.connection.value.state).toBe('connected')
  })

  it('never has two sockets at a time, and hears nothing of one that it gave up', async () => {
    await connect()
    const first = wx.task
    realtime.restart()
    await vi.advanceTimersByTimeAsync(1)
    first.emit('message', { data: '{"push":{"disconnect":{"code":3500,"reason":"stale"}}}' })
    first.emit('close', { code: 3500, reason: 'stale' })
    first.emit('error', { errMsg: 'stale' })
    await vi.advanceTimersByTimeAsync(10_000)

    expect(first.closed).toBe(true)
    expect(wx.tasks.filter(({ closed }) => !closed)).toHaveLength(1)
    expect(realtime.connection.value.state).toBe('connected')
  })

  it('tries again where WeChat has no socket left to give', async () => {
    wx.full = true
    await connect()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(realtime.connection.value.state).toBe('connecting')

    wx.full = false
    await vi.advanceTimersByTimeAsync(10_000)

    expect(realtime.connection.value.state).toBe('connected')
  })

  it('stops when the server ends it for good, until it is started anew', async () => {
    await connect()
    wx.task.emit('close', { code: 3500, reason: 'invalid token' })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(realtime.connection.value.state).toBe('disconnected')

    realtime.restart()
    await vi.advanceTimersByTimeAsync(1)

    expect(realtime.connection.value.state).toBe('connected')
  })

  it('stops asking when its account is signed out', async () => {
    answerToken = () => Promise.reject(new ApiError(401, 'login_expired', '登录已过期'))
    await connect()
    await vi.advanceTimersByTimeAsync(60_000)

    expect(realtime.connection.value.state).toBe('disconnected')
    expect(wx.tasks).toHaveLength(0)
  })
})
