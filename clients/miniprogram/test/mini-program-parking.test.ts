// @vitest-environment jsdom
// The built mini-program's own-parking screens, in a stand-in for WeChat: live through the account's channel.
import { expect, test, vi } from 'vitest'
import { wechat } from './wechat'

const LOGIN = { token: 'T', expires_at: '2999-01-01T00:00:00Z', account: { id: 'm1', name: '', phone: '138****0001' } }
const STAY = {
  id: 's1', state: 'running', plate: { number: '粤B12345', color: 'blue' }, place: { id: 'p1', name: '福华一路' }, berth_code: 'F-007',
  arrived_at: new Date(Date.now() - 3_600_000).toISOString(), left_at: null as string | null, amount: null as number | null,
}
const BILL = {
  id: 'b1', stay_id: 's1', state: 'due', due: 300, paid: 0, lines: [{ text: '首小时 ¥3.00', amount: 300 }], issued_at: new Date().toISOString(),
}

test('a running stay ticks, and turns into a bill to pay when the server tells that it closed', async () => {
  let stays = [STAY]
  let bills: (typeof BILL)[] = []
  const phone = wechat(
    (call, _body, bearer) => {
      if (call === 'POST /api/motorist/realtime-tokens') return { status: 200, body: { token: 'e30.e30.x' } }
      if (call === 'GET /api/time') return { status: 200, body: { now_ms: Date.now() } }
      if (bearer !== 'Bearer T') return { status: 401, body: { error: { code: 'login_required', message: '请先登录' } } }
      if (call === 'GET /api/motorist/stays') return { status: 200, body: { items: stays } }
      if (call === 'GET /api/motorist/bills') return { status: 200, body: { items: bills } }
      return { status: 404, body: null }
    },
    { stored: new Map<string, unknown>([['motorist-login', LOGIN]]), personal: '#m1' },
  )
  phone.start()

  const screen = phone.show('pages/parking/parking')
  await vi.waitFor(() => expect(screen.text()).toContain('正在停车'), 5_000)
  const running = screen.text()
  stays = [{ ...STAY, state: 'closed', left_at: new Date().toISOString(), amount: 300 }]
  bills = [BILL]
  await vi.waitFor(() => {
    phone.socket.publish('#m1', { fact: 'BillIssued', at_ms: Date.now() })
    expect(screen.text()).toContain('待付 ¥3.00')
  }, 5_000)

  expect(running).toContain('1:00:0')
  expect(running).toContain('粤B·12345')
  expect(running).toContain('泊位 F-007')
  expect(screen.text()).toContain('现在没有正在停的车')
})
