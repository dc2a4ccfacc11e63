// Sends what a motorist says against a stay: his photos first, then the words that name them.
import { ApiError } from '@smartcloud/shared'
import { t } from '@/locale'
import { api, serverOrigin } from './server'
import { login } from './session'

export async function sendDispute(stay_id: string, said: { reason: string; statement: string; photos: readonly string[] }): Promise<void> {
  const evidence_ids: string[] = []
  for (const path of said.photos) evidence_ids.push(await upload(stay_id, path))
  await api.post(`/stays/${stay_id}/dispute`, { reason: said.reason, statement: said.statement, evidence_ids })
}

/** Disputes a bill that came with a plate: its stay is somebody else's to see, so that there are words only. */
export async function sendBillDispute(bill_id: string, said: { reason: string; statement: string }): Promise<void> {
  await api.post(`/bills/${bill_id}/dispute`, said)
}

interface PhotoAnswer {
  photo?: { id: string }
  error?: { code: string; message: string }
}

async function upload(stay_id: string, path: string): Promise<string> {
  const url = `${serverOrigin}/api/${api.audience}/stays/${stay_id}/photos?kind=dispute`
  const header = { Authorization: `Bearer ${login.value?.token ?? ''}`, 'Content-Type': 'image/jpeg' }
  let status = 0
  let answer: PhotoAnswer = {}
  // #ifdef H5
  const body = await (await fetch(path)).blob()
  const response = await fetch(url, { method: 'POST', headers: header, body }).catch(() => {
    throw new ApiError(0, 'network_unreachable', t('error.network'))
  })
  status = response.status
  answer = (await response.json().catch(() => ({}))) as PhotoAnswer
  // #endif
  // #ifdef MP-WEIXIN
  const data = uni.getFileSystemManager().readFileSync(path) as ArrayBuffer
  const sent = await new Promise<{ statusCode: number; data: unknown }>((resolve, reject) => {
    uni.request({ url, method: 'POST', header, data, success: resolve, fail: () => reject(new ApiError(0, 'network_unreachable', t('error.network'))) })
  })
  status = sent.statusCode
  answer = sent.data as PhotoAnswer
  // #endif
  if (answer.photo) return answer.photo.id
  throw new ApiError(status, answer.error?.code ?? 'photo_not_taken', answer.error?.message ?? t('error.server'))
}
