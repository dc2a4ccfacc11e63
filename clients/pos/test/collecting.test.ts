// What an officer collects of a plate: what is chosen at first, what a tap changes, and the notice that it is paid.
import { flushPromises, mount } from '@vue/test-utils'
import type { OwedBill, PlateArrears, RunningFee } from '@smartcloud/shared'
import { nextTick, ref } from 'vue'
import { describe, expect, it } from 'vitest'
import CollectBar from '../src/components/CollectBar.vue'
import DebtList from '../src/components/DebtList.vue'
import PaidNotice from '../src/components/PaidNotice.vue'
import { i18n } from '../src/i18n'
import { useChoice } from '../src/money/choice'
import { blue } from './fixtures'

const plate = blue('粤B12345')

const owed = (id: string, open: number, more: Partial<OwedBill> = {}): OwedBill =>
  ({
    id, stay_id: `stay-${id}`, open, frozen: false, past_due: true, place_name: `路段${id}`, berth_code: '001',
    arrived_at: '2026-10-01T02:14:00Z', left_at: '2026-10-01T11:28:00Z', ...more,
  }) as OwedBill

const owing = (bills: OwedBill[], elsewhere: PlateArrears['elsewhere'] = []): PlateArrears =>
  ({ plate, amount: bills.reduce((sum, { open }) => sum + open, 0), count: bills.length, grace_amount: 0, bills, elsewhere }) as unknown as PlateArrears

const others = [{ creditor_id: 'o2', creditor: '滨海停车', amount: 900, count: 1, bills: [{ id: 'x', place_name: '滨海路', arrived_on: '2026-09-01', open: 900 }] }]
const running = (open: number): RunningFee => ({ open }) as RunningFee
const plugins = { global: { plugins: [i18n] } }

describe('the choice of debts', () => {
  it('begins with all that may be collected, other operators\' too, but not with what is frozen', () => {
    const choice = useChoice(ref(owing([owed('a', 800), owed('b', 600, { frozen: true })], others)), ref(null), () => null)

    expect(choice.chosen.value.map(({ id }) => id)).toEqual(['a', 'x'])
    expect([choice.sum.value, choice.count.value, choice.for_others.value]).toEqual([1_700, 2, 900])
    expect(choice.frozen.value).toHaveLength(1)
  })

  it('leaves out what was tapped, and takes it back by another tap', () => {
    const choice = useChoice(ref(owing([owed('a', 800), owed('b', 600)])), ref(null), () => null)

    choice.toggle('a')
    expect([choice.sum.value, choice.due.value]).toEqual([600, 600])
    choice.toggle('a')
    expect(choice.sum.value).toBe(1_400)
  })

  it('takes the running stay by itself only where there is nothing else, once and at its fee of now', async () => {
    const [arrears, fee] = [ref<PlateArrears | null>(null), ref<RunningFee | null>(null)]
    const choice = useChoice(arrears, fee, () => 'stay-a')
    arrears.value = owing([owed('a', 300)])
    fee.value = running(500)
    await nextTick()

    expect(choice.bills.value).toEqual([])
    expect([choice.sum.value, choice.due.value, choice.count.value]).toEqual([500, 0, 1])
  })

  it('knows that a plate owes nothing, but not before it was asked', () => {
    const arrears = ref<PlateArrears | null>(null)
    const choice = useChoice(arrears, ref(running(0)), () => 'stay-a')

    expect(choice.nothing.value).toBe(false)
    arrears.value = owing([])
    expect(choice.nothing.value).toBe(true)
  })
})

describe('the list of debts', () => {
  it('ticks each debt, says when it was, and hands a tap to the choice', async () => {
    const arrears = owing([owed('a', 800), owed('b', 600, { frozen: true })], others)
    const choice = useChoice(ref(arrears), ref(null), () => null)
    const list = mount(DebtList, { props: { arrears, choice }, ...plugins })
    const [row] = list.findAll('[role="checkbox"]')

    expect(row?.attributes('aria-checked')).toBe('true')
    expect(row?.text()).toContain('10-01 10:14 — 19:28')
    expect(list.find('[data-part="frozen"]').text()).toContain('¥6.00')
    await row?.trigger('click')
    expect(row?.attributes('aria-checked')).toBe('false')
    expect(choice.sum.value).toBe(900)
  })
})

describe('the bar of what is chosen', () => {
  it('begins the way that was tapped, and none while nothing is chosen', async () => {
    const bar = mount(CollectBar, { props: { count: 2, sum: 1_700, for_others: 900, disabled: false }, ...plugins })

    expect(bar.text()).toContain('¥17.00')
    expect(bar.text()).toContain('¥9.00')
    await bar.find('[data-part="scan"]').trigger('click')
    expect(bar.emitted('begin')).toEqual([['code']])
    await bar.setProps({ count: 0 })
    expect(bar.findAll('button').every((one) => one.attributes('disabled') !== undefined)).toBe(true)
  })
})

describe('the notice that it is paid', () => {
  it('shows the sum and the change, and what the plate owes once that is known', async () => {
    const notice = mount(PaidNotice, { props: { amount: 1_250, change: 750, plate, arrears: null }, ...plugins })

    expect(notice.text()).toContain('¥12.50')
    expect(notice.text()).toContain('¥7.50')
    expect(notice.text()).not.toContain('待缴')
    await notice.setProps({ arrears: owing([owed('a', 800)]) })
    expect(notice.text()).toContain('¥8.00')
    await notice.setProps({ arrears: owing([]) })
    expect(notice.text()).toContain('全部结清')
  })

  it('says nothing of change where there is none, and goes on by its button', async () => {
    const notice = mount(PaidNotice, { props: { amount: 1_250, change: 0, plate, arrears: null }, ...plugins })

    expect(notice.find('.give').exists()).toBe(false)
    await notice.find('button').trigger('click')
    await flushPromises()
    expect(notice.emitted('done')).toHaveLength(1)
  })
})
