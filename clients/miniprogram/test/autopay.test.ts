// What a vehicle's standing and a stay's debit are called, from what WeChat says now and said last.
import { describe, expect, it } from 'vitest'
import type { AutopayBlock, AutopayVehicle, Mandate, MandateState, OwnDebit } from '@smartcloud/shared'
import { pageOf, reasonOf, remedyOf, standingOf, toneOf, toneOfDebit } from '../src/lib/autopay'

const vehicle = (block: AutopayBlock | null, standing: 'normal' | 'blocked' | null = block ? 'blocked' : 'normal'): AutopayVehicle => ({
  id: 'v1',
  plate: { number: '粤B12345', color: 'blue' },
  preferred: true,
  standing,
  block,
  told_at: standing && '2026-05-20T08:00:00Z',
})
const mandate = (service: MandateState): Mandate => ({
  service,
  page: { app_id: 'wx1', path: 'service', told: {} },
  repay: { app_id: 'wx2', path: 'repay', told: {} },
})

describe('a vehicle', () => {
  it('is what WeChat says now, however it stood last', () => {
    expect(standingOf(vehicle(null), mandate('normal'))).toBe('usable')
    expect(standingOf(vehicle('paused'), mandate('normal'))).toBe('usable')
    expect(standingOf(vehicle(null), mandate('paused'))).toBe('paused')
    expect(standingOf(vehicle(null, null), mandate('out_of_service'))).toBe('closed')
    expect(standingOf(vehicle('removed'), mandate('out_of_service'))).toBe('removed')
  })

  it('still owes where WeChat calls its service open', () => {
    expect(standingOf(vehicle('overdue'), mandate('normal'))).toBe('overdue')
    expect(standingOf(vehicle('not_eligible'), mandate('normal'))).toBe('not_eligible')
  })

  it('is as it stood last where nobody can be asked, and unknown where it never stood', () => {
    expect(standingOf(vehicle('paused'), null)).toBe('paused')
    expect(standingOf(vehicle('out_of_service'), null)).toBe('closed')
    expect(standingOf(vehicle('other'), null)).toBe('blocked')
    expect(standingOf(vehicle(null), null)).toBe('usable')
    expect(standingOf(vehicle(null, null), null)).toBe('unknown')
  })

  it('is led to where that can be put right', () => {
    const paths = (['paused', 'out_of_service'] as const).map((service) => pageOf(remedyOf(standingOf(vehicle(null), mandate(service)))!, mandate(service)).path)
    expect(paths).toEqual(['service', 'service'])
    expect(pageOf(remedyOf('overdue')!, mandate('normal')).path).toBe('repay')
    expect([toneOf('usable'), toneOf('closed'), toneOf('overdue')]).toEqual(['good', 'calm', 'bad'])
  })
})

describe('a debit', () => {
  const debit = (told: Partial<OwnDebit>): OwnDebit => ({
    stay_id: 's1', plate: { number: '粤B12345', color: 'blue' }, place_name: '福华路', arrived_at: '2026-05-20T08:00:00Z', left_at: null,
    outcome: 'standing', state: 'normal', block: null, closing: null, attempt: 1, again_at: null, amount: 0, paid_at: null, bill_id: null, open: 0, ...told,
  })

  it('says why a car that stands will not be debited, and why another was not', () => {
    expect(reasonOf(debit({}))).toBeNull()
    expect(reasonOf(debit({ state: 'blocked', block: 'paused' }))).toBe('paused')
    expect(reasonOf(debit({ state: 'declined' }))).toBe('declined')
    expect(reasonOf(debit({ outcome: 'left', state: 'closed', closing: 'over_limit' }))).toBe('over_limit')
    expect(reasonOf(debit({ outcome: 'left', state: 'closed', closing: 'blocked', block: 'overdue' }))).toBe('overdue')
    expect(reasonOf(debit({ outcome: 'paid', state: 'used' }))).toBeNull()
  })

  it('is coloured by what is to be done', () => {
    expect(toneOfDebit(debit({ outcome: 'paid' }))).toBe('good')
    expect(toneOfDebit(debit({ outcome: 'again' }))).toBe('wait')
    expect(toneOfDebit(debit({ outcome: 'left' }))).toBe('bad')
    expect(toneOfDebit(debit({}))).toBe('wait')
    expect(toneOfDebit(debit({ block: 'paused' }))).toBe('bad')
    expect(toneOfDebit(debit({ outcome: 'over' }))).toBe('calm')
  })
})
