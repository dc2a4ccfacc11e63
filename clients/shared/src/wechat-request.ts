// Carries API requests by `wx.request` (or `uni.request`, which has the same shape).

import type { SendRequest } from './api'

export interface WeChatRequester {
  request(options: {
    url: string
    method: string
    header: Record<string, string>
    data?: string
    timeout: number
    success: (answer: { statusCode: number; data: unknown }) => void
    fail: (problem: { errMsg: string }) => void
  }): unknown
}

const TIMEOUT_MS = 15_000

export function sendByWeChat(wx: WeChatRequester): SendRequest {
  return ({ method, url, headers, body }) =>
    new Promise((resolve, reject) => {
      wx.request({
        url,
        method,
        header: headers,
        timeout: TIMEOUT_MS,
        ...(body === undefined ? {} : { data: body }),
        success: ({ statusCode, data }) => resolve({ status: statusCode, body: data === '' ? null : data }),
        fail: ({ errMsg }) => reject(new Error(errMsg)),
      })
    })
}
