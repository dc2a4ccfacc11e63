// @vitest-environment jsdom
// The built mini-program's login, in a stand-in for WeChat: an ended one is forgotten, a new one takes over the connection.
import { expect, test, vi } from 'vitest'
import { wechat } from './wechat'

const LOGIN = { token: 'new', expires_at: '2999-01-01T00:00:00Z', account: { id: 'm1', name: '', phone: '138****0001' } }

test('an ended login is forgotten without losing the connection, and a phone code begins the next', async () => {
  const calls: string[] = []
  const stored = new Map<string, unknown>([['motorist-login', { ...LOGIN, token: 'ended' }]])
  const phone = wechat(
    (call, body, bearer) => {
      calls.push(`${call} ${bearer}`)
      if (bearer === 'Bearer ended') return { status: 401, body: { error: { code: 'login_required', message: '请先登录' } } }
      if (call === 'POST /api/motorist/realtime-tokens') return { status: 200, body: { token: 'e30.e30.x' } }
      if (call === 'POST /api/motorist/login-codes') return { status: 202, body: { expires_in_s: 300, resend_in_s: 60 } }
      if (call === 'POST /api/motorist/logins') {
        const right = JSON.stringify(body) === JSON.stringify({ phone: '13800000001', code: '123456' })
        return right ? { status: 200, body: LOGIN } : { status: 401, body: { error: { code: 'wrong_login_code', message: '验证码不正确' } } }
      }
      return { status: 200, body: { now_ms: Date.now(), items: [] } }
    },
    { stored },
  )
  phone.start()
  await vi.waitFor(() => expect(calls).toContain('POST /api/motorist/realtime-tokens '), 5_000)
  expect(stored.has('motorist-login')).toBe(false)

  const screen = phone.show('pages/login/login')
  const type = (field: number, value: string) => screen.page.querySelectorAll('.input')[field].dispatchEvent('input', { detail: { value } })
  type(0, '13800000001')
  await vi.waitFor(() => expect(screen.page.querySelector('.send').dom.className).not.toContain('off'))
  screen.page.querySelector('.send').dispatchEvent('tap')
  await vi.waitFor(() => expect(screen.text()).toMatch(/\d+ 秒后重发/))
  type(1, '000000')
  await vi.waitFor(() => expect(screen.page.querySelector('.main-button').dom.className).not.toContain('off'))
  screen.page.querySelector('.main-button').dispatchEvent('tap')
  await vi.waitFor(() => expect(screen.text()).toContain('验证码不正确'))
  expect(stored.has('motorist-login')).toBe(false)
  type(1, '123456')
  await vi.waitFor(() => expect(screen.page.querySelector('.main-button').dom.className).not.toContain('off'))
  screen.page.querySelector('.main-button').dispatchEvent('tap')

  await vi.waitFor(() => expect(stored.get('motorist-login')).toEqual(LOGIN), 5_000)
  await vi.waitFor(() => expect(calls).toContain('POST /api/motorist/realtime-tokens Bearer new'), 5_000)
})
