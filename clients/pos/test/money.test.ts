// Cash to the fen, alerts that ring as often as they should, and money that moves once.
import { ApiError, type ArrearsAlert } from '@smartcloud/shared'
import { afterEach, describe, expect, it } from 'vitest'
import { owingOf } from '../src/berths/owing'
import { toRing } from '../src/composables/ringing'
import { readYuan, usualNotes } from '../src/money/cash'
import { once } from '../src/money/keys'

afterEach(() => localStorage.clear())

describe('cash', () => {
  it('is read to the fen', () => {
    expect(['10', '0.5', '3.05', '7.'].map(readYuan)).toEqual([1_000, 50, 305, 700])
    expect(['', '.', '1.234', '12a', '-1'].map(readYuan)).toEqual([null, null, null, null, null])
  })

  it('offers what people give: the sum itself, and the notes above it', () => {
    expect(usualNotes(1_250)).toEqual([1_250, 2_000, 5_000, 10_000])
    expect(usualNotes(5_000)).toEqual([5_000, 6_000, 10_000])
  })
})

describe('alerts', () => {
  const alert = (state: ArrearsAlert['state'], rounds: number): ArrearsAlert => ({
    id: 'a1', berth_code: '001', state, amount: 1_500, v: 1, case_id: 'c1', creditor: null, stay_id: 's1', plate: { number: '粤B12345', color: 'blue' },
    count: 1, oldest_ms: 0, spotted_ms: 0, rounds, escalated: false, acknowledged_by: null, case_state: 'due',
  })

  it('ring once a round, and not when somebody has acknowledged them or they are over', () => {
    expect(toRing([alert('open', 1)], new Map())).toHaveLength(1)
    expect(toRing([alert('open', 1)], new Map([['a1', 1]]))).toHaveLength(0)
    expect(toRing([alert('open', 2)], new Map([['a1', 1]]))).toHaveLength(1)
    expect(toRing([alert('acknowledged', 2), alert('retracted', 2), alert('gone', 2)], new Map())).toHaveLength(0)
  })

  it('of several creditors are one sum on the tile, the own first on the sheet', () => {
    const theirs = { ...alert('open', 1), id: 'a2', creditor: '滨海停车', case_id: null, amount: 9_000 }
    const most = { ...alert('acknowledged', 1), id: 'a3', creditor: '湾区停车', case_id: null, amount: 12_000 }
    const all = owingOf([theirs, most, alert('acknowledged', 1)])

    expect(all).toMatchObject({ amount: 22_500, ringing: true })
    expect(all?.lines.map(({ id }) => id)).toEqual(['a1', 'a3', 'a2'])
    expect(owingOf([most])?.ringing).toBe(false)
    expect(owingOf([])).toBeNull()
  })
})

describe('what moves money', () => {
  const isUnknown = (error: unknown): boolean => error instanceof ApiError && error.status === 0
  const sent = (keys: string[], end: ApiError | null) => async (headers: Record<string, string>) => {
    keys.push(headers['Idempotency-Key'] ?? '')
    if (end) throw end
    return 'done'
  }

  it('is sent again under the same key while nobody knows what became of it', async () => {
    const keys: string[] = []

    await once('cash:b1', sent(keys, new ApiError(0, 'network_unreachable', '')), isUnknown).catch(() => null)
    await once('cash:b1', sent(keys, null), isUnknown)
    await once('cash:b1', sent(keys, null), isUnknown)

    expect(keys[0]).toBe(keys[1])
    expect(keys[2]).not.toBe(keys[1])
  })

  it('gets another key once it was refused', async () => {
    const keys: string[] = []

    await once('cash:b1', sent(keys, new ApiError(409, 'bill_not_payable', '')), isUnknown).catch(() => null)
    await once('cash:b1', sent(keys, null), isUnknown)

    expect(keys[0]).not.toBe(keys[1])
  })
})
