// Remembers who is signed in on this device.
import { shallowRef } from 'vue'
import type { Login } from '@smartcloud/shared'

const KEY = 'motorist-login'

function remembered(): Login | null {
  const login = uni.getStorageSync(KEY) as Login | ''
  return login && Date.parse(login.expires_at) > Date.now() ? login : null
}

/** The login in force, or null. Change it by `keepLogin` only. */
export const login = shallowRef<Login | null>(remembered())

/** Hold this login across restarts of the program; null forgets it. */
export function keepLogin(next: Login | null): void {
  login.value = next
  if (next) uni.setStorageSync(KEY, next)
  else uni.removeStorageSync(KEY)
}
