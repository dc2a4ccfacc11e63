import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError, connectRealtime, sleepWhileHidden, weChatWebSocket, type Api, type Realtime, type WeChatSocketTask } from '../src'

/** A WeChat whose server answers each connect command. */
class FakeWeChat {
  tasks: FakeTask[] = []
  private hide = (): void => undefined
  private show = (): void => undefined

  connectSocket({ url }: { url: string }): WeChatSocketTask {
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
    const command = JSON.parse(data) as { id: number; connect?: object }
    if (command.connect !== undefined) {
      this.emit('message', { data: JSON.stringify({ id: command.id, connect: { client: 'c1', ping: 25, pong: true } }) })
    }
  }

  close(): void {
    // As in WeChat on some phones: no close event follows.
    this.closed = true
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
  wx = new FakeWeChat()
  answerToken = async () => ({ token: 'jwt-1' })
})

afterEach(() => {
  realtime.sleep()
  vi.useRealTimers()
})

async function connect(): Promise<void> {
  const api = { audience: 'motorist', post: () => answerToken() } as unknown as Api
  realtime = connectRealtime({ api, origin: 'wss://city.example', websocket: weChatWebSocket(wx) })
  await vi.advanceTimersByTimeAsync(1)
}

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

  it('stops asking when its account is signed out', async () => {
    answerToken = () => Promise.reject(new ApiError(401, 'login_expired', '登录已过期'))
    await connect()
    await vi.advanceTimersByTimeAsync(60_000)

    expect(realtime.connection.value.state).toBe('disconnected')
    expect(wx.tasks).toHaveLength(0)
  })
})
