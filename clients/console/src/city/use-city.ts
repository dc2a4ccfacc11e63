// Loads the city's places and berth outlines.
import { ApiError, type Api, type City, type CityBerthRow } from '@smartcloud/shared'
import { shallowRef, type Ref } from 'vue'

export interface CityShape {
  city: City
  berths: CityBerthRow[]
}

export interface LoadedCity {
  shape: Readonly<Ref<CityShape | null>>
  error: Readonly<Ref<ApiError | null>>
  load(): Promise<void>
}

export function useCity(api: Api): LoadedCity {
  const shape = shallowRef<CityShape | null>(null)
  const error = shallowRef<ApiError | null>(null)

  async function load(): Promise<void> {
    error.value = null
    try {
      const [city, berths] = await Promise.all([api.get<City>('/city'), api.get<{ items: CityBerthRow[] }>('/berths')])
      shape.value = { city, berths: berths.items }
    } catch (problem) {
      error.value = problem instanceof ApiError ? problem : new ApiError(0, 'unexpected', String(problem))
    }
  }

  return { shape, error, load }
}
