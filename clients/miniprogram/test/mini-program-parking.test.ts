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
  id: 'b1', stay_id: 's1', state: 'due', plate: STAY.plate, due: 300, waived: 0, paid: 0, open: 300, valid_until: null,
  lines: [{ text: '首小时 ¥3.00', amount: 300 }], issued_at: new Date().toISOString(),
}
const FEE = {
  at: new Date().toISOString(), amount: 300, open: 300, over_s: 0, changes_at: new Date(Date.now() + 600_000).toISOString(), next_amount: 400, bill: null,
  lines: [{ text: '首小时 ¥3.00', amount: 300, kind: 'rate', seconds: 3600, units: 1 }],
}
const SNAPSHOT = { channel: '#m1', epoch: 'e', offset: 0, data: { stays: [STAY], bills: [], wallet: { balance: 0, bonus: 0 } } }

test('a running stay ticks with its fee, and turns into a bill to pay when the server tells that it closed', async () => {
  const asked: string[] = []
  const phone = wechat(
    (call, _body, bearer) => {
      asked.push(call)
      if (call === 'POST /api/motorist/realtime-tokens') return { status: 200, body: { token: 'e30.e30.x' } }
      if (call === 'GET /api/time') return { status: 200, body: { now_ms: Date.now() } }
      if (bearer !== 'Bearer T') return { status: 401, body: { error: { code: 'login_required', message: '请先登录' } } }
      if (call === 'GET /api/motorist/snapshots/%23m1') return { status: 200, body: SNAPSHOT }
      if (call === 'GET /api/motorist/stays/s1/fee') return { status: 200, body: FEE }
      return { status: 404, body: null }
    },
    { stored: new Map<string, unknown>([['motorist-login', LOGIN]]), personal: '#m1' },
  )
  phone.start()

  const screen = phone.show('pages/parking/parking')
  await vi.waitFor(() => expect(screen.text()).toContain('现在缴费 ¥3.00'), 5_000)
  const running = screen.text()
  phone.socket.publish('#m1', { fact: 'StayClosed', at_ms: Date.now(), stay: { ...STAY, state: 'closed', left_at: new Date().toISOString(), amount: 300 } })
  phone.socket.publish('#m1', { fact: 'BillIssued', at_ms: Date.now(), bill: BILL })
  await vi.waitFor(() => expect(screen.text()).toContain('待付 ¥3.00'), 5_000)

  expect(running).toContain('1:00:0')
  expect(running).toContain('粤B·12345')
  expect(running).toContain('泊位 F-007')
  expect(running).toContain('增至 ¥4.00')
  expect(screen.text()).toContain('现在没有正在停的车')
  expect(asked.filter((call) => call.includes('/snapshots/'))).toHaveLength(1)
})
