// The editor of a tariff loses nothing: what its controls show is all that there is, and they hand it back unchanged.
import { mount, type VueWrapper } from '@vue/test-utils'
import ElementPlus, { ElInput, ElInputNumber, ElRadioGroup, ElSelect, ElSwitch } from 'element-plus'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick, ref, type Component, type Ref } from 'vue'
import { i18n } from '../src/i18n'
import DayClasses from '../src/tariffs/DayClasses.vue'
import LazyInput from '../src/tariffs/LazyInput.vue'
import RateMore from '../src/tariffs/knobs/RateMore.vue'
import RateRows from '../src/tariffs/RateRows.vue'
import TermsForm from '../src/tariffs/TermsForm.vue'
import type { Tariff, Terms } from '../src/tariffs/types'
import { emptyFree, emptyRate, wholeTerms } from '../src/tariffs/whole'

vi.stubGlobal('ResizeObserver', class { observe() {} unobserve() {} disconnect() {} })
// 30 s: a table of selects takes jsdom a second to draw, and a machine with other work longer.
vi.setConfig({ testTimeout: 30_000 })

const FOLDER = resolve(__dirname, '../../../server/tariffs')
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'))
const read = (name: string) => JSON.parse(readFileSync(resolve(FOLDER, name), 'utf8'))

/** A tariff that says something of every knob, each number and name only once. */
const EVERYTHING: Terms = wholeTerms({
  rates: [
    {
      ...emptyRate(61, 1301),
      name: '白天',
      steps: [{ until_min: 47, amount: 310, unit_min: 13 }],
      unit_min: 31,
      unit_amount: 170,
      days: ['长假'],
      vehicles: ['bus'],
      colors: ['white'],
      rounding: 'nearest',
      tail_grace_min: 3,
      counter: '共用',
      restart: 'window',
      free: { minutes: 17, grant: 'deducted', bound: 'below', every: 'natural_day', charged_only: true },
    },
  ],
  days: [{ name: '长假', kinds: ['long_holiday'], special: true, weekdays: [6], seasons: [{ from_day: '03-15', to_day: '05-31' }] }],
  calendar_id: 'china',
  vehicles: ['small', 'bus', 'motorcycle'],
  factors: [{ percent: 250, vehicles: ['bus'], colors: ['yellow'], as_vehicle: 'small' }],
  per_berth: true,
  restart: 'natural_day',
  mixing: 'start_decides',
  free: { ...emptyFree(19), every: 'rolling_day' },
  first_free: { free: emptyFree(37), period: 'rolling_day' },
  discounts: [{ name: '绿色出行', percent: 53, first_min: 127, tags: ['new_energy'], vehicles: ['motorcycle'], colors: ['green'], turn: 'later', period: 'window', after_caps: true, free: emptyFree(41) }],
  caps: [{ amount: 2590, period: 'natural_day', rates: ['白天'], vehicles: ['small'], days: ['长假'], scaled: true }],
  max_stay: {
    minutes: 241,
    unit_min: 21,
    charges_on: true,
    penalty: { steps: [{ until_min: 59, amount: 1130, unit_min: 29 }], unit_min: 23, unit_amount: 1910, rounding: 'down', tail_grace_min: 7 },
  },
  minimum: 130,
  maximum: 99010,
  round_to: 100,
  rounding: 'up',
})

const tariffOf = (terms: Terms): Tariff => ({ id: 't@1', v: 1, code: 't', number: 1, name: '某', state: 'draft', valid_from: '', valid_to: null, summary: '', on_change: 'split', approval: '发改 1 号', note: '说明', lines: [], terms })

const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

// What floats over the page is not looked at, and takes jsdom longer than all the rest.
const TIP = { template: '<span><slot /></span>' }

/** Mounts an editor over a value, as a page does. */
function editor<T>(component: Component, value: Ref<T>, props: object = {}): VueWrapper {
  const page = defineComponent(() => () => h(component, { ...props, modelValue: value.value, 'onUpdate:modelValue': (now: T) => (value.value = now) }))
  return mount(page, { global: { plugins: [ElementPlus, i18n], stubs: { ElTooltip: TIP } } })
}

/** Lets every control hand over what it shows; gives how many there are, and what changed by that. */
function echo<T>(page: VueWrapper, value: Ref<T>): { count: number; lost: string[] } {
  const before = plain(value.value)
  const lost: string[] = []
  let count = 0
  const told = (found: VueWrapper[], event: string, shown: (one: VueWrapper) => unknown) => {
    for (const one of found) {
      one.vm.$emit(event, shown(one))
      if (!isDeepStrictEqual(plain(value.value), before)) lost.push(`${one.html().slice(0, 200)} made ${JSON.stringify(value.value)}`)
      value.value = before
      count++
    }
  }
  const model = (one: VueWrapper) => (one.props() as { modelValue: unknown }).modelValue
  const lazy = page.findAllComponents(LazyInput)
  told(lazy, 'commit', (one) => (one.props() as { text: string }).text)
  told(page.findAllComponents(ElInputNumber), 'change', (one) => model(one) ?? null)
  told(page.findAllComponents(ElSelect), 'update:modelValue', model)
  told(page.findAllComponents(ElSwitch), 'update:modelValue', model)
  told(page.findAllComponents(ElRadioGroup), 'update:modelValue', model)
  const inner = (one: VueWrapper) => [...lazy, ...page.findAllComponents(ElInputNumber)].some((outer) => outer.element.contains(one.element))
  told(page.findAllComponents(ElInput).filter((one) => !inner(one)), 'update:modelValue', model)
  return { count, lost }
}

