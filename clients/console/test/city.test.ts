import { describe, expect, it } from 'vitest'
import { BERTH_STATES, foldBerths, type Berths, type CityPlace, type Kpi, type LiveFact, type LiveFactName, type PlaceCounts, type Point } from '@smartcloud/shared'
import { placeFigures, sumCounts } from '../src/city/counts'
import { codeOf, kindOf, mergeFeed, titleOf, type FeedEntry } from '../src/city/feed'
import { EVERYTHING, inDivision, isShown, onlyState, searchPlaces } from '../src/city/filter'
import { chooseFollowing, MOST_PLACES } from '../src/city/following'
import { kpiTiles } from '../src/city/kpi'
import { quantile, summarize } from '../src/city/latency'
import { clusterSpots } from '../src/city/map/cluster'
import { convexHull, surround } from '../src/city/map/hull'
import { i18n } from '../src/i18n'

const place = (id: string, changes: Partial<CityPlace> = {}): CityPlace => ({
  id,
  kind: 'section',
  name: id,
  division_code: '440304',
  point: [114, 22.5],
  outline: [],
  cell: 'ws10k',
  total: 10,
  free: 4,
  occupied: 5,
  unknown: 1,
  out_of_service: 0,
  v: 3,
  ...changes,
})

describe('the latency of the last minute', () => {
  const now_ms = 1_000_000
  const samples = [50, 70, 60, 900].map((latency_ms, i) => ({ shown_ms: now_ms - i * 1_000, latency_ms }))

  it('is told by its median and 95th percentile', () => {
    expect(summarize(samples, now_ms)).toMatchObject({ count: 4, median_ms: 60, p95_ms: 900 })
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2)
  })

  it('forgets what was shown more than a minute ago', () => {
    expect(summarize(samples, now_ms + 58_500)).toMatchObject({ count: 2, median_ms: 50, p95_ms: 70 })
    expect(summarize(samples, now_ms + 70_000)).toMatchObject({ count: 0, median_ms: null, p95_ms: null })
  })

  it('has a median for each second, and holes where nothing was shown', () => {
    const { bySecond } = summarize(samples, now_ms)
    expect(bySecond).toHaveLength(60)
    expect(bySecond.slice(-5)).toEqual([null, 900, 60, 70, 50])
  })
})

describe('the figures of the city', () => {
  const kpi: Kpi = {
    total: 2000, free: 500, occupied: 1400, unknown: 80, out_of_service: 20, open_stays: 1390, identified_stays: 900,
    arrivals_today: 5210, departures_today: 3820, due_today: 1_234_500, devices: 2000, devices_silent: 0, v: 1,
  }

  it('become tiles with shares of the total', () => {
    const tiles = kpiTiles(kpi)
    expect(tiles.map(({ key }) => key)).toEqual([
      'total', 'free', 'occupied', 'unknown', 'open_stays', 'arrivals_today', 'due_today', 'devices_silent',
    ])
    expect(tiles[1]).toMatchObject({ value: 500, share: 0.25 })
    expect(tiles[6]).toMatchObject({ value: 1_234_500, unit: 'money' })
  })

  it('sound an alarm only when devices are silent', () => {
    expect(kpiTiles(kpi)[7]?.tone).toBe('plain')
    expect(kpiTiles({ ...kpi, devices_silent: 3 })[7]?.tone).toBe('alarm')
  })

  it('have no shares in a city without berths', () => {
    expect(kpiTiles({ ...kpi, total: 0, free: 0 })[1]?.share).toBe(0)
  })
})

describe('the running list of facts', () => {
  const entry = (offset: number, epoch = 'e1', at_ms = offset): FeedEntry => ({
    epoch,
    offset,
    fact: { fact: 'StayOpened', at_ms } as LiveFact,
  })

  it('has each fact once and the newest first', () => {
    const merged = mergeFeed([entry(3), entry(2)], [entry(2), entry(5), entry(4)])
    expect(merged.map(({ offset }) => offset)).toEqual([5, 4, 3, 2])
  })

  it('puts a new epoch before an old one though its offsets start again', () => {
    const merged = mergeFeed([entry(900, 'e1', 10)], [entry(1, 'e2', 20)])
    expect(merged.map(({ epoch }) => epoch)).toEqual(['e2', 'e1'])
  })

  it('drops the oldest beyond its limit', () => {
    expect(mergeFeed([entry(1), entry(2)], [entry(3)], 2).map(({ offset }) => offset)).toEqual([3, 2])
  })

  it('sorts facts into kinds', () => {
    expect(kindOf(entry(1).fact)).toBe('stay')
    expect(kindOf({ fact: 'DeviceSilent' } as LiveFact)).toBe('device')
  })

  const device = (fact: LiveFactName, alarm: string | null = null): LiveFact =>
    ({ fact, device_kind: 'berth_sensor', alarm }) as LiveFact

  it.each([
    [device('DeviceAlarmed', 'battery_low'), '地磁低电量', null],
    [device('DeviceAlarmed', 'e_17'), '地磁告警', 'e_17'],
    [device('DeviceSilent'), '地磁离线', null],
    [{ fact: 'StayOpened', device_kind: null, alarm: null } as LiveFact, '开始停车', null],
  ])('says which device has what, and the code of an alarm it has no name for', (fact, title, code) => {
    expect(titleOf(fact).map((text) => i18n.global.t(text)).join('')).toBe(title)
    expect(codeOf(fact)).toBe(code)
  })
})

