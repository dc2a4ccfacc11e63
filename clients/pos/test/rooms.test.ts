import { describe, expect, it } from 'vitest'
import type { PatrolSection, PlaceCounts } from '@smartcloud/shared'
import { withCounts } from '../src/composables/rooms'

const SECTION: PatrolSection = {
  id: 's1', name: '福华路', division: { code: '440304', name: '福田区' }, cell: 'ws107',
  total: 10, free: 4, occupied: 3, unknown: 1, out_of_service: 2, v: 5,
}
const counts = (changes: Partial<PlaceCounts>) => new Map([['s1', { place_id: 's1', total: 10, free: 4, unknown: 1, v: 6, ...changes }]])

describe('a listed section', () => {
  it('shows newer counts of its map cell', () => {
    expect(withCounts(SECTION, counts({ free: 6 }))).toMatchObject({ free: 6, occupied: 1, unknown: 1, out_of_service: 2, v: 6 })
  })

  it('stays as it is where there are none, or older ones', () => {
    expect(withCounts(SECTION, undefined)).toBe(SECTION)
    expect(withCounts(SECTION, new Map())).toBe(SECTION)
    expect(withCounts(SECTION, counts({ free: 9, v: 5 }))).toBe(SECTION)
  })

  it('never counts more berths than there are', () => {
    const shown = withCounts(SECTION, counts({ free: 9, unknown: 0 }))
    expect(shown.free + shown.occupied + shown.unknown + shown.out_of_service).toBe(10)
    expect(shown.out_of_service).toBe(1)
  })
})
