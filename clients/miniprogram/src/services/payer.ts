// Who pays, in WeChat's words: its payment inside WeChat is made for an openid.
import type { Provider } from '@smartcloud/shared'
import { surfaceOf } from '@/lib/paying'
import { api } from './server'
import { webOpenid } from './wechat-web'

const OPENID = 'wechat-openid'

/** Whether this is WeChat's own browser, where a person has another openid than in the mini-program. */
export let onWeChatWeb = false
// #ifdef H5
onWeChatWeb = surfaceOf(navigator.userAgent) === 'wechat_web'
// #endif

/** The openid of who holds this phone where the payment needs one: asked once, as it never changes. */
export const payerOf = (provider: Provider, scene: string): Promise<string> =>
  provider === 'wechat' && scene.startsWith('jsapi') ? openidHere() : Promise.resolve('')

/** The openid of who holds this phone; empty where WeChat does not tell, as outside of it. */
export async function openidHere(): Promise<string> {
  let openid = ''
  // #ifdef H5
  if (onWeChatWeb) openid = await webOpenid()
  // #endif
  // #ifdef MP-WEIXIN
  openid = uni.getStorageSync(OPENID) as string
  if (openid) return openid
  const { code } = await uni.login({ provider: 'weixin' })
  openid = (await api.post<{ openid: string }>('/wechat-openids', { code })).openid
  uni.setStorageSync(OPENID, openid)
  // #endif
  return openid
}
