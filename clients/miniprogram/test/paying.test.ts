// How somebody can pay here, what is sent twice alike, and which bills wait.
import type { Bill, EvidenceEntry, Intent } from '@smartcloud/shared'
import { expect, test, vi } from 'vitest'
import { ref } from 'vue'
import { readYuan } from '@/lib/amount'
import { payableBills, sumToPay } from '@/lib/bills'
import { useChoosing } from '@/lib/choosing'
import { addressOf, countdown, providersOf, sceneOf, surfaceOf, wishName } from '@/lib/paying'

vi.mock('@/locale', () => ({ t: (key: string) => key }))

const NOW = Date.parse('2026-11-26T04:00:00Z')
const bill = (id: string, open: number, issued_at: string, valid_until: string | null = null): Bill => ({
  id, stay_id: `stay-${id}`, state: open ? 'due' : 'paid', plate: { number: '粤B12345', color: 'blue' },
  due: 500, waived: 0, paid: 500 - open, open, given_up: 0, valid_until, lines: [], issued_at,
})
const intent = (client: Record<string, string>): Intent => ({
  id: 'i1', purpose: 'bills', state: 'pending', provider: 'wechat', scene: 'h5', amount: 500, description: '', expires_at: '', client,
})

test('a phone goes to the cashier, a desk shows a code, and WeChat pays by itself', () => {
  expect(sceneOf(surfaceOf('Mozilla/5.0 (iPhone; CPU iPhone OS 18)'), 'wechat')).toBe('h5')
  expect(sceneOf(surfaceOf('Mozilla/5.0 (X11; Linux x86_64)'), 'wechat')).toBe('native')
  expect(sceneOf('wechat', 'wechat')).toBe('jsapi')
  expect(providersOf('wechat')).toEqual(['wechat'])
})

test('the same bills in another order are the same wish, by another method another one', () => {
  const wish = (ids: string[]) => ({ kind: 'bills' as const, ids, amount: 500 })

  expect(wishName(wish(['a', 'b']), 'wechat')).toBe(wishName(wish(['b', 'a']), 'wechat'))
  expect(wishName(wish(['a', 'b']), 'wechat')).not.toBe(wishName(wish(['a', 'b']), 'alipay'))
})

test('a cashier is told where to come back to', () => {
  expect(addressOf(intent({ h5_url: 'https://pay.example/x?a=1' }), 'https://city.example/m/?intent=i1')).toBe(
    'https://pay.example/x?a=1&redirect_url=https%3A%2F%2Fcity.example%2Fm%2F%3Fintent%3Di1',
  )
  expect(addressOf(intent({ code_url: 'weixin://x' }), '')).toBeNull()
})

test('bills wait in the order in which they are paid, and a price that ran out waits for nobody', () => {
  const bills = [
    bill('new', 300, '2026-11-26T03:00:00Z'),
    bill('old', 200, '2026-11-25T03:00:00Z'),
    bill('paid', 0, '2026-11-25T03:00:00Z'),
    bill('ran-out', 100, '2026-11-26T03:00:00Z', '2026-11-26T03:15:00Z'),
    bill('good', 50, '2026-11-26T03:55:00Z', '2026-11-26T04:10:00Z'),
  ]

  const waiting = payableBills(bills, NOW)

  expect(waiting.map(({ id }) => id)).toEqual(['old', 'new', 'good'])
  expect(sumToPay(waiting)).toBe(550)
})

test('all bills are chosen until one is left out, and one that comes later is chosen too', () => {
  const rows = ref([{ id: 'a' }, { id: 'b' }])
  const choosing = useChoosing(rows)

  choosing.toggle('a')
  rows.value = [...rows.value, { id: 'c' }]
  expect(choosing.chosen.value.map(({ id }) => id)).toEqual(['b', 'c'])

  choosing.toggleAll()
  expect(choosing.all.value).toBe(true)
})

test('yuan are read to the fen, and nothing else is an amount', () => {
  expect(['50', '0.5', '12.34', '1.'].map(readYuan)).toEqual([5_000, 50, 1_234, 100])
  expect(['', '1.234', '-1', '1e3', 'x'].map(readYuan)).toEqual([null, null, null, null, null])
})

test('a countdown ends at nothing', () => {
  expect(countdown('2026-11-26T04:14:59Z', NOW)).toBe('14:59')
  expect(countdown('2026-11-26T03:00:00Z', NOW)).toBe('0:00')
})

test('evidence tells what a driver understands, and leaves out what was not believed', async () => {
  const { tellEvidence } = await import('@/lib/evidence')
  const entry = (kind: EvidenceEntry['kind'], said: EvidenceEntry['said'], by: string | null = null): EvidenceEntry => ({ at: '2026-11-26T01:00:00Z', kind, id: kind, by, device_id: null, said })

  const told = tellEvidence([
    entry('reading', { kind: 'arrived', verdict: 'applied', plate: null }),
    entry('reading', { kind: 'arrived', verdict: 'duplicate', plate: null }),
    entry('reading', { kind: 'heartbeat', verdict: 'applied', plate: null }),
    entry('photo', { kind: 'patrol' }),
    entry('payment', { provider: 'wechat', amount: 600 }),
    entry('refund', { state: 'closed', amount: 600, reason: '误收' }),
    entry('review', { outcome: null, statement: '不在现场', remark: '' }, 'self'),
  ])

  expect(told.map(({ text }) => text)).toEqual(['stay.entry.arrived', 'stay.entry.photo.patrol', 'stay.entry.payment', 'stay.entry.refund.other', 'stay.entry.review'])
  expect(told[1]?.photo).toBe(true)
  expect(told[4]?.note).toBe('不在现场')
})
