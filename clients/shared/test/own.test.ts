// A motorist's own channel: folded whole, and followed from a snapshot though the server made the subscription.
import { describe, expect, it } from 'vitest'
import { collection, foldOwn, foldStaffPlace, withOwnChannels, type AlertRow, type Own, type OwnSnapshot, type ServerSubscriptions, type Stay } from '../src'
import { FakeSnapshots, settled } from './fake-channel'

const PLATE = { number: '粤B12345', color: 'blue' as const }
const stay = (changes: Partial<Stay> = {}): Stay => ({
  id: 's1', state: 'running', plate: PLATE, place: { id: 'p1', name: '福华路' }, berth_code: '001',
  arrived_at: '2026-11-26T00:00:00Z', left_at: null, amount: null, ...changes,
})
const bill = { id: 'b1', stay_id: 's1', state: 'due' as const, plate: PLATE, due: 300, waived: 0, paid: 0, open: 300, given_up: 0, valid_until: null, lines: [], issued_at: '2026-11-26T01:00:00Z' }
const START: OwnSnapshot = { stays: [stay()], bills: [], wallet: { balance: 0, bonus: 0 } }
const told = (fact: string, more: object = {}) => ({ fact, at_ms: 1, ...more })

const fold = (...publications: ReturnType<typeof told>[]): Own =>
  publications.reduce<Own>((held, one) => foldOwn(held, one), foldOwn(null, START))

describe('what is a motorist’s own', () => {
  it('holds an edited stay as it is now', () => {
    expect(fold(told('StayEdited', { stay: stay({ berth_code: '002' }) })).stays.get('s1')?.berth_code).toBe('002')
  })

  it('forgets a stay that was not his, and a bill that was taken back', () => {
    const held = fold(told('BillIssued', { bill }), told('BillWithdrawn', { bill: { ...bill, state: 'withdrawn' } }), told('StayRetracted', { stay_id: 's1' }))

    expect([held.stays.size, held.bills.size]).toEqual([0, 0])
  })

  it('holds a bill as it was paid, and the wallet as it was left', () => {
    const held = fold(
      told('BillIssued', { bill }),
      told('BillPaid', { bill: { ...bill, state: 'paid', paid: 300, open: 0 } }),
      told('WalletChanged', { balance: 500, bonus: 20 }),
      told('PaymentSucceeded', { intent_id: 'i1' }),
    )

    expect(held.bills.get('b1')?.state).toBe('paid')
    expect(held.wallet).toEqual({ balance: 500, bonus: 20 })
  })
})

describe('cars that owe', () => {
  const row = (state: AlertRow[2], v: number): AlertRow => [
    'a1', '001', state, 1500, v,
    { case_id: 'c1', creditor: null, stay_id: 's1', plate: PLATE, count: 1, oldest_ms: 0, spotted_ms: 0, rounds: 1, escalated: false, acknowledged_by: null, case_state: 'due' },
  ]

  it('ring until they are acknowledged, and an older row changes nothing', () => {
    const open = foldStaffPlace(null, { berths: [], alerts: [row('open', 1)] })
    const quiet = foldStaffPlace(open, { berths: [], alerts: [row('acknowledged', 2)] })

    expect(open.alerts.get('a1')?.state).toBe('open')
    expect(quiet.alerts.get('a1')?.state).toBe('acknowledged')
    expect(foldStaffPlace(quiet, { berths: [], alerts: [row('open', 1)] })).toBe(quiet)
  })
})

describe('a channel that the server subscribes', () => {
  class FakeServer {
    private readonly listeners = new Map<string, (context: object) => void>()
    on = (event: string, listener: never): void => void this.listeners.set(event, listener)
    newSubscription = (): never => {
      throw new Error('asked for')
    }
    removeSubscription = (): void => undefined
    emit(event: string, context: object): void {
      this.listeners.get(event)?.({ channel: '#m1', ...context })
    }
    subscribed(offset: number, recovered = false): void {
      this.emit('subscribed', { wasRecovering: recovered, recovered, streamPosition: { epoch: 'e', offset } })
    }
    publish(offset: number, letter: string): void {
      this.emit('publication', { offset, data: letter })
    }
  }

  function follow() {
    const server = new FakeServer()
    const snapshots = new FakeSnapshots<string>()
    const followed = collection<string, string>({
      client: withOwnChannels(server as unknown as ServerSubscriptions),
      api: snapshots,
      channel: '#m1',
      fold: (held, letter) => (held ?? '') + letter,
      schedule: (notify) => notify(),
      retryDelayMs: () => 0,
    })
    return { server, snapshots, followed }
  }

  it('gives what came while the snapshot was on its way', async () => {
    const { server, snapshots, followed } = follow()
    server.subscribed(1)
    server.publish(2, 'b')
    server.publish(3, 'c')

    await snapshots.answer('e', 2, 'ab')
    server.publish(4, 'd')

    expect(followed.value).toMatchObject({ status: 'live', data: 'abcd' })
  })

  it('waits for the subscription where the snapshot was quicker', async () => {
    const { server, snapshots, followed } = follow()
    await snapshots.answer('e', 2, 'ab')
    expect(followed.value.status).toBe('stale')

    server.subscribed(2)
    server.publish(3, 'c')

    expect(followed.value).toMatchObject({ status: 'live', data: 'abc' })
  })

  it('loads anew where something lies between snapshot and subscription that nobody heard', async () => {
    const { server, snapshots, followed } = follow()
    await snapshots.answer('e', 2, 'ab')
    server.subscribed(4)
    await settled()
    expect(snapshots.asked).toHaveLength(2)

    await snapshots.answer('e', 4, 'abcd')

    expect(followed.value).toMatchObject({ status: 'live', data: 'abcd' })
  })

  it('goes on after a cut that was recovered', async () => {
    const { server, snapshots, followed } = follow()
    server.subscribed(1)
    await snapshots.answer('e', 1, 'a')
    server.emit('subscribing', {})
    expect(followed.value.status).toBe('stale')

    server.subscribed(2, true)
    server.publish(2, 'b')

    expect(followed.value).toMatchObject({ status: 'live', data: 'ab' })
  })
})
