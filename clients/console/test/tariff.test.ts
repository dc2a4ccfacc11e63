// How rows are written, read and laid over a day.
import { describe, expect, it } from 'vitest'
import { endsWith, nextChange_ms, willBeInForce } from '../src/tariffs/places'
import { barsOf, clock, methodOf, priceOf, readClock, readSeasons, readSteps, seasonsText, stepsText, withMethod } from '../src/tariffs/terms'
import type { PlaceUsing, Rate, TariffRow, Terms } from '../src/tariffs/types'
import { emptyRate } from '../src/tariffs/whole'

const terms = (...rates: Partial<Rate>[]): Terms =>
  ({ rates: rates.map((rate) => ({ ...emptyRate(), ...rate })), days: [], vehicles: ['small'], caps: [] }) as unknown as Terms

describe('texts of a row', () => {
  it.each(['00:00', '07:30', '24:00'])('reads the clock %s as it is written', (text) => {
    expect(clock(readClock(text) as number)).toBe(text)
  })

  it.each(['24:01', '7', '07:60', ''])('refuses the clock %s', (text) => {
    expect(readClock(text)).toBeNull()
  })

  it.each(['60,3', '60,2.5/15; 120,9', '∞,5'])('reads the steps %s as they are written', (text) => {
    expect(stepsText(readSteps(text) ?? [])).toBe(text)
  })

  it.each(['60', '60,-1', 'x,3', '60,3/'])('refuses the steps %s', (text) => {
    expect(readSteps(text)).toBeNull()
  })

  it('reads seasons as they are written', () => {
    const text = '03-15~05-31; 09-15~11-30'
    expect(seasonsText(readSeasons(text) ?? [])).toBe(text)
    expect(readSeasons('spring')).toBeNull()
  })
})

describe('ways of charging', () => {
  it.each(['free', 'duration', 'steps_then_duration', 'steps', 'use'] as const)('is %s once it was chosen', (method) => {
    expect(methodOf(withMethod(emptyRate(), method))).toBe(method)
  })
})

describe('a price at a glance', () => {
  it.each([
    ['free', { kind: 'free', amount: 0 }],
    ['duration', { kind: 'unit', amount: 100, unit_min: 60 }],
    ['steps', { kind: 'from', amount: 300 }],
    ['use', { kind: 'use', amount: 500 }],
  ] as const)('of what is charged by %s', (method, price) => {
    expect(priceOf(withMethod({ ...emptyRate(), unit_min: 60, unit_amount: 100, steps: method === 'steps' ? [{ until_min: 60, amount: 300, unit_min: null }] : [] }, method))).toMatchObject(price)
  })

  it('of a first step by units names the unit', () => {
    expect(priceOf({ ...emptyRate(), unit_amount: 375, steps: [{ until_min: 60, amount: 250, unit_min: 15 }] })).toEqual({ kind: 'fromUnit', amount: 250, unit_min: 15 })
  })

  it('of half hours names the half hour', () => {
    expect(priceOf({ ...emptyRate(), steps: [], unit_min: 30, unit_amount: 150 })).toEqual({ kind: 'unit', amount: 150, unit_min: 30 })
  })
})

describe('the strip of a day', () => {
  it('shows a night past midnight on both ends, and what nothing covers', () => {
    const bars = barsOf(terms({ from_min: 480, to_min: 1200, unit_amount: 100 }, { from_min: 1260, to_min: 480 }), '', 'small')

    expect(bars.map(({ from, to, kind }) => [from, to, kind])).toEqual([
      [0, 480, 'free'],
      [480, 1200, 'charged'],
      [1200, 1260, 'gap'],
      [1260, 1440, 'free'],
    ])
  })

  it('shows where two rows lie together', () => {
    const bars = barsOf(terms({}, { from_min: 600, to_min: 660, unit_amount: 100 }), '', 'small')

    expect(bars.map((bar) => bar.kind)).toEqual(['free', 'overlap', 'free'])
  })
})

describe('which tariff a place ends with', () => {
  const place = (tariff_code: string, coming: PlaceUsing['coming'] = null): PlaceUsing => ({ tariff_code, coming }) as PlaceUsing
  const planned = (begins_at: string) => ({ begins_at, tariff_code: 'dear', tariff: '贵' })
  const NOON_MS = Date.parse('2026-07-02T12:00:00Z')

  it('is the planned one, else the one of now', () => {
    expect(endsWith(place('cheap'))).toBe('cheap')
    expect(endsWith(place('cheap', planned('2026-08-01T00:00:00Z')))).toBe('dear')
  })

  it('is read anew when the next planned change begins, if that is today', () => {
    const soon = place('cheap', planned('2026-07-02T12:05:00Z'))
    expect(nextChange_ms([], NOON_MS)).toBeNull()
    expect(nextChange_ms([place('cheap'), place('cheap', planned('2026-08-01T00:00:00Z'))], NOON_MS)).toBeNull()
    expect(nextChange_ms([place('cheap', planned('2026-07-03T00:00:00Z')), soon], NOON_MS)).toBe(300_000)
    expect(nextChange_ms([place('cheap', planned('2026-07-02T11:59:59Z'))], NOON_MS)).toBe(0)
  })

  it('may be one that begins later, and none that has ended', () => {
    const version = (state: string, valid_from: string, valid_to: string | null) => ({ code: 'dear', state, valid_from, valid_to }) as TariffRow
    expect(willBeInForce([version('published', '2026-08-01T00:00:00Z', null)], 'dear', NOON_MS)).toBe(true)
    expect(willBeInForce([version('superseded', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z')], 'dear', NOON_MS)).toBe(false)
    expect(willBeInForce([version('trial_passed', '2026-01-01T00:00:00Z', null)], 'dear', NOON_MS)).toBe(false)
    expect(willBeInForce([version('published', '2026-01-01T00:00:00Z', null)], 'other', NOON_MS)).toBe(false)
  })
})
