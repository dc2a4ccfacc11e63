// Which of a list's rows are chosen: all of them until somebody says otherwise, and never one that is gone.
import { computed, ref, type ComputedRef, type Ref } from 'vue'

export interface Choosing<Row> {
  chosen: ComputedRef<Row[]>
  all: ComputedRef<boolean>
  has(id: string): boolean
  toggle(id: string): void
  toggleAll(): void
}

export function useChoosing<Row extends { id: string }>(rows: Readonly<Ref<readonly Row[]>>): Choosing<Row> {
  const left_out = ref<ReadonlySet<string>>(new Set())
  const has = (id: string): boolean => !left_out.value.has(id)
  const chosen = computed(() => rows.value.filter(({ id }) => has(id)))
  const all = computed(() => rows.value.length > 0 && chosen.value.length === rows.value.length)

  function toggle(id: string): void {
    const next = new Set(left_out.value)
    if (!next.delete(id)) next.add(id)
    left_out.value = next
  }

  function toggleAll(): void {
    left_out.value = new Set(all.value ? rows.value.map(({ id }) => id) : [])
  }

  return { chosen, all, has, toggle, toggleAll }
}
