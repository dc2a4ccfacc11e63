// Keeps the counts of listed sections live, through the channels of the map cells they lie in.
import { computed, onScopeDispose, shallowReactive, watch, type ComputedRef } from 'vue'
import { collection, foldPlaces, mapChannel, type Collection, type CollectionView, type PatrolSection, type Places } from '@smartcloud/shared'
import { api } from '../services'
import { useConnection } from '../stores/connection'

export interface LiveSections {
  items: ComputedRef<PatrolSection[] | null>
  /** When all shown counts were last known to be complete, by this device's clock; null before the first time. */
  fresh_ms: ComputedRef<number | null>
}

export function useLiveSections(listed: () => PatrolSection[] | null): LiveSections {
  const connection = useConnection()
  const open = new Map<string, Collection<Places>>()
  const views = shallowReactive(new Map<string, CollectionView<Places>>())
  const cells = computed(() => [...new Set((listed() ?? []).flatMap(({ cell }) => cell ?? []))].sort())

  function follow(): void {
    const client = connection.realtime?.client
    if (!client) return
    for (const [cell, followed] of open) {
      if (cells.value.includes(cell)) continue
      followed.close()
      open.delete(cell)
      views.delete(cell)
    }
    for (const cell of cells.value) {
      if (open.has(cell)) continue
      const followed = collection({ client, api, channel: mapChannel(cell), fold: foldPlaces })
      followed.subscribe((view) => views.set(cell, view))
      open.set(cell, followed)
    }
  }

  watch(() => cells.value.join(' '), follow, { immediate: true })
  onScopeDispose(() => {
    for (const followed of open.values()) followed.close()
  })

  return {
    items: computed(() => listed()?.map((section) => withCounts(section, views.get(section.cell ?? '')?.data)) ?? null),
    fresh_ms: computed(() => {
      const times = cells.value.map((cell) => views.get(cell)?.fresh_ms ?? null)
      return times.length > 0 && times.every((time) => time !== null) ? Math.max(...(times as number[])) : null
    }),
  }
}

/** Gives the section with newer counts where there are any. What is out of service is as listed: no cell tells it. */
export function withCounts(section: PatrolSection, counts: Places | null | undefined): PatrolSection {
  const now = counts?.get(section.id)
  if (now === undefined || now.v <= section.v) return section
  const { total, free, unknown, v } = now
  const out_of_service = Math.min(section.out_of_service, total - free - unknown)
  return { ...section, total, free, unknown, out_of_service, occupied: total - free - unknown - out_of_service, v }
}
