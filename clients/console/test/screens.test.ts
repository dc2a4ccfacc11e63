// What the screens of stays and money decide by themselves: filters, evidence, edits, sums, days, menu, refusals.
import { ApiError } from '@smartcloud/shared'
import { describe, expect, it } from 'vitest'
import { barsOf } from '../src/arrears/ageing'
import { addDays, dayOf } from '../src/lib/days'
import { valuesOf, wordsFor } from '../src/lib/refusal'
import { askFor, readGiven, withGiven, type FilterField } from '../src/list/query'
import { operationOf } from '../src/money/operations'
import { addsUp, pretty, progressOf, readYuan, refundableFor, stepsOf } from '../src/money/sums'
import type { Bill, Payment } from '../src/money/types'
import { dayToLookAt, daysUpTo } from '../src/reconciliation/days'
import type { DayCompared } from '../src/reconciliation/types'
import { menuFor } from '../src/shell/pages'
import { bodyOf, complete, emptyForm } from '../src/stays/edits'
import { differences, editsFor, momentsOf, openReviews, undoable, type Facts } from '../src/stays/evidence'
import type { Entry, EntryKind, StayDetail } from '../src/stays/types'

const FIELDS: FilterField[] = [
  { name: 'number', kind: 'plate', label: '' },
  { name: 'matter', kind: 'choice', label: '' },
  { name: 'period', kind: 'period', label: '' },
]

describe('filters in the address', () => {
  it('asks for whole days of the city, the last one included', () => {
    const asked = askFor(FIELDS, { since: '2026-11-30', until: '2026-11-30' })

    expect(asked).toEqual({ since: '2026-11-30T00:00:00+08:00', until: '2026-12-01T00:00:00+08:00' })
  })

  it('writes a plate as it is stored, and a choice as the parameter that it stands for', () => {
    expect(askFor(FIELDS, { number: '粤b·123', matter: 'held=true' })).toEqual({ number: '粤B123', held: 'true' })
  })

  it('forgets the page when a filter changes, and keeps what is no filter', () => {
    const query = withGiven({ number: '粤B', cursor: 'x', open: 'stay1' }, { number: '', matter: 'flag=clone' })

    expect(query).toEqual({ open: 'stay1', matter: 'flag=clone' })
    expect(readGiven(query, FIELDS)).toEqual({ matter: 'flag=clone' })
  })
})

const entry = (kind: EntryKind, at: string, id: string, said: Record<string, unknown> = {}): Entry => ({ kind, at, id, by: 'staff-1', device_id: null, said })

describe('the evidence of a stay', () => {
  it('puts photos of one walk together, and begins each day of the city once', () => {
    const moments = momentsOf([
      entry('reading', '2026-11-25T15:59:00Z', 'r1'),
      entry('photo', '2026-11-25T16:01:00Z', 'p1'),
      entry('photo', '2026-11-25T16:02:00Z', 'p2'),
      entry('photo', '2026-11-25T16:20:00Z', 'p3'),
    ])

    expect(moments.map(({ day, begins, photos }) => [day, begins, photos.length])).toEqual([
      ['2026-11-25', true, 0],
      ['2026-11-26', true, 2],
      ['2026-11-26', false, 1],
    ])
  })

  it('says what an edit changed and nothing else', () => {
    const before: Facts = { state: 'closed', plate: { number: '粤B12345', color: 'blue' }, berth_code: '1', arrived_at: 'a', left_at: 'b', amount: 300 }

    expect(differences(before, { ...before, amount: 500 })).toEqual([{ name: 'amount', before: 300, after: 500 }])
    expect(differences(null, before)).toHaveLength(6)
  })

  it('offers to undo the last edit only, and what was undone never again', () => {
    const edits = [entry('edit', '1', 'e1', { kind: 'plate', undone: false }), entry('edit', '2', 'e2', { kind: 'times', undone: false })]

    expect(undoable(edits)).toBe('e2')
    expect(undoable([...edits, entry('edit', '3', 'e3', { kind: 'undo', undone: false })])).toBeNull()
  })

  it('knows which doubts nobody has decided', () => {
    const reviews = [entry('review', '1', 's:clone'), entry('review', '2', 's:dispute'), entry('review', '3', 's:clone:resolved')]

    expect(openReviews(reviews).map(({ id }) => id)).toEqual(['s:dispute'])
  })
})