/** Waits until a table has drawn its rows: it measures itself first. */
async function drawn(): Promise<void> {
  for (let tick = 0; tick < 3; tick++) await nextTick()
}

/** Everything that the controls show, as text: amounts of money also in fen. */
function shownOn(page: VueWrapper): string {
  const models = [ElInputNumber, ElSelect, ElSwitch, ElRadioGroup, ElInput].flatMap((kind) =>
    page.findAllComponents(kind as typeof ElInput).map((one) => (one.props() as { modelValue: unknown }).modelValue),
  )
  const fen = models.map((value) => (typeof value === 'number' ? Math.round(value * 100) : value))
  return JSON.stringify([models, fen])
}

const whole: [string, Terms][] = [...FILES.map((name): [string, Terms] => [name, wholeTerms(read(name).terms)]), ['every knob', EVERYTHING]]

describe('the editor of a tariff', () => {
  it('finds the tariffs that come with the product', () => {
    expect(FILES.length).toBeGreaterThan(15)
  })

  it.each(whole)('hands %s back as it was', (_, terms) => {
    const tariff = ref(tariffOf(terms))
    const page = editor(TermsForm, tariff, { locked: false })

    const { count, lost } = echo(page, tariff)

    expect(lost).toEqual([])
    expect(count).toBeGreaterThan(8)
    page.unmount()
  })

  it.each(whole)('hands the rows and classes of days of %s back as they were', async (_, terms) => {
    const held = ref(terms)
    for (const [component, props] of [[RateRows, { wrong: new Set() }], [DayClasses, {}]] as [Component, object][]) {
      const page = editor(component, held, { locked: false, ...props })
      await drawn()
      const { count, lost } = echo(page, held)
      expect(lost).toEqual([])
      if (component === RateRows) expect(count).toBeGreaterThan(terms.rates.length * 4)
      page.unmount()
    }
    for (const rate of terms.rates) {
      const row = ref(rate)
      const page = editor(RateMore, row, { locked: false })
      expect(echo(page, row).lost).toEqual([])
      page.unmount()
    }
  })

  it.each(FILES)('fills in of %s what it leaves out, and changes nothing that it says', (name) => {
    const { terms } = read(name)

    expect(wholeTerms(terms)).toMatchObject(terms)
    expect(wholeTerms(wholeTerms(terms))).toEqual(wholeTerms(terms))
  })

  it('has a control for every knob', async () => {
    const pages = [
      editor(TermsForm, ref(tariffOf(EVERYTHING)), { locked: false }),
      editor(RateRows, ref(EVERYTHING), { locked: false, wrong: new Set() }),
      editor(DayClasses, ref(EVERYTHING), { locked: false }),
      editor(RateMore, ref(EVERYTHING.rates[0]), { locked: false }),
    ]
    await drawn()
    const shown = pages.map(shownOn).join()
    const rest = { ...EVERYTHING, rates: EVERYTHING.rates.map((rate) => ({ ...rate, steps: [], from_min: 0, to_min: 0 })) }
    const texts = ['01:01', '21:41', '47,3.1/13', '59,11.3/29', '03-15~05-31', 'yes']
    const leaves = JSON.stringify({ ...rest, days: [], max_stay: { ...EVERYTHING.max_stay, penalty: { ...EVERYTHING.max_stay?.penalty, steps: [] } } }).match(/(?<=[:[,])("[^"]+"|[1-9]\d*)(?=[,}\]])/g) ?? []

    expect(leaves.length).toBeGreaterThan(50)
    expect([...leaves, ...texts.map((text) => `"${text}"`)].filter((leaf) => !shown.includes(leaf))).toEqual([])
    for (const [name, on] of [['per_berth', '占用泊位'], ['scaled', '随倍率'], ['after_caps', '封顶后'], ['charges_on', '照常计费'], ['charged_only', '只计收费']] as const) {
      const switches = pages.flatMap((page) => page.findAllComponents(ElSwitch)).filter((one) => one.attributes('aria-label')?.includes(on) || one.find('input').attributes('aria-label')?.includes(on))
      expect(switches.some((one) => one.props().modelValue === true), name).toBe(true)
    }
    pages.forEach((page) => page.unmount())
  })
})
