// @vitest-environment jsdom
import { describe, expect, it } from 'vitest'
import { name } from '../src/services/named'

describe('what a browser builds of fields and pictures', () => {
  it('has the names that the page gave', () => {
    document.body.innerHTML = '<uni-input aria-label="手机号"><div><input></div></uni-input><uni-textarea aria-label="说明"><textarea></textarea></uni-textarea>'
    name(document)

    expect(document.querySelector('input')?.getAttribute('aria-label')).toBe('手机号')
    expect(document.querySelector('textarea')?.getAttribute('aria-label')).toBe('说明')
  })

  it('is decoration where a picture has no name', () => {
    document.body.innerHTML = '<uni-image aria-label="支付码"><img></uni-image><uni-image><img></uni-image><uni-tabbar><img></uni-tabbar>'
    name(document)

    expect(Array.from(document.querySelectorAll('img')).map((one) => one.getAttribute('alt'))).toEqual(['支付码', '', ''])
  })
})
