// The parts every screen uses, made once: API, database, outbox.
import { createApi } from '@smartcloud/shared'
import { Outbox } from './offline/outbox'
import { PosDatabase } from './offline/database'
import { sendPlate } from './offline/send'
import { useLogin } from './stores/login'

export const api = createApi({
  audience: 'patrol',
  token: () => useLogin().token,
  onSignedOut: () => useLogin().expire(),
})

/** For what anyone may ask: sends no token, so that an answer to it can never end the login. */
export const publicApi = createApi({ audience: 'patrol' })

export const database = new PosDatabase()

export const outbox = new Outbox({
  database,
  // The handheld may change hands while a flush is under way: a plate goes out only in its officer's name.
  send: async (entry) =>
    useLogin().account?.id === entry.account_id ? sendPlate(api, entry, Date.now()) : { kind: 'logged_out' },
  now: Date.now,
  newId,
})

// On plain http from another host there is no randomUUID: only secure contexts have it.
export function newId(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
