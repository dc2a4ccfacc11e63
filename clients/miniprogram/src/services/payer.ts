// Who pays, in WeChat's words: its payment inside the mini-program is made for an openid.
import type { Provider } from '@smartcloud/shared'
import { api } from './server'

const OPENID = 'wechat-openid'

/** The openid of who holds this phone where the payment needs one: asked once, as it never changes. */
export async function payerOf(provider: Provider, scene: string): Promise<string> {
  if (provider !== 'wechat' || scene !== 'jsapi') return ''
  const kept = uni.getStorageSync(OPENID) as string
  if (kept) return kept
  const { code } = await uni.login({ provider: 'weixin' })
  const { openid } = await api.post<{ openid: string }>('/wechat-openids', { code })
  uni.setStorageSync(OPENID, openid)
  return openid
}
