// WeChat's own browser: who goes and comes back to say who he is, and how its sheet is told to pay.
import { describe, expect, it, vi } from 'vitest'
import { providersOf, sceneOf, surfaceOf } from '../src/lib/paying'
import { mayGo, payByBridge, returnedBy, stateOf, type Bridge, type Way } from '../src/lib/wechat-web'

const UA = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50 NetType/WIFI'
const WAY: Way = { state: 'abc', hash: '#/pages/pay/pay?bills=b1', at_ms: 1_000_000 }

describe('the way to the authorization and back', () => {
  it('is taken in WeChat alone, where WeChat alone pays', () => {
    expect(surfaceOf(UA)).toBe('wechat_web')
    expect(sceneOf('wechat_web', 'wechat')).toBe('jsapi_web')
    expect(providersOf('wechat_web')).toEqual(['wechat'])
    expect(surfaceOf(UA.replace(/MicroMessenger.*/, ''))).toBe('phone')
  })

  it('ends with the code of the way that began here, and with no other', () => {
    expect(returnedBy('?code=c1&state=abc', WAY)).toEqual({ code: 'c1', state: 'abc' })
    expect(returnedBy('?code=c1&state=other', WAY)).toBeNull()
    expect(returnedBy('?code=c1&state=abc', null)).toBeNull()
    expect(returnedBy('?state=abc', WAY)).toBeNull()
    expect(returnedBy('', WAY)).toBeNull()
  })

  it('is not gone in a circle where it fails', () => {
    expect(mayGo(null, WAY.at_ms)).toBe(true)
    expect(mayGo(WAY, WAY.at_ms + 3_000)).toBe(false)
    expect(mayGo(WAY, WAY.at_ms + 10_001)).toBe(true)
    expect(stateOf('https://open.weixin.qq.com/connect/oauth2/authorize?appid=a&state=abc#wechat_redirect')).toBe('abc')
  })
})

describe('the payment sheet', () => {
  it('is given the six signed fields, and whatever it answers only asks the server', () => {
    const signed = { appId: 'wx2', timeStamp: '1', nonceStr: 'n', package: 'prepay_id=p', signType: 'RSA', paySign: 's' }
    const done = vi.fn()
    const invoke = vi.fn<Bridge['invoke']>((_name, _fields, answer) => answer({ err_msg: 'get_brand_wcpay_request:cancel' }))

    payByBridge({ invoke }, { ...signed, extra: 'x' }, done)

    expect(invoke.mock.calls[0]!.slice(0, 2)).toEqual(['getBrandWCPayRequest', signed])
    expect(done).toHaveBeenCalledOnce()
  })
})
