// The tiles of the figures row, from the city's figures.
import type { Kpi } from '@smartcloud/shared'

export type KpiTone = 'plain' | 'free' | 'occupied' | 'unknown' | 'alarm'

export interface KpiTile {
  key: string
  value: number
  /** Amounts are fen. */
  unit: 'count' | 'money'
  tone: KpiTone
  /** A smaller second figure: a share of the total (0-1) or another count. */
  share?: number
  detail?: { key: string; value: number; unit: 'count' | 'money' }
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

/** The row from left to right. */
export function kpiTiles(kpi: Kpi): KpiTile[] {
  const count = (key: keyof Kpi): KpiTile['detail'] => ({ key, value: kpi[key], unit: 'count' })
  // Without a departure there is no mean to show.
  const each: KpiTile['detail'] =
    kpi.departures_today === 0 ? undefined : { key: 'due_each', value: Math.round(kpi.due_today / kpi.departures_today), unit: 'money' }
  return [
    { key: 'total', value: kpi.total, unit: 'count', tone: 'plain', detail: count('out_of_service') },
    { key: 'free', value: kpi.free, unit: 'count', tone: 'free', share: share(kpi.free, kpi.total) },
    { key: 'occupied', value: kpi.occupied, unit: 'count', tone: 'occupied', share: share(kpi.occupied, kpi.total) },
    { key: 'unknown', value: kpi.unknown, unit: 'count', tone: 'unknown', share: share(kpi.unknown, kpi.total) },
    { key: 'open_stays', value: kpi.open_stays, unit: 'count', tone: 'plain', detail: count('identified_stays') },
    { key: 'arrivals_today', value: kpi.arrivals_today, unit: 'count', tone: 'plain', detail: count('departures_today') },
    { key: 'due_today', value: kpi.due_today, unit: 'money', tone: 'plain', ...(each && { detail: each }) },
    {
      key: 'devices_silent',
      value: kpi.devices_silent,
      unit: 'count',
      tone: kpi.devices_silent > 0 ? 'alarm' : 'plain',
      detail: count('devices'),
    },
  ]
}