const stay = { id: 's1', v: 3, state: 'closed', plate: { number: '粤B12345', color: 'blue' }, place: { id: 'p1', name: '' }, berth_code: '1', arrived_at: 'a', left_at: 'b' } as StayDetail

describe('edits', () => {
  it('sends the version that was seen, and of the times only what was touched', () => {
    const form = { ...emptyForm('times', stay), reason: ' 监控核实 ', left_at: 'c' }

    expect(bodyOf(form, stay)).toEqual({ kind: 'times', reason: '监控核实', stay_id: 's1', stay_v: 3, left_at: 'c' })
  })

  it('is not asked about before it is filled in', () => {
    expect(complete(emptyForm('split', stay))).toBe(false)
    expect(complete(emptyForm('void', stay))).toBe(true)
  })

  it('offers a leave only while the car stands, and nothing for what was none', () => {
    expect(editsFor({ state: 'running' })).toContain('leave')
    expect(editsFor({ state: 'closed' })).not.toContain('leave')
    expect(editsFor({ state: 'void' })).toEqual([])
  })
})

describe('the log of providers', () => {
  it.each([
    ['notice', 'notice'],
    ['POST /v3/pay/transactions/native', 'begin'],
    ['GET /v3/pay/transactions/out-trade-no/1m8', 'query'],
    ['POST /v3/pay/transactions/out-trade-no/1m8/close', 'close'],
    ['POST /v3/refund/domestic/refunds', 'refund'],
    ['GET /v3/refund/domestic/refunds/1m8', 'refundQuery'],
    ['GET /v3/bill/tradebill?bill_date=2026-11-25&bill_type=ALL', 'bill'],
    ['POST /v3/vehicle/parking/parkings', 'entry'],
    ['POST /v3/vehicle/transactions/parking', 'debit'],
    ['GET /v3/vehicle/transactions/out-trade-no/1m8', 'debitQuery'],
    ['alipay.trade.precreate', 'begin'],
    ['alipay.trade.refund', 'refund'],
    ['alipay.trade.fastpay.refund.query', 'refundQuery'],
    ['alipay.data.dataservice.bill.downloadurl.query', 'bill'],
  ])('names %s', (operation, name) => {
    expect(operationOf(operation)).toBe(name)
  })

  it('leaves alone what it does not know', () => {
    expect(operationOf('GET /v3/certificates')).toBeNull()
  })
})

describe('sums of money', () => {
  const bill = { due: 900, waived: 200, paid: 300, open: 400, surplus: 0, lines: [{ text: '', amount: 600 }, { text: '', amount: 300 }] } as Bill

  it('shows what is due, waived, paid and open as amounts, and leaves out what is none', () => {
    const steps = stepsOf(bill)

    expect(steps.map(({ name, amount }) => [name, amount])).toEqual([['due', 900], ['waived', 200], ['paid', 300], ['open', 400]])
    expect(stepsOf({ ...bill, waived: 0, paid: 900, open: 0 }).map(({ name }) => name)).toEqual(['due', 'paid', 'open'])
    expect(addsUp(bill)).toBe(true)
    expect(addsUp({ ...bill, due: 901 })).toBe(false)
  })

  it.each([
    ['12.5', 1_250],
    ['0.01', 1],
    ['12.555', null],
    ['-1', null],
    ['', null],
  ])('reads %j yuan as %j fen', (typed, fen) => {
    expect(readYuan(typed)).toBe(fen)
  })

  it('gives back for a stay no more than was paid for it and is not going back already', () => {
    const payment = { parts: [{ bill_id: 'b', stay_id: 's1', amount: 500, refunding: 200 }, { bill_id: 'c', stay_id: 's2', amount: 900, refunding: 0 }] } as Payment

    expect(refundableFor(payment, 's1')).toBe(300)
    expect(refundableFor(payment, 's3')).toBe(0)
  })

  it('shows how far a refund has come, and JSON as people read it', () => {
    expect(progressOf({ state: 'requested' })).toBeLessThan(progressOf({ state: 'succeeded' }))
    expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}')
    expect(pretty('a=1&b=2')).toBe('a=1&b=2')
  })
})

