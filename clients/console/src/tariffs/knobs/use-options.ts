// What the names in a tariff may be: its cars, colors of plates, classes of days and rows, as people call them.
import { computed, type ComputedRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { COLORS, type Terms } from '../types'

export interface Option {
  value: string
  label: string
}

export function useOptions(terms: () => Terms): Record<'vehicles' | 'colors' | 'days' | 'rates' | 'tags', ComputedRef<Option[]>> {
  const { t, te } = useI18n()
  const carName = (name: string) => (te(`tariff.vehicle.${name}`) ? t(`tariff.vehicle.${name}`) : name)
  const plain = (names: string[]): Option[] => [...new Set(names)].filter((name) => name !== '').map((name) => ({ value: name, label: name }))
  return {
    vehicles: computed(() => terms().vehicles.map((value) => ({ value, label: carName(value) }))),
    colors: computed(() => COLORS.map((value) => ({ value, label: t(`tariff.color.${value}`) }))),
    days: computed(() => plain(terms().days.map((one) => one.name))),
    rates: computed(() => plain(terms().rates.map((one) => one.name))),
    tags: computed(() => [{ value: 'new_energy', label: t('trial.newEnergy') }]),
  }
}