describe('the filter', () => {
  it('fades other states, and never a berth whose state is not there yet', () => {
    const free = onlyState(EVERYTHING, 'free')
    expect(isShown({ state: 'free' }, free)).toBe(true)
    expect(isShown({ state: 'occupied' }, free)).toBe(false)
    expect(isShown(undefined, free)).toBe(true)
    expect(onlyState(free, 'free').states.size).toBe(BERTH_STATES.length)
  })

  it('narrows to a division', () => {
    const filter = { ...EVERYTHING, division_code: '440305' }
    expect(inDivision(place('a'), filter)).toBe(false)
    expect(inDivision(place('a', { division_code: '440305' }), filter)).toBe(true)
    expect(inDivision(place('a'), EVERYTHING)).toBe(true)
  })

  it('finds places by words of their name, beginnings first', () => {
    const places = [place('1', { name: '南山科技园路' }), place('2', { name: '科技园停车场' }), place('3', { name: '深南大道' })]
    expect(searchPlaces(places, '科技').map(({ id }) => id)).toEqual(['2', '1'])
    expect(searchPlaces(places, '科技 南山').map(({ id }) => id)).toEqual(['1'])
    expect(searchPlaces(places, '  ')).toEqual([])
  })
})

describe('the counts of a place', () => {
  const berths: Berths = foldBerths(null, {
    berths: [['1', 'free', 90, 0, 1], ['2', 'pending_free', 90, 0, 1], ['3', 'occupied', 90, 0, 1], ['4', 'unknown', 0, 0, 1]],
  })

  it('come from its berths, where one being left is not free yet', () => {
    expect(placeFigures(place('a'), berths, undefined)).toEqual({ total: 10, free: 1, occupied: 2, unknown: 1 })
  })

  it('come from the map cell while that is newer than the city', () => {
    const cell: PlaceCounts = { place_id: 'a', total: 10, free: 7, unknown: 0, v: 4 }
    expect(placeFigures(place('a'), null, cell).free).toBe(7)
    expect(placeFigures(place('a'), null, { ...cell, v: 2 }).free).toBe(4)
  })

  it('add up over places', () => {
    expect(sumCounts([berths, berths])).toMatchObject({ free: 2, occupied: 2, pending_free: 2, unknown: 2 })
  })
})

describe('what the page follows', () => {
  const far = Array.from({ length: MOST_PLACES + 10 }, (_, i) => place(`p${i}`, { point: [114 + i / 1_000, 22.5], cell: `c${i}` }))

  it('are the places nearest to the middle, and map cells for the rest', () => {
    const { places, cells } = chooseFollowing(far, [114, 22.5], null)
    expect(places).toHaveLength(MOST_PLACES)
    expect(places[0]?.id).toBe('p0')
    expect(cells).toHaveLength(10)
    expect(cells).not.toContain('c0')
  })

  it('includes the opened place wherever it is', () => {
    const last = `p${far.length - 1}`
    expect(chooseFollowing(far, [114, 22.5], last).places[0]?.id).toBe(last)
  })

  it('stays within the channels that a connection may have', () => {
    const many = Array.from({ length: 1_000 }, (_, i) => place(`p${i}`, { cell: `c${i}` }))
    const { places, cells } = chooseFollowing(many, [114, 22.5], null)
    // Besides these the page follows the figures, the facts and the account itself.
    expect(places.length + cells.length + 3).toBeLessThanOrEqual(128)
  })
})

describe('the map', () => {
  it('joins circles that would cover each other', () => {
    const clusters = clusterSpots([{ id: 'a', x: 0, y: 0 }, { id: 'b', x: 20, y: 0 }, { id: 'c', x: 300, y: 0 }], 50)
    expect(clusters.map(({ spots }) => spots.map(({ id }) => id))).toEqual([['a', 'b'], ['c']])
    expect(clusters[0]).toMatchObject({ x: 10, y: 0, key: 'a+b' })
  })

  it('draws a hull around all places of a division', () => {
    const square: Point[] = [[0, 0], [2, 0], [2, 2], [0, 2]]
    expect(convexHull([...square, [1, 1], [1, 0]])).toEqual(square)
    const wide = surround([[0, 0]], 1, 4)
    expect(wide).toHaveLength(4)
    expect(Math.max(...wide.map(([x]) => x))).toBeCloseTo(1)
  })
})
