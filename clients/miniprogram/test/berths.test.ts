// The order in which a driver passes berths.
import type { BerthOutline, Point } from '@smartcloud/shared'
import { expect, test } from 'vitest'
import { byCode, kerbsOf, shortCode } from '@/lib/berths'

const square = ([lng, lat]: Point): Point[] => [
  [lng, lat],
  [lng + 0.00002, lat],
  [lng + 0.00002, lat + 0.00002],
  [lng, lat + 0.00002],
]
const berth = (code: string, at: Point): BerthOutline => ({ id: code, code, polygon: square(at) })
const codes = (berths: BerthOutline[]) => berths.map(({ code }) => code)

test('berths of a slanted street come in the order of the kerb, the lower code first', () => {
  const street = [3, 1, 4, 2, 0].map((step) => berth(`N-${10 + step}`, [114 + step * 0.00005, 22 + step * 0.00007]))

  expect(codes(kerbsOf(street)[0]!.berths)).toEqual(['N-10', 'N-11', 'N-12', 'N-13', 'N-14'])
})

test('a street numbered against the compass still starts at its lowest code', () => {
  const street = [0, 1, 2].map((step) => berth(`N-${3 - step}`, [114 + step * 0.00006, 22]))

  expect(codes(kerbsOf(street)[0]!.berths)).toEqual(['N-1', 'N-2', 'N-3'])
})

test('a street with berths on both sides has two kerbs, named by where they lie and read in one direction', () => {
  const west = [0, 6, 300].map((north_m, step) => berth(`W${step + 1}`, [114, 22 + north_m / 111_195]))
  const east = [3, 200, 206].map((north_m, step) => berth(`X${step + 4}`, [114.0002, 22 + north_m / 111_195]))

  const northwards = kerbsOf([...east, ...west])
  const southwards = kerbsOf([...east, ...west].map((one) => ({ ...one, code: `${9 - Number(one.code[1])}` })))

  expect(northwards.map(({ side, berths }) => [side, codes(berths)])).toEqual([
    ['west', ['W1', 'W2', 'W3']],
    ['east', ['X4', 'X5', 'X6']],
  ])
  expect(southwards.map(({ side, berths }) => [side, codes(berths)])).toEqual([
    ['east', ['3', '4', '5']],
    ['west', ['6', '7', '8']],
  ])
})

test('berths without a drawing come by code, numbers read as numbers', () => {
  const bare = ['A10', 'A2', 'A1'].map((code) => ({ id: code, code, polygon: [] }))

  expect(codes(kerbsOf(bare)[0]!.berths)).toEqual(['A1', 'A2', 'A10'])
  expect(codes(byCode(bare))).toEqual(['A1', 'A2', 'A10'])
})

test('a box shows the part of the code that differs', () => {
  expect(shortCode('FT01-017')).toBe('017')
  expect(shortCode('A012')).toBe('A012')
  expect(shortCode('甲乙丙丁')).toBe('乙丙丁')
})
