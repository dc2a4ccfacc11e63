// Stands in for WeChat around the built mini-program: its API as far as the program calls it, and one server.
import { cpSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const require = createRequire(import.meta.url)
const BUILT = join(import.meta.dirname, '../dist/build/mp-weixin')

type Answer = { status: number; body: unknown }
/** Answers a call written as `GET /api/…`; `bearer` is the token it came with. */
type Route = (call: string, body: unknown, bearer: string) => Answer
interface Call {
  url: string
  method: string
  data?: string
  header: Record<string, string>
  success: (answer: { statusCode: number; data: unknown }) => void
}

/** The socket as the server sees it: it accepts all, and publishes when told to. */
export class ServerSocket {
  readonly channels: string[] = []
  private hear: (message: { data: string }) => void = () => undefined
  private offset = 0

  /** The account's own channel, subscribed by the server when there is one. */
  constructor(private readonly personal?: string) {}

  readonly task = {
    onOpen: (opened: () => void) => queueMicrotask(opened),
    onMessage: (hear: (message: { data: string }) => void) => (this.hear = hear),
    onClose: () => undefined,
    onError: () => undefined,
    close: () => undefined,
    send: ({ data }: { data: string }) => queueMicrotask(() => data.split('\n').forEach((line) => this.answer(JSON.parse(line)))),
  }

  publish(channel: string, data: unknown): void {
    this.offset += 1
    this.tell({ push: { channel, pub: { data, offset: this.offset } } })
  }

  private answer(command: { id?: number; connect?: unknown; subscribe?: { channel: string } }): void {
    if (command.connect) {
      const subs = this.personal ? { [this.personal]: { recoverable: true, positioned: true, epoch: 'e', offset: 0 } } : {}
      this.tell({ id: command.id, connect: { client: 'c1', version: '1', ping: 25, pong: true, subs } })
    }
    if (command.subscribe) {
      this.channels.push(command.subscribe.channel)
      this.tell({ id: command.id, subscribe: { recoverable: true, positioned: true, epoch: 'e', offset: 0, recovered: true } })
    }
  }

  private tell(reply: unknown): void {
    this.hear({ data: JSON.stringify(reply) })
  }
}

/** WeChat with this program in it: run its start, then show pages by their path. */
export function wechat(route: Route, { stored = new Map<string, unknown>(), personal = '' } = {}) {
  const socket = new ServerSocket(personal)
  const shown: { url: string }[] = []
  const opened: { appId: string; path: string; extraData: object }[] = []
  const windowInfo = { windowWidth: 390, windowHeight: 800, statusBarHeight: 44, pixelRatio: 3, screenHeight: 844, safeArea: {} }
  const nothing = () => undefined
  const wx: Record<string, unknown> = {
    canIUse: () => true,
    getSystemInfoSync: () => ({ ...windowInfo, platform: 'devtools', SDKVersion: '3.8.0', language: 'zh_CN', model: '', system: '' }),
    getWindowInfo: () => windowInfo,
    getDeviceInfo: () => ({ platform: 'devtools', model: '', system: '' }),
    getAppBaseInfo: () => ({ SDKVersion: '3.8.0', language: 'zh_CN', theme: 'light' }),
    getMenuButtonBoundingClientRect: () => ({ top: 48, left: 296, right: 383, bottom: 80, width: 87, height: 32 }),
    getAccountInfoSync: () => ({ miniProgram: { appId: 'touristappid' } }),
    getLaunchOptionsSync: () => ({}),
    getEnterOptionsSync: () => ({}),
    getStorageSync: (key: string) => stored.get(key) ?? '',
    setStorageSync: (key: string, value: unknown) => void stored.set(key, value),
    removeStorageSync: (key: string) => void stored.delete(key),
    getLocation: ({ fail }: { fail: (problem: object) => void }) => fail({ errMsg: 'getLocation:fail auth deny' }),
    createMapContext: () => ({ getRegion: nothing, moveToLocation: nothing }),
    connectSocket: () => socket.task,
    request: ({ url, method, data, header, success }: Call) => {
      const path = url.replace(/^https?:\/\/[^/]+/, '')
      const { status, body } = route(`${method} ${path}`, data ? JSON.parse(data) : null, header.Authorization ?? '')
      queueMicrotask(() => success({ statusCode: status, data: body }))
    },
    login: ({ success }: { success: (login: { code: string; errMsg: string }) => void }) => success({ code: 'code-1', errMsg: 'login:ok' }),
    navigateToMiniProgram: (options: (typeof opened)[number] & { success?: (answer: object) => void }) => {
      opened.push(options)
      options.success?.({ errMsg: 'navigateToMiniProgram:ok' })
    },
    navigateTo: (options: { url: string }) => shown.push(options),
  }
  for (const name of ['onAppShow', 'onAppHide', 'onError', 'onNetworkStatusChange', 'onThemeChange', 'onWindowResize', 'showToast']) wx[name] = nothing

  // uni-app's output is CommonJS; beside our own package.json it would be read as ES modules.
  const root = mkdtempSync(join(tmpdir(), 'mp-weixin-'))
  cpSync(BUILT, root, { recursive: true })
  writeFileSync(join(root, 'package.json'), '{"type":"commonjs"}')

  const scope = globalThis as Record<string, unknown>
  const simulate = require('miniprogram-simulate')
  let app: Record<string, ((options: object) => void) | undefined> = {}
  Object.assign(scope, {
    wx,
    App: (options: typeof app) => (app = options),
    Page: nothing,
    getApp: () => app,
    getCurrentPages: () => [],
  })

  return {
    root,
    socket,
    shown,
    opened,
    start(): void {
      require(join(root, 'app.js'))
      app.onLaunch?.({})
      app.onShow?.({})
    },
    show(page: string) {
      const id = simulate.load(join(root, page), 'page', { rootPath: root, compiler: 'official' })
      const shownPage = simulate.render(id)
      const holder = document.createElement('div')
      document.body.append(holder)
      shownPage.attach(holder)
      return { page: shownPage, text: () => (holder.textContent ?? '').replace(/\s+/g, ' '), holder }
    },
  }
}
