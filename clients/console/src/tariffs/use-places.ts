// The places with their tariffs, read anew when anybody changes one, and when a planned change begins.
import { liveChannel, type ApiError, type List, type LiveFact } from '@smartcloud/shared'
import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import { storeToRefs } from 'pinia'
import { useMay } from '../lib/permissions'
import { asApiError } from '../lib/refusal'
import { useFacts, useSoon } from '../lib/use-facts'
import { useLogin } from '../stores/login'
import { nextChange_ms } from './places'
import type { PlaceUsing, TariffRow } from './types'

const PRICE_FACTS = ['PlaceTariffChanged', 'PlaceTariffCancelled']

export interface Places {
  all: ShallowRef<PlaceUsing[] | null>
  versions: ShallowRef<TariffRow[]>
  error: ShallowRef<ApiError | null>
  load(): Promise<void>
}

export function usePlaces(): Places {
  const login = useLogin()
  const { identity } = storeToRefs(login)
  const may = useMay()
  const all = shallowRef<PlaceUsing[] | null>(null)
  const versions = shallowRef<TariffRow[]>([])
  const error = shallowRef<ApiError | null>(null)

  async function load(): Promise<void> {
    error.value = null
    try {
      const [places, tariffs] = await Promise.all([login.api.get<List<PlaceUsing>>('/tariff-places'), login.api.get<List<TariffRow>>('/tariffs')])
      all.value = places.items
      versions.value = tariffs.items
    } catch (problem) {
      error.value = asApiError(problem)
    }
  }

  const soon = useSoon(() => void load(), 1_000)
  useFacts<LiveFact>(
    () => (identity.value && may('city.watch') ? liveChannel(identity.value.organization.id) : null),
    ({ fact }) => PRICE_FACTS.includes(fact) && soon(),
  )

  let timer = 0
  watch(all, (places) => {
    clearTimeout(timer)
    const wait_ms = nextChange_ms(places ?? [], Date.now())
    if (wait_ms !== null) timer = window.setTimeout(soon, wait_ms)
  })
  onScopeDispose(() => clearTimeout(timer))
  void load()
  return { all, versions, error, load }
}
