// Fetches evidence photos, which only their owner may see: an image's address alone carries no login.
import { api, serverOrigin } from './server'
import { login } from './session'

const held = new Map<string, string>()

/** An address that an image can show, or null where the photo cannot be had. */
export async function photoAddress(photo_id: string): Promise<string | null> {
  const known = held.get(photo_id)
  if (known) return known
  const address = await fetched(`${serverOrigin}/api/${api.audience}/photos/${encodeURIComponent(photo_id)}`).catch(() => null)
  if (address) held.set(photo_id, address)
  return address
}

async function fetched(url: string): Promise<string | null> {
  const header = { Authorization: `Bearer ${login.value?.token ?? ''}` }
  // #ifdef H5
  const answer = await fetch(url, { headers: header })
  return answer.ok ? URL.createObjectURL(await answer.blob()) : null
  // #endif
  // #ifdef MP-WEIXIN
  return new Promise((resolve, reject) => {
    uni.downloadFile({ url, header, success: ({ statusCode, tempFilePath }) => resolve(statusCode === 200 ? tempFilePath : null), fail: reject })
  })
  // #endif
}
