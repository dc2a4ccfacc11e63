// What the policy switchboard decides by itself: the ladder's rows, groups and search, sources, changes, numbers.
import { describe, expect, it } from 'vitest'
import { beginsPlates, bodyOf, differences, grouped, heldAt, inLonger, readable, readNumber, rebased, shownNumber, withChange } from '../src/policies/board'
import { faultsOf, nextStep, readLadder, writeLadder } from '../src/policies/ladder'
import type { PolicyKey, Switchboard } from '../src/policies/types'

const key = (given: Partial<PolicyKey>): PolicyKey => ({
  group: '修改与审核',
  label: '',
  hint: '',
  kind: 'number',
  least: 0,
  most: 1_000_000,
  unit: 'fen',
  choices: null,
  default: 5_000,
  scopes: ['city', 'operator', 'place'],
  ...given,
})

const KEYS: Record<string, PolicyKey> = {
  limit: key({ label: '免审核金额' }),
  mode: key({ label: '审核模式', kind: 'choice', unit: null, default: 'some', choices: [{ value: 'some', label: '部分审核' }, { value: 'all', label: '全审核' }] }),
  photos: key({ group: '申诉与照片', label: '照片张数', unit: 'photo', least: 1, most: 20, default: 6 }),
  zone: key({ group: '感知与停车', label: '时区', kind: 'zone', unit: null, default: 'Asia/Shanghai', scopes: ['city'] }),
}

/** The city has 4 photos, the operator another limit. */
const board = (operator: Record<string, number | string> = { limit: 200 }): Switchboard => {
  const city = { limit: 5_000, mode: 'some', photos: 4, zone: 'Asia/Shanghai' }
  const sources = { limit: 'city', mode: 'city', photos: 'city', zone: 'city' }
  const from = Object.fromEntries(Object.keys(operator).map((name) => [name, 'operator:o']))
  return {
    keys: KEYS,
    scopes: [
      { scope: 'city', name: '', v: 3, values: {}, resolved: city, sources, changeable: true },
      { scope: 'operator:o', name: '鹏城停车', v: 1, values: operator, resolved: { ...city, ...operator }, sources: { ...sources, ...from }, changeable: true },
    ],
  }
}

describe('the ladder', () => {
  it.each(['0:app', '0:app,3:app+sms,10:sms'])('reads %s as it is written', (text) => {
    expect(writeLadder(readLadder(text))).toBe(text)
  })

  it('says which row is wrong, and why', () => {
    expect(faultsOf(readLadder('0:app,3:sms'))).toEqual([null, null])
    expect(faultsOf(readLadder('3:app,3:sms'))).toEqual([null, 'order'])
    expect(faultsOf([{ day: 0, channels: [] }, { day: null, channels: ['app'] }, { day: 1_000, channels: ['app'] }])).toEqual(['channel', 'day', 'day'])
    expect(faultsOf([])).toEqual(['empty'])
  })

  it('goes on a week later, the same way', () => {
    expect(nextStep(readLadder('0:app,25:app+sms'))).toEqual({ day: 32, channels: ['app', 'sms'] })
    expect(faultsOf([nextStep([])])).toEqual([null])
  })
})

describe('groups of keys', () => {
  it('keep the order of the server, and are found by any of their words', () => {
    expect(grouped(KEYS, {}).map(({ group, names }) => [group, names])).toEqual([
      ['修改与审核', ['limit', 'mode']],
      ['申诉与照片', ['photos']],
      ['感知与停车', ['zone']],
    ])
    expect(grouped(KEYS, { search: ' 全审核 ' }).flatMap(({ names }) => names)).toEqual(['mode'])
    expect(grouped(KEYS, { search: '没有' })).toEqual([])
  })

  it('begin with what a scope can set', () => {
    const keys = { zone: KEYS.zone as PolicyKey, speed: key({ group: '感知与停车' }) }

    expect(grouped(keys, { scope: 'place' })).toEqual([{ group: '感知与停车', names: ['speed', 'zone'] }])
    expect(grouped(keys, { scope: 'city' })).toEqual([{ group: '感知与停车', names: ['zone', 'speed'] }])
  })

  it('leave out what a scope cannot set, where one wishes so', () => {
    expect(grouped(KEYS, { scope: 'place', settable: true }).flatMap(({ names }) => names)).toEqual(['limit', 'mode', 'photos'])
  })
})

