// The policy switchboard as the API tells it.
export type Value = number | string
export type ScopeKind = 'city' | 'operator' | 'place'
export type Unit = 'second' | 'minute' | 'hour' | 'hour_of_day' | 'day' | 'fen' | 'bp' | 'point' | 'kmh' | 'time' | 'photo'

export interface PolicyKey {
  group: string
  label: string
  hint: string
  kind: 'number' | 'choice' | 'ladder' | 'zone' | 'prefix'
  least: number
  most: number
  unit: Unit | null
  choices: { value: string; label: string }[] | null
  default: Value
  scopes: ScopeKind[]
}

/** `scope` is `city`, `operator:{id}` or `place:{id}`; `values` are what it says itself (the city: all). */
export interface PolicyScope {
  scope: string
  name: string
  v: number
  values: Record<string, Value>
  resolved: Record<string, Value>
  sources: Record<string, string>
  changeable: boolean
}

export interface Switchboard {
  scopes: PolicyScope[]
  keys: Record<string, PolicyKey>
}

/** What a person has changed and not saved: a key's new value, or null where the upper scope's is to hold again. */
export type Changes = Record<string, Value | null>
