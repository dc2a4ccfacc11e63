// The running list of facts: newest first, each once, no longer than a screen can use.
import type { LiveFact, LiveFactName } from '@smartcloud/shared'

export interface FeedEntry {
  epoch: string
  offset: number
  fact: LiveFact
}

export type FeedKind = 'berth' | 'stay' | 'bill' | 'device' | 'place'

export const FEED_LIMIT = 200

const KINDS: Record<LiveFactName, FeedKind> = {
  BerthOccupied: 'berth',
  BerthFreed: 'berth',
  BerthUnknown: 'berth',
  StayOpened: 'stay',
  StayIdentified: 'stay',
  StayClosed: 'stay',
  StayVoided: 'stay',
  StayCorrected: 'stay',
  StayEdited: 'stay',
  StayDisputed: 'stay',
  StayReleased: 'stay',
  StayDoubted: 'stay',
  BillIssued: 'bill',
  PlaceTariffChanged: 'place',
  PlaceTariffCancelled: 'place',
  DeviceSilent: 'device',
  DeviceRecovered: 'device',
  DeviceAlarmed: 'device',
}

export const FEED_KINDS: readonly FeedKind[] = ['berth', 'stay', 'bill', 'device', 'place']

/** A fact this console does not know yet counts as one of a berth. */
export const kindOf = ({ fact }: Pick<LiveFact, 'fact'>): FeedKind => KINDS[fact] ?? 'berth'

// The alarms that have a name of their own: docs/devices.md, "Alarm codes".
const ALARMS = ['battery_low', 'sensor_fault', 'sensor_moved', 'fake_plate']

/** Gives the texts that name a fact, to be put one behind the other: which device, and what is with it. */
export function titleOf({ fact, device_kind, alarm }: LiveFact): string[] {
  if (kindOf({ fact }) !== 'device' || device_kind === null) return [`feed.facts.${fact}`]
  const known = fact === 'DeviceAlarmed' && alarm !== null && ALARMS.includes(alarm)
  return [`feed.devices.${device_kind}`, known ? `feed.alarms.${alarm}` : `feed.states.${fact}`]
}

/** Gives the code of an alarm that has no name here, as the device said it. */
export const codeOf = ({ alarm }: LiveFact): string | null => (alarm === null || ALARMS.includes(alarm) ? null : alarm)

export const keyOf = (entry: FeedEntry): string => `${entry.epoch}/${entry.offset}`

/** Adds entries; what is already held stays once, and entries of an older epoch go behind. */
export function mergeFeed(held: readonly FeedEntry[], incoming: readonly FeedEntry[], limit = FEED_LIMIT): FeedEntry[] {
  const byKey = new Map([...held, ...incoming].map((entry) => [keyOf(entry), entry]))
  return [...byKey.values()]
    .sort((a, b) => (a.epoch === b.epoch ? b.offset - a.offset : b.fact.at_ms - a.fact.at_ms))
    .slice(0, limit)
}