describe('days of reconciliation', () => {
  const compared = (day: string, open: number, paid_here: number): DayCompared =>
    ({ provider: 'wechat', day, open, paid: 1_000, paid_here, refunded: 100, refunded_here: 100 }) as DayCompared
  const days = daysUpTo('2026-03-02', 4, 'wechat', [compared('2026-03-01', 1, 900), compared('2026-02-28', 0, 1_000), compared('2026-02-27', 0, 990)])

  it('shows each day once, over the end of a month, also the day that nobody compared', () => {
    expect(days.map(({ day, state }) => [day, state])).toEqual([
      ['2026-02-27', 'explained'],
      ['2026-02-28', 'balanced'],
      ['2026-03-01', 'open'],
      ['2026-03-02', 'missing'],
    ])
    expect(days[2]?.difference).toBe(-100)
  })

  it('looks first at the last day that is open', () => {
    expect(dayToLookAt(days)).toBe('2026-03-01')
    expect(dayToLookAt(days.filter(({ state }) => state !== 'open'))).toBe('2026-02-28')
    expect(dayToLookAt([])).toBeNull()
  })

  it('counts days of the city, not of this machine', () => {
    expect(dayOf(Date.parse('2026-11-25T16:00:00Z'))).toBe('2026-11-26')
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01')
  })
})

describe('the picture of old debts', () => {
  const bucket = (amount: number) => ({ name: '', from_days: 0, to_days: null, count: 1, amount })

  it('fills the whole band, and leaves no debt so small that nobody sees it', () => {
    const bars = barsOf([bucket(1_000_000), bucket(1), bucket(0)])

    expect(bars.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(100)
    expect(bars[1]?.share).toBeGreaterThan(1)
    expect(bars[2]?.share).toBe(0)
  })
})

describe('the menu', () => {
  it('shows what a person may open, and no empty group', () => {
    const groups = menuFor((permission) => ['city.watch', 'stays.watch'].includes(permission))

    expect(groups.map(({ name }) => name)).toEqual(['watch', 'parking', 'settings'])
    expect(menuFor(() => false)).toEqual([])
  })
})

describe('refusals', () => {
  const say = (key: string, named: Record<string, string>): string => `${key} ${JSON.stringify(named)}`

  it('says a known code in our words, amounts as yuan', () => {
    const refusal = new ApiError(409, 'discount_too_high', 'server', { open: 1_250 as never })

    expect(wordsFor(refusal, say, () => true)).toBe('refusal.discount_too_high {"open":"¥12.50"}')
  })

  it('leaves an unknown code to the server, with the field that is wrong', () => {
    expect(wordsFor(new ApiError(409, 'new_code', '新的拒绝'), say, () => false)).toBe('新的拒绝')
    expect(wordsFor(new ApiError(422, 'fields_invalid', '请求参数有误', { at: ['缺少该参数'] }), say, () => false)).toBe('请求参数有误：缺少该参数')
  })

  it('shows times of a refusal as the city reads them', () => {
    expect(valuesOf({ until: '2026-11-26T00:00:00Z' })).toEqual({ until: '11-26 08:00' })
  })
})
