// Names that screens need for ids: places, their berths, and colleagues; each read once, when first asked for.
import type { City, CityBerthRow, List } from '@smartcloud/shared'
import { defineStore } from 'pinia'
import { computed, shallowRef, type ShallowRef } from 'vue'
import { useLogin } from './login'

export interface Named {
  id: string
  name: string
}

export const usePlaces = defineStore('places', () => {
  const login = useLogin()
  const city = shallowRef<City | null>(null)
  const rows = shallowRef<CityBerthRow[] | null>(null)
  const staff = shallowRef<Named[] | null>(null)
  const asked = new Set<string>()

  function need<T>(held: ShallowRef<T | null>, path: string, take: (answer: never) => T): T | null {
    if (held.value === null && !asked.has(path)) {
      asked.add(path)
      login.api.get(path).then(
        (answer) => (held.value = take(answer as never)),
        // A name that is missing leaves an id; it is asked for again with the next page.
        () => asked.delete(path),
      )
    }
    return held.value
  }

  const all = computed<Named[]>(() => {
    const places = need(city, '/city', (answer: City) => answer)?.places ?? []
    return [...places].sort((a, b) => a.name.localeCompare(b.name, 'zh-CN'))
  })
  const berths = computed<CityBerthRow[]>(() => need(rows, '/berths', (answer: { items: CityBerthRow[] }) => answer.items) ?? [])
  const people = computed(() => {
    const found = need(staff, '/colleagues', (answer: List<Named>) => answer.items) ?? []
    return new Map(found.map(({ id, name }) => [id, name]))
  })
  const placeName = (id: string): string => all.value.find((one) => one.id === id)?.name ?? id

  return { all, berths, people, placeName }
})
