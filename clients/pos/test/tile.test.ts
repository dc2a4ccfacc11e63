// How berths look on the grid and how the filters count them.
import { describe, expect, it } from 'vitest'
import type { Berth } from '@smartcloud/shared'
import { LOOK_MARKS } from '../src/berths/looks'
import { belongs, countByFilter, matches, nextUnplated, showTile, takesPlate, type RecordedPlate } from '../src/berths/tile'
import { berth, blue, NOON_MS, stay } from './fixtures'

const show = (shown: Berth | undefined, recorded?: RecordedPlate, id = 'berth-1') =>
  showTile({ id, code: '433001', sensor: true }, shown, recorded, NOON_MS)

describe('the look', () => {
  it.each([
    ['free', null, 'free'],
    ['pending_occupied', stay(null), 'arriving'],
    ['occupied', stay(blue('粤B12345')), 'occupied'],
    ['occupied', stay(null), 'unplated'],
    ['occupied', null, 'unplated'],
    ['pending_free', stay(blue('粤B12345')), 'leaving'],
    ['unknown', stay(blue('粤B12345')), 'unknown'],
    ['out_of_service', null, 'out_of_service'],
  ] as const)('of %s with stay %j is %s', (state, parked, look) => {
    expect(show(berth(state, parked)).look).toBe(look)
  })

  it('of a berth the server never spoke of is unknown, not free', () => {
    expect(show(undefined)).toMatchObject({ look: 'unknown', minutes: null, confidence: null })
  })

  it('is never told by colour alone: no two looks share pattern and mark', () => {
    const signs = Object.values(LOOK_MARKS).map(({ pattern, glyph }) => `${pattern} ${glyph}`)

    expect(new Set(signs).size).toBe(signs.length)
  })
})

describe('the minutes', () => {
  it('count from the arrival of the car', () => {
    expect(show(berth('occupied', stay(null, 42))).minutes).toBe(42)
  })

  it('count from the beginning of the state where no car stands', () => {
    expect(show(berth('free')).minutes).toBe(5)
  })

  it('never go below zero when the clock of the server runs ahead', () => {
    expect(show(berth('occupied', stay(null, -1))).minutes).toBe(0)
  })
})

describe('a plate recorded here', () => {
  const waiting: RecordedPlate = { plate: blue('粤B54321'), stay_id: 'stay-1', waits: true }

  it('is shown at once and marked as waiting', () => {
    const tile = show(berth('occupied', stay(null)), waiting)

    expect(tile).toMatchObject({ look: 'occupied', plate: blue('粤B54321'), plate_waits: true })
  })

  it('is not shown once the berth is free', () => {
    expect(show(berth('free'), waiting)).toMatchObject({ look: 'free', plate: null, plate_waits: false })
  })

  it('is not shown on the next car', () => {
    const tile = show(berth('occupied', stay(null, 1, 'stay-2')), waiting)

    expect(tile).toMatchObject({ look: 'unplated', plate: null })
  })
})

describe('the filters', () => {
  const tiles = [
    show(berth('free')),
    show(berth('occupied', stay(blue('粤B12345'), 30)), undefined, 'plated'),
    show(berth('occupied', stay(null, 12)), undefined, 'short'),
    show(berth('occupied', stay(null, 50)), undefined, 'long'),
    show(berth('pending_occupied', stay(null, 0))),
    show(berth('pending_free', stay(blue('湘A7K92Q')))),
    show(berth('unknown')),
    show(berth('out_of_service')),
  ]

  it('count a car that comes or goes as occupied, and unknown as nothing else', () => {
    expect(countByFilter(tiles)).toEqual({ all: 8, occupied: 5, unplated: 3, free: 1, unknown: 1 })
  })

  it('show as many tiles as they count', () => {
    const counts = countByFilter(tiles)
    for (const filter of ['all', 'occupied', 'unplated', 'free', 'unknown'] as const) {
      expect(tiles.filter((tile) => belongs(tile, filter))).toHaveLength(counts[filter])
    }
  })

  it('offer the unplated car that has waited longest as the next one', () => {
    expect(nextUnplated(tiles, 'elsewhere')?.berth_id).toBe('long')
    expect(nextUnplated(tiles, 'long')?.berth_id).toBe('short')
    expect(nextUnplated(tiles.slice(0, 2), 'elsewhere')).toBeUndefined()
  })
})

it('takes a plate only where a stay can be', () => {
  expect(takesPlate(show(berth('occupied', stay(null))))).toBe(true)
  expect(takesPlate(show(berth('unknown')))).toBe(true)
  expect(takesPlate(show(berth('free')))).toBe(false)
  expect(takesPlate(show(berth('out_of_service')))).toBe(false)
})

it('is found by a part of its code or of its plate, dots and case aside', () => {
  const tile = show(berth('occupied', stay(blue('粤B12A45'))))

  expect(matches(tile, '3300')).toBe(true)
  expect(matches(tile, '粤b·12a')).toBe(true)
  expect(matches(tile, '')).toBe(true)
  expect(matches(tile, '湘')).toBe(false)
})
