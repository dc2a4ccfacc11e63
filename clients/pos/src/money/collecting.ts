// What a plate owes here, and the calls that collect it; live through the officer's own channel.
import { onBeforeUnmount, ref, shallowRef, watch } from 'vue'
import { ApiError, type Bill, type CashShift, type Intent, type OwedBill, type OwnShift, type PayLink, type Payment, type Plate, type PlateArrears, type Provider, type RunningFee } from '@smartcloud/shared'
import { api } from '../services'
import { useConnection } from '../stores/connection'
import { once } from './keys'

// 4 s: the driver stands beside the officer; what is pushed is quicker.
const ASK_EVERY_MS = 4_000

export const isUnknown = (error: unknown): boolean => !(error instanceof ApiError) || error.status === 0 || error.status >= 500 || error.status === 429

/** What a plate owes, and what its running stay costs where it stands here. */
export function useDebts(plate: () => Plate | null, stay_id: () => string | null) {
  const arrears = shallowRef<PlateArrears | null>(null)
  const fee = shallowRef<RunningFee | null>(null)
  const error = ref<ApiError | null>(null)
  const as_of_ms = ref<number | null>(null)
  let latest = 0

  async function load(): Promise<void> {
    const wanted = plate()
    latest += 1
    const ours = latest
    if (!wanted) {
      arrears.value = null
      return
    }
    try {
      const [found, running] = await Promise.all([
        api.get<PlateArrears>('/arrears', { ...wanted }),
        readFee(stay_id()),
      ])
      if (ours !== latest) return
      arrears.value = found
      fee.value = running
      error.value = null
      as_of_ms.value = Date.now()
    } catch (caught) {
      if (ours === latest && caught instanceof ApiError) error.value = caught
    }
  }

  watch([plate, stay_id], () => {
    arrears.value = null
    fee.value = null
    error.value = null
    void load()
  }, { immediate: true })
  return { arrears, fee, error, as_of_ms, load }
}

// The car may have gone meanwhile: then what it owes is a bill.
async function readFee(stay_id: string | null): Promise<RunningFee | null> {
  if (stay_id === null) return null
  try {
    return await api.get<RunningFee>(`/stays/${stay_id}/fee`)
  } catch (caught) {
    if (caught instanceof ApiError && (caught.status === 404 || caught.status === 409)) return null
    throw caught
  }
}

export const collectable = (arrears: PlateArrears | null): OwedBill[] =>
  (arrears?.bills ?? []).filter(({ frozen, open }) => !frozen && open > 0)

/** Ids of all that may be collected here, this operator's and others'. */
export const payableIds = (arrears: PlateArrears): ReadonlySet<string> =>
  new Set([...collectable(arrears), ...arrears.elsewhere.flatMap(({ bills }) => bills)].map(({ id }) => id))

export function billRunning(stay_id: string): Promise<Bill> {
  const wish = `bill:${stay_id}:${Math.floor(Date.now() / 60_000)}`
  return once(wish, async (headers) => (await api.post<{ bill: Bill }>(`/stays/${stay_id}/bill`, {}, headers)).bill, isUnknown)
}

const named = (what: string, bill_ids: readonly string[]): string => `${what}:${[...bill_ids].sort().join(',')}`

export const takeCash = (bill_ids: readonly string[]): Promise<Payment> =>
  once(named('cash', bill_ids), (headers) => api.post<Payment>('/cash-payments', { bill_ids }, headers), isUnknown)

export const showCode = (bill_ids: readonly string[], provider: Provider): Promise<Intent> =>
  once(named(`code:${provider}`, bill_ids), (headers) => api.post<Intent>('/intents', { bill_ids, provider, scene: 'native' }, headers), isUnknown)

export const makeLink = async (plate: Plate, bill_ids: readonly string[]): Promise<PayLink> =>
  (await api.post<{ link: PayLink }>('/pay-links', { ...plate, bill_ids })).link

export const readShift = (): Promise<OwnShift> => api.get<OwnShift>('/cash-shifts/current')

export const openShift = (): Promise<CashShift> => once('shift:open', (headers) => api.post<CashShift>('/cash-shifts', {}, headers), isUnknown)

export const closeShift = (shift: CashShift, counted: number, reason: string): Promise<CashShift> =>
  once(`shift:close:${shift.id}:${counted}:${reason}`, (headers) => api.post<CashShift>('/cash-shifts/current/close', { counted, reason }, headers), isUnknown)

/** Follows a code that was shown until it is paid or over: told by push, asked about as well. */
export function useIntent(on: (intent: Intent) => void) {
  const connection = useConnection()
  let followed: Intent | null = null
  let timer: ReturnType<typeof setInterval> | undefined

  async function ask(): Promise<void> {
    const asked = followed
    if (!asked) return
    const now = await api.get<Intent>(`/intents/${asked.id}`).catch(() => null)
    if (!now || followed?.id !== now.id) return
    if (!['created', 'pending'].includes(now.state)) stop()
    on(now)
  }

  function follow(intent: Intent): void {
    followed = intent
    clearInterval(timer)
    timer = setInterval(() => void ask(), ASK_EVERY_MS)
    void ask()
  }

  function stop(): void {
    followed = null
    clearInterval(timer)
  }

  const silence = connection.realtime?.onPersonal(({ data }) => {
    if ((data as { intent_id?: string }).intent_id === followed?.id) void ask()
  })
  onBeforeUnmount(() => {
    silence?.()
    stop()
  })
  return { follow, stop }
}
