// What a map draws, and what it leaves out.
import type { Place } from '@smartcloud/shared'
import { expect, test } from 'vitest'
import { bubbleHtml, crowdedIds } from '@/components/map/bubbles'
import { marksOf, outlinesOf } from '@/lib/marks'

const place = (id: string, free: number, unknown: number, name = id): Place => ({
  id, kind: 'lot', name, address: '', division_code: '', point: [114, 22], distance_m: 0, cell: 'c', total: 20, free, unknown, v: 1, price: { summary: '' },
})

test('a bubble says how many berths are free, and never a number where nothing is heard', () => {
  const texts = marksOf([place('a', 12, 0), place('b', 2, 0), place('c', 0, 0), place('d', 0, 20)], '').map(({ text }) => text)

  expect(texts).toEqual(['空12', '余2', '满', '暂无'])
})

test('of two bubbles in one spot the later shrinks, unless it is the chosen one', () => {
  const spots = [
    { id: 'a', x: 100, y: 100, chosen: false },
    { id: 'b', x: 120, y: 110, chosen: false },
    { id: 'c', x: 300, y: 100, chosen: false },
  ]

  expect([...crowdedIds(spots)]).toEqual(['b'])
  expect([...crowdedIds(spots.map((spot) => ({ ...spot, chosen: spot.id === 'b' })))]).toEqual(['a'])
})

test('a place name never reaches the markup of a bubble', () => {
  const [mark] = marksOf([place('a', 12, 0, '<img src=x onerror=alert(1)>')], 'a')

  expect(bubbleHtml(mark!, false)).toBe('<span class="bubble bubble-many bubble-lot bubble-chosen"><u>P</u><em>空<b>12</b></em></span>')
  expect(bubbleHtml(mark!, true)).toBe('<i class="bubble bubble-many bubble-lot bubble-chosen bubble-dot"></i>')
})

test('only places whose outline has come are outlined', () => {
  const drawn = outlinesOf([place('a', 1, 0), place('b', 1, 0)], new Map([['b', [[1, 1], [2, 2], [3, 1]]]]))

  expect(drawn.map(({ id }) => id)).toEqual(['b'])
})
