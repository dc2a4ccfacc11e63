// @vitest-environment jsdom
// The built mini-program itself, in a stand-in for WeChat: what its first screen shows and how it stays live.
import { expect, test, vi } from 'vitest'
import { wechat } from './wechat'

const PLACE = {
  id: 'p1', kind: 'section', name: '福华一路', address: '福田区福华一路', division_code: '440304', point: [114.0589, 22.5431],
  distance_m: 103, cell: 'ws10k', total: 30, free: 12, unknown: 1, v: 1, price: { summary: '首小时 ¥3' },
}
const ROWS = [['p1', 30, 12, 1, 1]]

function server(call: string) {
  if (call.startsWith('GET /api/motorist/places?')) return { status: 200, body: { items: [PLACE], as_of: '' } }
  if (call.startsWith('GET /api/motorist/places/p1')) return { status: 200, body: { ...PLACE, outline: [[114, 22], [114, 22.1], [114.1, 22]] } }
  if (call === 'GET /api/time') return { status: 200, body: { now_ms: Date.now() } }
  if (call === 'POST /api/motorist/realtime-tokens') return { status: 200, body: { token: 'e30.e30.x' } }
  if (call === 'GET /api/motorist/snapshots/map%3Aws10k') {
    return { status: 200, body: { channel: 'map:ws10k', epoch: 'e', offset: 0, data: { places: ROWS } } }
  }
  return { status: 404, body: { error: { code: 'not_found', message: call } } }
}

test('the first screen lists places near the city centre and follows their counts', async () => {
  const phone = wechat(server)
  phone.start()

  const screen = phone.show('pages/find/find')
  await vi.waitFor(() => expect(screen.text()).toContain('福华一路'), 5_000)
  const before = screen.text()
  await vi.waitFor(() => expect(phone.socket.channels).toEqual(['map:ws10k']), 5_000)
  phone.socket.publish('map:ws10k', { places: [['p1', 30, 0, 1, 2]] })
  await vi.waitFor(() => expect(screen.text()).toContain('已满'), 5_000)

  expect(before).toContain('12')
  expect(before).toContain('空位多')
  expect(before).toContain('未获得定位，当前显示市中心')
  expect(screen.text()).not.toContain('空位多')
})
