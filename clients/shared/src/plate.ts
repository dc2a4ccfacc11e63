// Chinese vehicle plates (GA 36): which numbers exist, which colors they wear, how to show and mask them.

export type PlateColor = 'blue' | 'green' | 'yellow' | 'yellow_green' | 'white' | 'black'

/** A number alone is not a key: the same characters may exist on blue and on yellow. */
export interface Plate {
  number: string
  color: PlateColor
}

export type PlateKind =
  | 'common'
  | 'trailer'
  | 'learner'
  | 'police'
  | 'hong_kong_macao'
  | 'new_energy_small'
  | 'new_energy_large'
  | 'embassy'
  | 'consulate'
  | 'armed_police'
  | 'military'
  | 'fire_rescue'
  | 'civil_aviation'
  | 'unplated'

/** How a vehicle without a plate is written. */
export const UNPLATED = '_无_'

export const PLATE_COLORS: readonly PlateColor[] = ['blue', 'green', 'yellow', 'yellow_green', 'white', 'black']

export interface PlatePaint {
  label: string
  background: string
  ink: string
}

export const PLATE_PAINT: Record<PlateColor, PlatePaint> = {
  blue: { label: '蓝牌', background: '#1f5fd6', ink: '#ffffff' },
  green: { label: '绿牌', background: 'linear-gradient(180deg, #eafaf0 0%, #4fbf7f 100%)', ink: '#0c2b1a' },
  yellow: { label: '黄牌', background: '#f6b80c', ink: '#221a00' },
  yellow_green: { label: '黄绿牌', background: 'linear-gradient(90deg, #f6b80c 0 28%, #5cc489 28%)', ink: '#12220f' },
  white: { label: '白牌', background: '#fbfbf9', ink: '#1d2126' },
  black: { label: '黑牌', background: '#23262b', ink: '#ffffff' },
}

const PROVINCE = '京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼'
const DIGIT = '0123456789'
const ANY_LETTER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
// I and O are never printed: they read as 1 and 0.
const LETTER = 'ABCDEFGHJKLMNPQRSTUVWXYZ'
const BODY = LETTER + DIGIT
// D, A, B, C, E are pure electric; F, G, H, J, K are the other new energies.
const ENERGY = 'ABCDEFGHJK'

type Form = { kind: PlateKind; at: readonly string[]; colors: readonly PlateColor[] }

const form = (kind: PlateKind, colors: readonly PlateColor[], ...at: string[]): Form => ({ kind, at, colors })
const times = (count: number, set: string): string[] => Array.from({ length: count }, () => set)

// One row a form: the characters allowed at each place. Both the check and the keyboard read this table.
const FORMS: readonly Form[] = [
  form('common', ['blue', 'yellow', 'black'], PROVINCE, LETTER, ...times(5, BODY)),
  form('trailer', ['yellow'], PROVINCE, LETTER, ...times(4, BODY), '挂'),
  form('learner', ['yellow'], PROVINCE, LETTER, ...times(4, BODY), '学'),
  form('police', ['white'], PROVINCE, LETTER, ...times(4, BODY), '警'),
  form('hong_kong_macao', ['black'], '粤', 'Z', ...times(4, BODY), '港澳'),
  form('new_energy_small', ['green'], PROVINCE, LETTER, ENERGY, BODY, ...times(4, DIGIT)),
  form('new_energy_large', ['yellow_green'], PROVINCE, LETTER, ...times(5, DIGIT), ENERGY),
  form('embassy', ['black'], '使', ...times(6, DIGIT)),
  form('embassy', ['black'], ...times(6, DIGIT), '使'),
  form('consulate', ['black'], PROVINCE, ANY_LETTER, ...times(4, DIGIT), '领'),
  form('armed_police', ['white'], 'W', 'J', PROVINCE, ...times(4, DIGIT), DIGIT + ANY_LETTER),
  form('armed_police', ['white'], 'W', 'J', ...times(4, DIGIT), DIGIT + ANY_LETTER),
  form('military', ['white'], 'VKHBSLJNGCEZ', ANY_LETTER, ...times(5, DIGIT)),
  form('fire_rescue', ['white'], PROVINCE, 'XS', ...times(4, DIGIT), '应', '急'),
  form('civil_aviation', ['green'], '民', '航', ...times(5, BODY)),
]

const formOf = (number: string): Form | undefined => {
  const places = [...number]
  return FORMS.find(({ at }) => at.length === places.length && at.every((set, i) => set.includes(places[i] as string)))
}

/** The number as stored: upper case, half width, without blanks, dots and dashes. */
export function normalizePlate(typed: string): string {
  return typed
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .toUpperCase()
    .replace(/[\s.·•・-]/g, '')
}

/** Which kind of plate this number is, or null where no such plate exists. */
export function plateKind(number: string): PlateKind | null {
  if (number === UNPLATED) return 'unplated'
  return formOf(number)?.kind ?? null
}

/** The colors this number may wear, the usual one first; empty where no such plate exists. */
export function plateColors(number: string): readonly PlateColor[] {
  return formOf(number)?.colors ?? []
}

/** The color most plates of this number's kind wear; blue while the number is incomplete. */
export function defaultPlateColor(number: string): PlateColor {
  return plateColors(number)[0] ?? 'blue'
}

/** The characters that can follow what is typed so far, for a plate keyboard; empty when it is full. */
export function nextPlateKeys(typed: string): string[] {
  const places = [...typed]
  const keys = new Set<string>()
  for (const { at } of FORMS) {
    const next = at[places.length]
    if (next === undefined || !places.every((place, i) => at[i]?.includes(place))) continue
    for (const key of next) keys.add(key)
  }
  return [...keys]
}

/** The number as people read it: "粤B·12345". */
export function showPlate(number: string): string {
  if (number === UNPLATED) return '无牌车'
  return /^[^\d][A-Z]/.test(number) ? `${number.slice(0, 2)}·${number.slice(2)}` : number
}

/** The number for eyes without a right to it: first two and last three characters stay, "粤B·**345". */
export function maskPlate(number: string): string {
  if (number === UNPLATED) return '无牌车'
  const places = [...number]
  return `${places.slice(0, 2).join('')}·${'*'.repeat(Math.max(0, places.length - 5))}${places.slice(-3).join('')}`
}
