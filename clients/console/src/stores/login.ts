// Who is signed in at this browser, and the API that speaks for them.
import { ApiError, createApi, type Account, type Api, type ConsoleIdentity, type Login } from '@smartcloud/shared'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'

const STORED_AS = 'smartcloud.console.login'

function readStored(): Login | null {
  try {
    const login = JSON.parse(localStorage.getItem(STORED_AS) ?? 'null') as Login | null
    return login !== null && Date.parse(login.expires_at) > Date.now() ? login : null
  } catch {
    return null
  }
}

export const useLogin = defineStore('login', () => {
  const login = shallowRef<Login | null>(readStored())
  const identity = shallowRef<ConsoleIdentity | null>(null)
  const expired = ref(false)

  const signedIn = computed(() => login.value !== null)
  const account = computed<Account | null>(() => identity.value?.account ?? login.value?.account ?? null)

  const api: Api = createApi({
    audience: 'console',
    token: () => login.value?.token ?? null,
    onSignedOut: () => {
      if (login.value === null) return
      expired.value = true
      forget()
    },
  })

  function forget(): void {
    localStorage.removeItem(STORED_AS)
    login.value = null
    identity.value = null
  }

  async function signIn(username: string, password: string): Promise<void> {
    const answer = await api.post<Login>('/logins', { username, password })
    localStorage.setItem(STORED_AS, JSON.stringify(answer))
    login.value = answer
    expired.value = false
  }

  /** Ends the login here at once, and at the server when it can be reached. */
  async function signOut(): Promise<void> {
    const ended = api.delete('/logins/current')
    forget()
    await ended.catch(() => undefined)
  }

  async function loadIdentity(): Promise<void> {
    identity.value = await api.get<ConsoleIdentity>('/me')
  }

  /** Pictures are no JSON: they are fetched and sent as they are, under the same login. */
  async function askRaw(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...init.headers, Authorization: `Bearer ${login.value?.token ?? ''}` }
    const answer = await fetch(`/api/console${path}`, { ...init, headers }).catch(() => {
      throw new ApiError(0, 'network_unreachable', '网络不可用，请检查网络后重试')
    })
    if (answer.ok) return answer
    const said = (await answer.json().catch(() => null)) as { error?: { code: string; message: string } } | null
    throw new ApiError(answer.status, said?.error?.code ?? `http_${answer.status}`, said?.error?.message ?? '请求没有成功')
  }

  const getPicture = async (path: string): Promise<Blob> => (await askRaw(path)).blob()

  async function sendPicture(path: string, picture: Blob): Promise<void> {
    await askRaw(path, { method: 'POST', body: picture, headers: { 'Content-Type': picture.type || 'image/jpeg' } })
  }

  return { signedIn, account, identity, expired, api, signIn, signOut, loadIdentity, getPicture, sendPicture }
})
