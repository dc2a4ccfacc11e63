// Lets the `centrifuge` SDK run in WeChat: a `WebSocket` class over `wx.connectSocket`, asleep while the app is hidden.

import type { Realtime } from './realtime'

export interface WeChatSocketTask {
  send(options: { data: string }): void
  close(options: { code: number; reason: string }): void
  onOpen(listener: () => void): void
  onMessage(listener: (message: { data: string | ArrayBuffer }) => void): void
  onClose(listener: (closing: { code?: number; reason?: string }) => void): void
  onError(listener: (problem: { errMsg?: string }) => void): void
}

/** The part of `wx` (or `uni`) that sockets need. */
export interface WeChatSockets {
  connectSocket(options: {
    url: string
    fail: (problem: { errMsg?: string }) => void
    complete: () => void
  }): WeChatSocketTask | undefined
}

/** The part of `wx` (or `uni`) that tells when the app is hidden and shown. */
export interface WeChatLifecycle {
  onAppHide(listener: () => void): void
  onAppShow(listener: () => void): void
}

interface Closing {
  code: number
  reason: string
}

// 1006 is what browsers report where the other side sent no close frame.
const NO_CLOSE_FRAME = 1006

/**
 * Makes the class to pass as `websocket` to `connectRealtime`. Of its sockets one is open at a time: WeChat allows five,
 * counts one that is still closing, and delivers events of sockets that were given up.
 */
export function weChatWebSocket(wx: WeChatSockets): new (url: string) => object {
  let newest: { close(): void } | null = null
  return class WeChatSocket {
    onopen: (() => void) | null = null
    onmessage: ((event: { data: string | ArrayBuffer }) => void) | null = null
    onclose: ((event: Closing) => void) | null = null
    onerror: ((event: { message: string }) => void) | null = null
    private readonly task: WeChatSocketTask | undefined
    private closed = false

    constructor(url: string) {
      newest?.close()
      newest = this
      // With `complete` given, uni.connectSocket returns the task instead of a promise.
      this.task = wx.connectSocket({ url, fail: (problem) => this.fail(problem), complete: () => undefined })
      // With five sockets open already there is no task, and `fail` may come at once or later.
      this.task?.onOpen(() => this.closed || this.onopen?.())
      this.task?.onMessage(({ data }) => this.closed || this.onmessage?.({ data }))
      this.task?.onClose(({ code = NO_CLOSE_FRAME, reason = '' }) => this.finish({ code, reason }))
      this.task?.onError((problem) => this.fail(problem))
    }

    send(data: string): void {
      this.task?.send({ data })
    }

    close(code = 1000, reason = ''): void {
      if (this.closed) return
      // WeChat does not always deliver the close event of a socket we close.
      this.task?.close({ code, reason })
      this.finish({ code, reason })
    }

    private fail({ errMsg = '' }: { errMsg?: string }): void {
      if (this.closed) return
      this.onerror?.({ message: errMsg })
      // Whoever made us listens only after that.
      if (this.task === undefined) setTimeout(() => this.finish({ code: NO_CLOSE_FRAME, reason: errMsg }), 0)
      else this.finish({ code: NO_CLOSE_FRAME, reason: errMsg })
    }

    private finish(closing: Closing): void {
      if (this.closed) return
      this.closed = true
      if (newest === this) newest = null
      this.onclose?.(closing)
    }
  }
}

// WeChat cuts sockets about 5 s after the app is hidden; closing at 4 s leaves nothing half open.
const HIDE_GRACE_MS = 4_000

/** Closes the connection soon after the app is hidden, and opens it at once when it is shown. */
export function sleepWhileHidden(realtime: Pick<Realtime, 'sleep' | 'wake'>, wx: WeChatLifecycle, now = Date.now): void {
  let hidden_ms: number | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  wx.onAppHide(() => {
    hidden_ms = now()
    clearTimeout(timer)
    timer = setTimeout(() => realtime.sleep(), HIDE_GRACE_MS)
  })
  wx.onAppShow(() => {
    clearTimeout(timer)
    // Timers may be suspended with the app: then the socket is dead although nobody closed it.
    if (hidden_ms !== null && now() - hidden_ms >= HIDE_GRACE_MS) realtime.sleep()
    hidden_ms = null
    realtime.wake()
  })
}
