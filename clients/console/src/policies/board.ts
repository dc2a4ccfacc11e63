// What the switchboard decides by itself: groups and search, what holds and from where, what a change would do.
import { nextPlateKeys } from '@smartcloud/shared'
import type { Changes, PolicyKey, PolicyScope, ScopeKind, Switchboard, Unit, Value } from './types'

export const kindOf = (scope: string): ScopeKind => scope.split(':')[0] as ScopeKind

// Fen are read as yuan, ten-thousandths as per cent.
const HUNDREDTHS: readonly (Unit | null)[] = ['fen', 'bp']

/** The number as a person reads it: fen as yuan, ten-thousandths as per cent. */
export const shownNumber = (value: number, unit: Unit | null): string =>
  HUNDREDTHS.includes(unit) ? (value / 100).toFixed(2).replace(/\.00$/, '') : String(value)

/** The same for reading only, thousands grouped: 1,000,000. */
export const readable = (value: number, unit: Unit | null): string => shownNumber(value, unit).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ',')

/** Reads what a person typed; null where it is no number of that unit, or none within the key's range. */
export function readNumber(text: string, key: PolicyKey): number | null {
  const typed = text.trim()
  const hundredths = HUNDREDTHS.includes(key.unit)
  if (!(hundredths ? /^\d{1,9}(\.\d{1,2})?$/ : /^\d{1,9}$/).test(typed)) return null
  const value = hundredths ? Math.round(Number(typed) * 100) : Number(typed)
  return value >= key.least && value <= key.most ? value : null
}

/** Whether a city's plates may begin so: a province and a letter, or nothing is said. */
export const beginsPlates = (text: string): boolean => text === '' || ([...text].length === 2 && nextPlateKeys(text).length > 0 && /^[^A-Z0-9使民][A-HJ-NP-Z]$/.test(text))

/** A longer time in a longer unit, where it comes out even: 2880 minutes are 2 days. */
export function inLonger(value: number, unit: Unit | null): { count: number; unit: Unit } | null {
  const ladder: [Unit, number][] = [['second', 60], ['minute', 60], ['hour', 24], ['day', Infinity]]
  let at = ladder.findIndex(([name]) => name === unit)
  if (at < 0) return null
  let count = value
  while (count > 0 && count % (ladder[at] as [Unit, number])[1] === 0) count /= (ladder[at++] as [Unit, number])[1]
  const found = (ladder[at] as [Unit, number])[0]
  return found === unit ? null : { count, unit: found }
}

/** What holds if the scope itself says nothing, and from where. */
export function upperOf(board: Switchboard, at: number, name: string): { value: Value; source: string } {
  const upper = board.scopes[at - 1]
  if (upper === undefined) return { value: (board.keys[name] as PolicyKey).default, source: 'default' }
  return { value: upper.resolved[name] as Value, source: upper.sources[name] as string }
}

/** Whether a scope says a key itself; of the city, whether it differs from what it came with. */
function says(board: Switchboard, at: number, name: string): boolean {
  const scope = board.scopes[at] as PolicyScope
  return at === 0 ? scope.resolved[name] !== board.keys[name]?.default : name in scope.values
}

export interface Held {
  value: Value
  source: string
  /** Said by this scope itself, so that it can be given back. */
  own: boolean
  changed: boolean
}

/** What holds at a scope once the changes are saved, and from where. */
export function heldAt(board: Switchboard, at: number, changes: Changes, name: string): Held {
  const scope = board.scopes[at] as PolicyScope
  const changed = changes[name]
  if (changed === null) return { ...upperOf(board, at, name), own: false, changed: true }
  if (changed !== undefined) return { value: changed, source: scope.scope, own: at > 0 || changed !== board.keys[name]?.default, changed: true }
  const own = says(board, at, name)
  return { value: scope.resolved[name] as Value, source: at === 0 && !own ? 'default' : (scope.sources[name] as string), own, changed: false }
}

/** Notes a change; one that leaves what is there already is none. The city's upper scope is what it came with. */
export function withChange(board: Switchboard, at: number, changes: Changes, name: string, wish: Value | null): Changes {
  const { [name]: _, ...others } = changes
  const value = at === 0 && wish === null ? (board.keys[name] as PolicyKey).default : wish
  const same = value === null ? !says(board, at, name) : value === board.scopes[at]?.resolved[name]
  return same ? others : { ...others, [name]: value }
}

/** The changes that still change something, on a switchboard that was read anew. */
export const rebased = (board: Switchboard, at: number, changes: Changes): Changes =>
  Object.entries(changes).reduce((kept, [name, value]) => withChange(board, at, kept, name, value), {} as Changes)

export interface Difference {
  name: string
  key: PolicyKey
  before: Held
  after: Held
}

export const differences = (board: Switchboard, at: number, changes: Changes): Difference[] =>
  Object.entries(board.keys)
    .filter(([name]) => name in changes)
    .map(([name, key]) => ({ name, key, before: heldAt(board, at, {}, name), after: heldAt(board, at, changes, name) }))

/** What is sent: of the city what changes, of an operator or a place all that it says from now on. */
export function bodyOf(board: Switchboard, at: number, changes: Changes): { scope: string; values: Record<string, Value>; v: number } {
  const { scope, v, values } = board.scopes[at] as PolicyScope
  const said = at === 0 ? differences(board, at, changes).map(({ name, after }) => [name, after.value] as const) : Object.entries({ ...values, ...changes })
  return { scope, v, values: Object.fromEntries(said.filter((one): one is [string, Value] => one[1] !== null)) }
}

export interface Shown {
  search?: string
  scope?: ScopeKind
  /** Only those that can be set in the scope. */
  settable?: boolean
}

/** The keys in their groups, in the server's order, what `scope` can set before the rest; empty groups are left out. */
export function grouped(keys: Record<string, PolicyKey>, { search = '', scope = 'city', settable = false }: Shown): { group: string; names: string[] }[] {
  const words = search.trim().toLowerCase().split(/\s+/)
  const groups = new Map<string, string[]>()
  for (const [name, key] of Object.entries(keys)) {
    const text = [name, key.group, key.label, key.hint, ...(key.choices ?? []).map(({ label }) => label)].join(' ').toLowerCase()
    if (!words.every((word) => text.includes(word)) || (settable && !key.scopes.includes(scope))) continue
    groups.set(key.group, [...(groups.get(key.group) ?? []), name])
  }
  const locked = (name: string): number => Number(!keys[name]?.scopes.includes(scope))
  return [...groups].map(([group, names]) => ({ group, names: names.sort((a, b) => locked(a) - locked(b)) }))
}
