// The groups of knobs that few tariffs need, and whether a tariff says anything in one.
import type { Terms } from '../types'

export const GROUPS = ['free', 'caps', 'factors', 'discounts', 'maxStay', 'windows'] as const
export type Group = (typeof GROUPS)[number]

export function saidIn(group: Group, terms: Terms): boolean {
  switch (group) {
    case 'caps':
      return terms.caps.length > 0
    case 'free':
      return terms.free !== null || terms.first_free !== null
    case 'factors':
      return terms.factors.length > 0 || terms.per_berth
    case 'discounts':
      return terms.discounts.length > 0
    case 'maxStay':
      return terms.max_stay !== null
    case 'windows':
      return terms.mixing !== 'sum' || terms.restart !== 'rolling_day'
  }
}
