// Sends a photo of a stay: drawn smaller first, since a handheld's network is slow.
import { ApiError } from '@smartcloud/shared'
import { useLogin } from '../stores/login'

// 1280 px and 0.7: a plate is still read, and a photo is some 150 kB.
const LONGEST_PX = 1_280
const QUALITY = 0.7

/** Keep the photo as evidence of a stay; gives its id. */
export async function keepPhoto(stay_id: string, file: Blob): Promise<string> {
  const body = await smaller(file).catch(() => file)
  const taken_at = encodeURIComponent(new Date().toISOString())
  const headers = { Authorization: `Bearer ${useLogin().token ?? ''}`, 'Content-Type': 'image/jpeg' }
  const url = `/api/patrol/stays/${encodeURIComponent(stay_id)}/photos?kind=patrol&taken_at=${taken_at}`
  const answer = await fetch(url, { method: 'POST', headers, body }).catch(() => {
    throw new ApiError(0, 'network_unreachable', '')
  })
  const said = (await answer.json().catch(() => null)) as { photo?: { id: string }; error?: { code: string; message: string } } | null
  if (said?.photo) return said.photo.id
  throw new ApiError(answer.status, said?.error?.code ?? 'photo_not_taken', said?.error?.message ?? '')
}

async function smaller(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file)
  const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(picture.width * scale)
  canvas.height = Math.round(picture.height * scale)
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height)
  picture.close()
  return new Promise((resolve, reject) => canvas.toBlob((drawn) => (drawn ? resolve(drawn) : reject(new Error('not drawn'))), 'image/jpeg', QUALITY))
}
