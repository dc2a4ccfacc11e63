// The outbox keeps order, keeps what could not be sent, and hands refusals to the officer.
import { describe, expect, it } from 'vitest'
import { ACCOUNT, blue, recording, scriptedOutbox } from './fixtures'

const REFUSED = { kind: 'refused', refusal: { status: 409, code: 'berth_has_no_stay', message: '没有停车记录' } } as const

describe('sending', () => {
  it('sends plates in the order in which they were recorded', async () => {
    const { outbox, heard } = scriptedOutbox()
    for (const number of ['粤B00003', '粤B00001', '粤B00002']) await outbox.add(recording(number))

    const outcome = await outbox.flush(ACCOUNT)

    expect(outcome).toBe('accepted')
    expect(heard).toEqual(['粤B00003', '粤B00001', '粤B00002'])
    expect((await outbox.entries(ACCOUNT)).map(({ state }) => state)).toEqual(['sent', 'sent', 'sent'])
  })

  it('stops at the first plate that finds no server and lets none overtake it', async () => {
    const { outbox, heard, answers } = scriptedOutbox()
    answers.set('粤B00002', { kind: 'unreachable' })
    for (const number of ['粤B00001', '粤B00002', '粤B00003']) await outbox.add(recording(number))

    const outcome = await outbox.flush(ACCOUNT)

    expect(outcome).toBe('unreachable')
    expect(heard).toEqual(['粤B00001', '粤B00002'])
    expect((await outbox.entries(ACCOUNT)).map(({ state }) => state)).toEqual(['sent', 'queued', 'queued'])
  })

  it('goes on where it stopped, under the same key, once the server is back', async () => {
    const { outbox, heard, keys, answers } = scriptedOutbox()
    answers.set('粤B00001', { kind: 'unreachable' })
    await outbox.add(recording('粤B00001'))
    await outbox.add(recording('粤B00002'))
    await outbox.flush(ACCOUNT)

    answers.clear()
    await outbox.flush(ACCOUNT)

    expect(heard).toEqual(['粤B00001', '粤B00001', '粤B00002'])
    expect(keys).toEqual(['id-1', 'id-1', 'id-2'])
    expect((await outbox.entries(ACCOUNT))[0]).toMatchObject({ state: 'sent', attempts: 2 })
  })

  it('keeps everything when the login has ended', async () => {
    const { outbox, answers } = scriptedOutbox()
    answers.set('粤B00001', { kind: 'logged_out' })
    await outbox.add(recording('粤B00001'))

    const outcome = await outbox.flush(ACCOUNT)

    expect(outcome).toBe('logged_out')
    expect((await outbox.entries(ACCOUNT)).map(({ state }) => state)).toEqual(['queued'])
  })

  it('sends each plate once when two causes ask for a flush at the same time', async () => {
    const { outbox, heard } = scriptedOutbox()
    await outbox.add(recording('粤B00001'))
    await outbox.add(recording('粤B00002'))

    await Promise.all([outbox.flush(ACCOUNT), outbox.flush(ACCOUNT)])

    expect(heard).toEqual(['粤B00001', '粤B00002'])
  })

  it('misses no plate that is recorded at any moment of a running flush', async () => {
    for (let turns = 0; turns < 40; turns += 1) {
      const { outbox, heard } = scriptedOutbox()
      await outbox.add(recording('粤B00001'))
      const running = outbox.flush(ACCOUNT)
      for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate)

      await outbox.add(recording('粤B00002'))
      await Promise.all([running, outbox.flush(ACCOUNT)])

      expect(heard, `recorded after ${turns} turns`).toEqual(['粤B00001', '粤B00002'])
    }
  })

  it('leaves the plates of another officer alone', async () => {
    const { outbox, heard } = scriptedOutbox()
    await outbox.add(recording('粤B00001', 'account-2'))
    await outbox.add(recording('粤B00002'))

    await outbox.flush(ACCOUNT)

    expect(heard).toEqual(['粤B00002'])
    expect((await outbox.entries('account-2')).map(({ state }) => state)).toEqual(['queued'])
  })

  it('has a plate written down before it is sent, and still after a restart', async () => {
    const { outbox, database, answers } = scriptedOutbox()
    answers.set('粤B00001', { kind: 'unreachable' })
    await outbox.add(recording('粤B00001'))
    await outbox.flush(ACCOUNT)

    database.close()
    await database.open()

    expect((await outbox.entries(ACCOUNT)).map(({ plate }) => plate.number)).toEqual(['粤B00001'])
  })

  it('keeps only the last thirty receipts', async () => {
    const { outbox } = scriptedOutbox()
    for (let i = 0; i < 33; i += 1) await outbox.add(recording(`粤B${10_000 + i}`))

    await outbox.flush(ACCOUNT)

    const kept = await outbox.entries(ACCOUNT)
    expect(kept).toHaveLength(30)
    expect(kept[0]?.plate.number).toBe('粤B10003')
  })
})

describe('a refused plate', () => {
  it('is kept with the reason, and the next ones are sent', async () => {
    const { outbox, heard, answers } = scriptedOutbox()
    answers.set('粤B00001', REFUSED)
    await outbox.add(recording('粤B00001'))
    await outbox.add(recording('粤B00002'))

    await outbox.flush(ACCOUNT)

    expect(heard).toEqual(['粤B00001', '粤B00002'])
    const [refused, sent] = await outbox.entries(ACCOUNT)
    expect(refused).toMatchObject({ state: 'refused', refusal: REFUSED.refusal })
    expect(sent).toMatchObject({ state: 'sent' })
  })

  it('is not sent again by itself', async () => {
    const { outbox, heard, answers } = scriptedOutbox()
    answers.set('粤B00001', REFUSED)
    await outbox.add(recording('粤B00001'))
    await outbox.flush(ACCOUNT)

    await outbox.flush(ACCOUNT)

    expect(heard).toEqual(['粤B00001'])
  })

  it('goes away when the officer dismisses it', async () => {
    const { outbox, answers } = scriptedOutbox()
    answers.set('粤B00001', REFUSED)
    const { id } = await outbox.add(recording('粤B00001'))
    await outbox.flush(ACCOUNT)

    await outbox.dismiss(id)

    expect(await outbox.entries(ACCOUNT)).toEqual([])
  })

  it('is replaced by its correction at the end of the queue under a new key', async () => {
    const { outbox, heard, keys, answers } = scriptedOutbox()
    answers.set('粤B00001', REFUSED)
    const wrong = await outbox.add(recording('粤B00001'))
    await outbox.flush(ACCOUNT)
    await outbox.add(recording('粤B00002'))

    await outbox.correct(wrong, blue('粤B00009'))
    await outbox.flush(ACCOUNT)

    expect(heard).toEqual(['粤B00001', '粤B00002', '粤B00009'])
    expect(new Set(keys).size).toBe(3)
    expect((await outbox.entries(ACCOUNT)).map(({ state }) => state)).toEqual(['sent', 'sent'])
  })

  it('cannot be dismissed while it still waits to be sent', async () => {
    const { outbox } = scriptedOutbox()
    const { id } = await outbox.add(recording('粤B00001'))

    await outbox.dismiss(id)

    expect(await outbox.entries(ACCOUNT)).toHaveLength(1)
  })
})
