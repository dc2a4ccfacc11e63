// @vitest-environment jsdom
// The built mini-program's autopay screen, in a stand-in for WeChat: what WeChat says of a car, and the way to put it right.
import { expect, test, vi } from 'vitest'
import { wechat } from './wechat'

const LOGIN = { token: 'T', expires_at: '2999-01-01T00:00:00Z', account: { id: 'm1', name: '', phone: '138****0001' } }
const PLATE = { number: '粤B12345', color: 'blue' }
const DEBIT = {
  stay_id: 's1', plate: PLATE, place_name: '桃园路', arrived_at: '2026-05-20T08:00:00Z', left_at: '2026-05-20T10:00:00Z', outcome: 'left', state: 'closed',
  block: 'paused', closing: 'blocked', attempt: 1, again_at: null, amount: 600, paid_at: null, bill_id: 'b1', open: 600,
}
const OWN = {
  grounds: [{ operator: '鹏城停车', everywhere: false, places: 7, limit: 10_000 }],
  vehicles: [{ id: 'v1', plate: PLATE, preferred: true, standing: null, block: null, told_at: null }],
  debits: [DEBIT],
}
const PAGE = { app_id: 'wx-service', path: '/pages/service', told: { plate_number: PLATE.number } }

interface Node {
  dom: HTMLElement
  querySelector(selector: string): Node
  dispatchEvent(name: string): void
}

/** A component inside of the page, which its own `querySelector` reaches by the class that a scoped style gives it. */
function componentOf(page: { querySelectorAll(selector: string): Node[] }, holder: HTMLElement, name: string): Node {
  const scope = holder.querySelector(name)!.className.split(' ').map((one) => one.replace('page--', '')).find((one) => one.startsWith('data-v-'))
  return page.querySelectorAll(`.${scope}`).find(({ dom }) => dom.tagName.toLowerCase() === name)!
}

test('a paused service is called so, is resumed on its own page, and the answer is asked for anew', async () => {
  let service = 'paused'
  const asked: string[] = []
  const phone = wechat(
    (call, _body, bearer) => {
      asked.push(call)
      if (call === 'POST /api/motorist/realtime-tokens') return { status: 200, body: { token: 'e30.e30.x' } }
      if (call === 'GET /api/time') return { status: 200, body: { now_ms: Date.now() } }
      if (call === 'POST /api/motorist/wechat-openids') return { status: 200, body: { openid: 'o1' } }
      if (bearer !== 'Bearer T') return { status: 401, body: { error: { code: 'login_required', message: '请先登录' } } }
      if (call === 'GET /api/motorist/autopay') return { status: 200, body: OWN }
      if (call === 'GET /api/motorist/vehicles/v1/autopay?payer=o1') return { status: 200, body: { service, page: PAGE, repay: PAGE } }
      return { status: 404, body: null }
    },
    { stored: new Map<string, unknown>([['motorist-login', LOGIN]]), personal: '#m1' },
  )
  phone.start()

  const screen = phone.show('pages/autopay/autopay')
  await vi.waitFor(() => expect(screen.text()).toContain('已暂停'), 5_000)
  const before = screen.text()
  componentOf(screen.page, screen.holder, 'autopay-vehicle').querySelector('.main-button').dispatchEvent('tap')
  await vi.waitFor(() => expect(phone.opened).toHaveLength(1))
  service = 'normal'
  phone.socket.publish('#m1', { fact: 'ParkingEntryChanged', at_ms: Date.now(), stay_id: 's2', attempt: 1, state: 'normal', block: null, closing: null })
  await vi.waitFor(() => expect(screen.text()).toContain('已开通'), 5_000)

  expect(before).toContain('鹏城停车 · 7 个停车点')
  expect(before).toContain('单笔不超过 ¥100.00')
  expect(before).toContain('去微信恢复')
  expect(before).toContain('未扣费，请手动缴')
  expect(before).toContain('去缴费 ¥6.00')
  expect(phone.opened[0]).toMatchObject({ appId: 'wx-service', path: '/pages/service', extraData: PAGE.told })
  expect(asked.filter((call) => call.includes('wechat-openids'))).toHaveLength(1)
})
