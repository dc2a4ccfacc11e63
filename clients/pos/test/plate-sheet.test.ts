// The plate sheet as an officer uses it: taps, colours, submit.
import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import PlateSheet from '../src/components/PlateSheet.vue'
import { i18n } from '../src/i18n'

const open = (number = '') => {
  const sheet = mount(PlateSheet, { props: { berth_code: '433001', number }, global: { plugins: [i18n] } })
  const button = (text: string) => {
    const found = sheet.findAll('button').find((each) => each.text() === text)
    if (!found) throw new Error(`no button "${text}"`)
    return found
  }
  const tap = async (keys: string) => {
    for (const key of keys) await button(key).trigger('click')
  }
  return { sheet, button, tap }
}

afterEach(() => document.body.replaceChildren())

describe('the plate sheet', () => {
  it('submits the tapped plate with the colour of its kind', async () => {
    const { sheet, button, tap } = open()

    await tap('粤BD12345')
    await button('提交').trigger('click')

    expect(sheet.emitted('submit')).toEqual([[{ number: '粤BD12345', color: 'green' }]])
  })

  it('submits nothing while the plate is not complete', async () => {
    const { sheet, button, tap } = open('粤B')

    await tap('1234')
    await button('提交').trigger('click')

    expect(button('提交').attributes('disabled')).toBeDefined()
    expect(sheet.emitted('submit')).toBeUndefined()
  })

  it('says at seven characters that a new-energy plate has eight', async () => {
    const { sheet, tap } = open('粤B')

    await tap('D1234')

    expect(sheet.text()).toContain('新能源车请输入第 8 位')
  })

  it('submits the colour that the officer chose', async () => {
    const { sheet, button, tap } = open('粤B')

    await tap('12345')
    await button('黄').trigger('click')
    await button('提交').trigger('click')

    expect(sheet.emitted('submit')).toEqual([[{ number: '粤B12345', color: 'yellow' }]])
  })

  it('takes another province after a tap on the first place', async () => {
    const { sheet, button, tap } = open('粤B12345')

    await sheet.find('.place').trigger('click')
    await tap('湘')
    await button('提交').trigger('click')

    expect(sheet.emitted('submit')).toEqual([[{ number: '湘B12345', color: 'blue' }]])
  })

  it('hears a real keyboard at a desk', async () => {
    const { sheet } = open('粤')

    for (const key of ['b', '1', '2', 'Backspace', '2', '3', '4', '5', 'Enter']) {
      window.dispatchEvent(new KeyboardEvent('keydown', { key }))
      await sheet.vm.$nextTick()
    }

    expect(sheet.emitted('submit')).toEqual([[{ number: '粤B12345', color: 'blue' }]])
    sheet.unmount()
  })
})
