// Figures, coordinates, money still to pay, and what may be typed.
import { distanceM, wgs84ToGcj02, type Bill, type Point, type Stay } from '@smartcloud/shared'
import { expect, test } from 'vitest'
import { leftToPay, pastRecords, runningStays } from '@/lib/bills'
import { stopwatch, walkMinutes } from '@/lib/figures'
import { gcj02ToWgs84 } from '@/lib/gcj02'
import { isLoginCode, isPhone } from '@/lib/phone'

test('a running stay counts hours past a day, and a clock ahead of the server counts as zero', () => {
  expect(stopwatch(5_125_000)).toBe('1:25:25')
  expect(stopwatch(90_061_000)).toBe('25:01:01')
  expect(stopwatch(-3_000)).toBe('0:00:00')
})

test('a walk takes at least a minute', () => {
  expect(walkMinutes(3)).toBe(1)
  expect(walkMinutes(600)).toBe(11)
})

test('a point shifted for a Chinese map and back is the same point to a centimetre', () => {
  for (const point of [[114.0579, 22.5431], [121.47, 31.23], [87.6, 43.8]] as Point[]) {
    expect(distanceM(gcj02ToWgs84(wgs84ToGcj02(point)), point)).toBeLessThan(0.01)
  }
})

const bill = (state: Bill['state'], due: number, paid: number): Bill => ({
  id: 'b', stay_id: 's1', state, plate: { number: '粤B12345', color: 'blue' }, due, waived: 0, paid, open: due - paid, given_up: 0, valid_until: null, lines: [], issued_at: '2026-11-23T01:00:00Z',
})
const stay = (id: string, arrived_at: string, left_at: string | null, state = 'open'): Stay => ({
  id, state, plate: null, place: { id: 'p', name: '福华一路' }, berth_code: '1', arrived_at, left_at, amount: null,
})

test('a bill asks for what is due and not yet paid, and a withdrawn one for nothing', () => {
  expect(leftToPay(bill('due', 900, 500))).toBe(400)
  expect(leftToPay(bill('withdrawn', 900, 0))).toBe(0)
})

test('stays are parted into running and past, the latest first, with the bills in force', () => {
  const stays = [
    stay('s1', '2026-11-22T01:00:00Z', '2026-11-22T02:00:00Z', 'closed'),
    stay('s2', '2026-11-23T01:00:00Z', null),
    stay('s3', '2026-11-23T00:00:00Z', null, 'void'),
  ]

  const records = pastRecords(stays, [bill('due', 1, 0), { ...bill('withdrawn', 2, 0), id: 'older' }])

  expect(runningStays(stays).map(({ id }) => id)).toEqual(['s2'])
  expect(records.map((record) => [record.stay.id, record.bill?.id ?? null])).toEqual([['s3', null], ['s1', 'b']])
})

test('only mainland mobile numbers and six digits may be sent', () => {
  expect(['13800000001', '19912345678'].every(isPhone)).toBe(true)
  expect(['12800000001', '1380000000', '138000000011', ''].some(isPhone)).toBe(false)
  expect(isLoginCode('012345')).toBe(true)
  expect(isLoginCode('12345')).toBe(false)
})
