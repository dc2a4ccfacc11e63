// Vehicles, stays and what is known of them.
import type { Plate } from '../plate'

export interface Stay {
  id: string
  state: string
  plate: Plate | null
  place: { id: string; name: string }
  berth_code: string
  arrived_at: string
  left_at: string | null
  amount: number | null
}

export interface Vehicle {
  id: string
  plate: Plate
  preferred: boolean
}

/** One thing that is known of a stay; what it says follows from its kind. */
export interface EvidenceEntry {
  at: string
  kind: 'reading' | 'photo' | 'edit' | 'price' | 'review' | 'bill' | 'discount' | 'payment' | 'refund'
  id: string
  by: string | null
  device_id: string | null
  said: Record<string, unknown>
}

export interface Evidence {
  stay: Stay & { holds: string[]; flags: string[]; lines: { text: string; amount: number }[] }
  entries: EvidenceEntry[]
}