describe('what holds, and from where', () => {
  it('is the nearest that says it; of the city, what it came with', () => {
    expect(heldAt(board(), 1, {}, 'limit')).toEqual({ value: 200, source: 'operator:o', own: true, changed: false })
    expect(heldAt(board(), 1, {}, 'photos')).toEqual({ value: 4, source: 'city', own: false, changed: false })
    expect(heldAt(board(), 0, {}, 'photos')).toMatchObject({ source: 'city', own: true })
    expect(heldAt(board(), 0, {}, 'limit')).toMatchObject({ source: 'default', own: false })
  })

  it('is the upper scope’s again once it is given back', () => {
    const changes = withChange(board(), 1, {}, 'limit', null)

    expect(heldAt(board(), 1, changes, 'limit')).toEqual({ value: 5_000, source: 'city', own: false, changed: true })
    expect(bodyOf(board(), 1, changes)).toEqual({ scope: 'operator:o', values: {}, v: 1 })
  })
})

describe('changes', () => {
  it('are none when a value is back where it was, or was never said', () => {
    const changes = withChange(board(), 1, {}, 'photos', 8)

    expect(changes).toEqual({ photos: 8 })
    expect(withChange(board(), 1, changes, 'photos', 4)).toEqual({})
    expect(withChange(board(), 1, changes, 'photos', null)).toEqual({})
  })

  it('send all that an operator says from now on, but of the city what changes', () => {
    expect(bodyOf(board(), 1, { photos: 8 }).values).toEqual({ limit: 200, photos: 8 })
    expect(bodyOf(board(), 0, withChange(board(), 0, {}, 'photos', null))).toEqual({ scope: 'city', values: { photos: 6 }, v: 3 })
  })

  it('are told as they are and as they would be', () => {
    const [limit, photos] = differences(board(), 1, { photos: 8, limit: null })

    expect([limit?.before.value, limit?.after.value, limit?.after.source]).toEqual([200, 5_000, 'city'])
    expect([photos?.before.source, photos?.after.source]).toEqual(['city', 'operator:o'])
  })

  it('outlive somebody else’s, unless he did the same', () => {
    expect(rebased(board({ limit: 200, photos: 8 }), 1, { photos: 8, mode: 'all' })).toEqual({ mode: 'all' })
  })
})

describe('numbers', () => {
  it('show fen as yuan and ten-thousandths as per cent', () => {
    expect([shownNumber(5_000, 'fen'), shownNumber(1_250, 'fen'), shownNumber(550, 'bp'), shownNumber(90, 'day')]).toEqual(['50', '12.50', '5.50', '90'])
  })

  it('group thousands where they are only read', () => {
    expect([readable(100_000_000, 'fen'), readable(123_456, 'fen'), readable(43_200, 'minute')]).toEqual(['1,000,000', '1,234.56', '43,200'])
  })

  it.each([
    ['50', 5_000],
    ['0.1', 10],
    ['19.99', 1_999],
    ['0.001', null],
    ['-1', null],
    ['10000.01', null],
    ['', null],
    ['1e3', null],
  ])('read %s yuan as %s fen', (text, fen) => {
    expect(readNumber(text, KEYS.limit as PolicyKey)).toBe(fen)
  })

  it('read counts whole and within their range', () => {
    expect(['1', '20', '0', '21', '1.5'].map((text) => readNumber(text, KEYS.photos as PolicyKey))).toEqual([1, 20, null, null, null])
  })

  it('say long times in longer units', () => {
    expect(inLonger(2_880, 'minute')).toEqual({ count: 2, unit: 'day' })
    expect(inLonger(300, 'second')).toEqual({ count: 5, unit: 'minute' })
    expect([inLonger(90, 'minute'), inLonger(0, 'minute'), inLonger(48, 'fen')]).toEqual([null, null, null])
  })
})

describe('how plates begin', () => {
  it('is a province and a letter, or nothing', () => {
    expect(['', '粤B', '京A'].every(beginsPlates)).toBe(true)
    expect(['粤', 'B粤', '粤I', '粤1', '使1', '民航', '深B', 'WJ', '粤BB'].some(beginsPlates)).toBe(false)
  })
})
