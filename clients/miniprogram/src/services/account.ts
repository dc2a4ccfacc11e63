// Signs the motorist in by phone code, and out again.
import type { Login } from '@smartcloud/shared'
import { api } from './server'
import { keepLogin } from './session'

/** Have a code sent to the phone; tells how long to wait before asking again. */
export async function sendLoginCode(phone: string): Promise<{ resend_in_s: number }> {
  return api.post('/login-codes', { phone })
}

/** Sign in; refused with `wrong_login_code` when the code is not the one sent. */
export async function signIn(phone: string, code: string): Promise<void> {
  keepLogin(await api.post<Login>('/logins', { phone, code }))
}

/** Sign out here at once; the server is told, and a lost message to it changes nothing on this device. */
export async function signOut(): Promise<void> {
  const told = api.delete('/logins/current').catch(() => undefined)
  keepLogin(null)
  await told
}
