// Picking, ordering and refreshing the places of the list.
import type { Place, Point } from '@smartcloud/shared'
import { expect, test } from 'vitest'
import { arrange, cellsOf, chosenFirst, withCounts } from '@/lib/place'

const CENTER: Point = [114.0579, 22.5431]

function place(id: string, kind: Place['kind'], north_m: number, name = id, cell = 'ws10k'): Place {
  const point: Point = [CENTER[0], CENTER[1] + north_m / 111_195]
  const price = { summary: '' }
  return { id, kind, name, address: '福田区', division_code: '440304', point, distance_m: 0, cell, total: 10, free: 5, unknown: 0, v: 3, price }
}

const PLACES = [place('far', 'lot', 900, '会展中心停车场'), place('near', 'section', 100, '福华一路'), place('middle', 'lot', 400, '图书馆停车场')]

test('places are listed by their distance from the driver', () => {
  const listed = arrange(PLACES, { segment: 'all', words: '', from: CENTER })

  expect(listed.map(({ id }) => id)).toEqual(['near', 'middle', 'far'])
  expect(listed.map(({ distance_m }) => distance_m)).toEqual([100, 400, 900])
})

test('a segment keeps its kind, and words must all be in the name or the address', () => {
  const lots = arrange(PLACES, { segment: 'lot', words: '', from: CENTER })
  const found = arrange(PLACES, { segment: 'all', words: ' 停车场  会展 ', from: CENTER })

  expect(lots.map(({ id }) => id)).toEqual(['middle', 'far'])
  expect(found.map(({ id }) => id)).toEqual(['far'])
})

test('only newer counts replace the ones held', () => {
  const held = place('a', 'lot', 0)

  const late = withCounts(held, { place_id: 'a', total: 10, free: 9, unknown: 0, v: 3 })
  const next = withCounts(held, { place_id: 'a', total: 10, free: 4, unknown: 1, v: 4 })

  expect(late).toBe(held)
  expect(next).toMatchObject({ free: 4, unknown: 1, v: 4 })
  expect(withCounts(held, undefined)).toBe(held)
})

test('each cell is followed once, and the chosen place heads the list', () => {
  const places = [place('a', 'lot', 0, 'a', 'ws10m'), place('b', 'lot', 1), place('c', 'lot', 2)]

  expect(cellsOf(places)).toEqual(['ws10k', 'ws10m'])
  expect(chosenFirst(places, 'c').map(({ id }) => id)).toEqual(['c', 'a', 'b'])
  expect(chosenFirst(places, '')).toEqual(places)
})
