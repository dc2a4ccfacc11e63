// Who is signed in on this handheld; kept across restarts so that work goes on without network.
import { computed, ref } from 'vue'
import { defineStore } from 'pinia'
import type { Api, Login } from '@smartcloud/shared'

const KEPT_UNDER = 'smartcloud-pos.login'

function readKept(): Login | null {
  try {
    return JSON.parse(localStorage.getItem(KEPT_UNDER) ?? 'null') as Login | null
  } catch {
    return null
  }
}

export const useLogin = defineStore('login', () => {
  const login = ref<Login | null>(readKept())
  /** True after the server stopped accepting the login, until the next one. */
  const expired = ref(false)

  const account = computed(() => login.value?.account ?? null)
  const token = computed(() => login.value?.token ?? null)

  function keep(next: Login | null): void {
    login.value = next
    if (next) localStorage.setItem(KEPT_UNDER, JSON.stringify(next))
    else localStorage.removeItem(KEPT_UNDER)
  }

  async function signIn(api: Api, username: string, password: string): Promise<void> {
    keep(await api.post<Login>('/logins', { username, password }))
    expired.value = false
  }

  function signOut(): void {
    keep(null)
    expired.value = false
  }

  function expire(): void {
    keep(null)
    expired.value = true
  }

  return { login, account, token, expired, signIn, signOut, expire }
})
