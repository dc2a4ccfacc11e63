// The HTTP side: a small typed request function with the audience's token and the server's errors.

export type Audience = 'motorist' | 'patrol' | 'console'

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: string
  headers: Record<string, string>
  body?: string
}

/** What carries requests: `fetch` in browsers, `wx.request` in WeChat. Rejects only when nothing answered. */
export type SendRequest = (request: HttpRequest) => Promise<{ status: number; body: unknown }>

export type FieldErrors = Record<string, string[]>

/** A refusal by the server, or `network_unreachable` (status 0) where no answer came. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly fields: FieldErrors

  constructor(status: number, code: string, message: string, fields: FieldErrors = {}) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.fields = fields
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>

export interface Api {
  readonly audience: Audience
  /** Paths are below `/api/{audience}` unless they start with `/api/`. */
  get<T>(path: string, query?: Query): Promise<T>
  post<T>(path: string, body?: unknown, headers?: Record<string, string>): Promise<T>
  put<T>(path: string, body?: unknown, headers?: Record<string, string>): Promise<T>
  delete<T = void>(path: string): Promise<T>
}

export interface ApiOptions {
  audience: Audience
  /** Scheme and host where the page itself does not come from the server, as in WeChat. */
  origin?: string
  token?: () => string | null
  send?: SendRequest
  /** Called when a sent token is no longer accepted. */
  onSignedOut?: () => void
}

// 15 s: longer than any endpoint's own limit, shorter than people wait before they tap again.
const TIMEOUT_MS = 15_000

/** Carries requests by `fetch`. */
export function sendByFetch(fetchFunction: typeof fetch = fetch): SendRequest {
  return async ({ method, url, headers, body }) => {
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), TIMEOUT_MS)
    try {
      const init: RequestInit = { method, headers, signal: abort.signal }
      if (body !== undefined) init.body = body
      const response = await fetchFunction(url, init)
      const text = await response.text()
      return { status: response.status, body: text === '' ? null : parseJson(text) }
    } finally {
      clearTimeout(timer)
    }
  }
}

// A proxy in between may answer with a page of its own.
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

export function createApi({ audience, origin = '', token, send = sendByFetch(), onSignedOut }: ApiOptions): Api {
  async function request<T>(
    method: HttpRequest['method'],
    path: string,
    body?: unknown,
    extraHeaders: Record<string, string> = {},
  ): Promise<T> {
    const bearer = token?.() ?? null
    const headers: Record<string, string> = { Accept: 'application/json', ...extraHeaders }
    if (bearer !== null) headers.Authorization = `Bearer ${bearer}`
    const sent: HttpRequest = { method, url: origin + addressOf(audience, path), headers }
    if (body !== undefined) {
      headers['Content-Type'] = 'application/json'
      sent.body = JSON.stringify(body)
    }
    const answer = await send(sent).catch(() => {
      throw new ApiError(0, 'network_unreachable', '网络不可用，请检查网络后重试')
    })
    if (answer.status >= 200 && answer.status < 300) return answer.body as T
    if (answer.status === 401 && bearer !== null) onSignedOut?.()
    throw readError(answer.status, answer.body)
  }

  return {
    audience,
    get: (path, query = {}) => request('GET', path + queryString(query)),
    post: (path, body = {}, headers = {}) => request('POST', path, body, headers),
    put: (path, body = {}, headers = {}) => request('PUT', path, body, headers),
    delete: (path) => request('DELETE', path),
  }
}

const addressOf = (audience: Audience, path: string): string =>
  path.startsWith('/api/') ? path : `/api/${audience}${path}`

// URLSearchParams is missing in WeChat.
function queryString(query: Query): string {
  const parts = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
  return parts.length > 0 ? `?${parts.join('&')}` : ''
}

function readError(status: number, body: unknown): ApiError {
  const error = (body as { error?: { code?: string; message?: string; fields?: FieldErrors } } | null)?.error
  const fallback = status >= 500 ? '服务暂时不可用，请稍后重试' : '请求没有成功'
  return new ApiError(status, error?.code ?? `http_${status}`, error?.message ?? fallback, error?.fields)
}
