// Says who holds the phone in WeChat's own browser (网页授权), and opens its payment sheet there. H5 only.
import { ApiError } from '@smartcloud/shared'
import { mayGo, returnedBy, stateOf, type Bridge, type Returned, type Way } from '@/lib/wechat-web'
import { t } from '@/locale'
import { api } from './server'

const WAY = 'wechat-way'
// For this session alone: two people may use WeChat on one phone, and its browser keeps one store.
const OPENID = 'wechat-web-openid'

let returned: Returned | null = null

const wayHeld = (): Way | null => JSON.parse(sessionStorage.getItem(WAY) ?? 'null') as Way | null

/** Take what the browser came back with out of the address, before any page is opened; go on where it was left. */
export function takeReturn(): void {
  const way = wayHeld()
  returned = returnedBy(location.search, way)
  if (returned && way) history.replaceState(null, '', `${location.pathname}${way.hash}`)
}

let asking: Promise<string> | null = null

/** The openid of who holds the phone; leaves the page for a moment the first time. */
export function webOpenid(): Promise<string> {
  // A code is good once, so that whoever asks meanwhile waits for the same answer.
  asking ??= ask().finally(() => (asking = null))
  return asking
}

async function ask(): Promise<string> {
  const kept = sessionStorage.getItem(OPENID)
  if (kept) return kept
  const back = returned
  returned = null
  if (!back) return goForIt()
  const { openid } = await api.post<{ openid: string }>('/wechat-web-openids', back)
  sessionStorage.setItem(OPENID, openid)
  sessionStorage.removeItem(WAY)
  return openid
}

async function goForIt(): Promise<string> {
  if (!mayGo(wayHeld(), Date.now())) throw new ApiError(409, 'wechat_state_invalid', t('pay.whoFailed'))
  const { url } = await api.post<{ url: string }>('/wechat-authorizations', { return_to: location.origin + location.pathname })
  sessionStorage.setItem(WAY, JSON.stringify({ state: stateOf(url), hash: location.hash, at_ms: Date.now() } satisfies Way))
  location.replace(url)
  // Nothing goes on here: the page is left.
  return new Promise(() => undefined)
}

/** WeChat's bridge, once it is there. */
export function weChatBridge(): Promise<Bridge> {
  const scope = window as unknown as { WeixinJSBridge?: Bridge }
  return new Promise((resolve) => {
    if (scope.WeixinJSBridge) resolve(scope.WeixinJSBridge)
    else document.addEventListener('WeixinJSBridgeReady', () => resolve(scope.WeixinJSBridge!), { once: true })
  })
}
