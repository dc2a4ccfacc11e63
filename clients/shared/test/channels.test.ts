import { describe, expect, it } from 'vitest'
import { countBerths, foldBerths, foldKpi, foldPlaces, readBerthRow, type BerthState, type Kpi } from '../src'

describe('rows of a berth channel', () => {
  it('count only when their version is newer', () => {
    const held = foldBerths(null, { berths: [['A1', 'free', 90, 1, 5], ['A2', 'free', 90, 1, 5]] })

    const next = foldBerths(held, { berths: [['A1', 'occupied', 80, 2, 6], ['A2', 'occupied', 80, 2, 4]] })

    expect(next.get('A1')?.state).toBe('occupied')
    expect(next.get('A2')?.state).toBe('free')
    expect(held.get('A1')?.state).toBe('free')
  })

  it('leave the held state as it is when none is newer', () => {
    const held = foldBerths(null, { berths: [['A1', 'free', 90, 1, 5]] })

    expect(foldBerths(held, { berths: [['A1', 'occupied', 80, 2, 5]] })).toBe(held)
  })

  it('carry the stay on staff channels only', () => {
    const stay = { id: 's1', plate: { number: '粤B12345', color: 'blue' as const }, arrived_ms: 7 }
    expect(readBerthRow(['A1', 'occupied', 80, 2, 6, stay]).stay).toEqual(stay)
    expect(readBerthRow(['A1', 'occupied', 80, 2, 6]).stay).toBeNull()
  })

  it('never show a state we do not know as free', () => {
    expect(readBerthRow(['A1', 'reserved' as BerthState, 80, 2, 6]).state).toBe('unknown')
  })

  it('are counted by state', () => {
    const held = foldBerths(null, { berths: [['A1', 'free', 90, 1, 5], ['A2', 'unknown', 0, 1, 5], ['A3', 'free', 1, 1, 1]] })
    expect(countBerths(held.values())).toMatchObject({ free: 2, unknown: 1, occupied: 0 })
  })
})

describe('counts of a map cell and figures of a city', () => {
  it('count only when their version is newer', () => {
    const held = foldPlaces(null, { places: [['p1', 10, 4, 1, 2]] })
    expect(foldPlaces(held, { places: [['p1', 10, 9, 1, 2]] })).toBe(held)
    expect(foldPlaces(held, { places: [['p1', 10, 3, 1, 3]] }).get('p1')?.free).toBe(3)

    const kpi = { total: 10, v: 4 } as Kpi
    expect(foldKpi(kpi, { total: 11, v: 4 } as Kpi)).toBe(kpi)
    expect(foldKpi(kpi, { total: 11, v: 5 } as Kpi).total).toBe(11)
  })
})
