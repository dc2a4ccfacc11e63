// Who pays, in WeChat's words: its payment inside WeChat is made for an openid.
import type { Provider } from '@smartcloud/shared'
import { api } from './server'

const OPENID = 'wechat-openid'

/** The openid of who holds this phone where the payment needs one: asked once, as it never changes. */
export const payerOf = (provider: Provider, scene: string): Promise<string> =>
  provider === 'wechat' && scene === 'jsapi' ? openidHere() : Promise.resolve('')

/** The openid of who holds this phone; empty where WeChat does not tell, as outside of it. */
export async function openidHere(): Promise<string> {
  const kept = uni.getStorageSync(OPENID) as string
  if (kept) return kept
  let openid = ''
  // #ifdef MP-WEIXIN
  const { code } = await uni.login({ provider: 'weixin' })
  openid = (await api.post<{ openid: string }>('/wechat-openids', { code })).openid
  uni.setStorageSync(OPENID, openid)
  // #endif
  return openid
}
