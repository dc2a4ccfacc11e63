// What of a plate's debts an officer is about to collect: its bills, other operators', and the running stay.
import { computed, ref, watch, type Ref } from 'vue'
import type { PlateArrears, RunningFee } from '@smartcloud/shared'
import { collectable } from './collecting'

const sumOf = (debts: readonly { open: number }[]): number => debts.reduce((whole, { open }) => whole + open, 0)

/** Everything is chosen at first but the running stay; `stay_id` is the stay that runs where the officer stands. */
export function useChoice(arrears: Readonly<Ref<PlateArrears | null>>, fee: Readonly<Ref<RunningFee | null>>, stay_id: () => string | null) {
  const left_out = ref<ReadonlySet<string>>(new Set())
  const with_running = ref(false)

  const running = computed(() => (fee.value && fee.value.open > 0 ? fee.value : null))
  // The price of a car that still stands is its own row, with its fee as it is now.
  const bills = computed(() => collectable(arrears.value).filter(({ stay_id: of }) => of !== stay_id() || fee.value === null))
  const elsewhere = computed(() => arrears.value?.elsewhere ?? [])
  const frozen = computed(() => (arrears.value?.bills ?? []).filter((bill) => bill.frozen))
  const chooses = (id: string): boolean => !left_out.value.has(id)
  const theirs = computed(() => elsewhere.value.flatMap(({ bills: owed }) => owed).filter(({ id }) => chooses(id)))
  const chosen = computed(() => [...bills.value.filter(({ id }) => chooses(id)), ...theirs.value])
  const running_open = computed(() => (with_running.value && running.value ? running.value.open : 0))

  watch([bills, running], () => {
    // Without debts the running stay is what the officer came for.
    if (bills.value.length === 0 && running.value) with_running.value = true
  })

  function toggle(id: string): void {
    const next = new Set(left_out.value)
    if (!next.delete(id)) next.add(id)
    left_out.value = next
  }

  function reset(): void {
    left_out.value = new Set()
    with_running.value = false
  }

  return {
    running,
    bills,
    elsewhere,
    frozen,
    theirs,
    chosen,
    with_running,
    chooses,
    toggle,
    reset,
    /** The open amount of the chosen bills, without the running stay. */
    due: computed(() => sumOf(chosen.value)),
    sum: computed(() => sumOf(chosen.value) + running_open.value),
    count: computed(() => chosen.value.length + (running_open.value > 0 ? 1 : 0)),
    for_others: computed(() => sumOf(theirs.value)),
    nothing: computed(
      () => arrears.value !== null && bills.value.length === 0 && elsewhere.value.length === 0 && frozen.value.length === 0 && running.value === null,
    ),
  }
}

export type Choice = ReturnType<typeof useChoice>
