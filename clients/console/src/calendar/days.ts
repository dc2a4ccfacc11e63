// A calendar's year as the API sends it: one letter a day, a capital one for a special day.

export type DayKind = 'workday' | 'make_up_workday' | 'weekend' | 'holiday' | 'long_holiday'

export interface CalendarYear {
  id: string
  v: number
  calendar_id: string
  name: string
  year: number
  days: string
  names: Record<string, string>
}

export interface CalendarDay {
  on: string
  number: number
  kind: DayKind | null
  special: boolean
  name: string
}

const LETTERS: Record<string, DayKind> = {
  w: 'workday',
  m: 'make_up_workday',
  r: 'weekend',
  h: 'holiday',
  l: 'long_holiday',
}

export const KINDS = Object.values(LETTERS)

/** The days of a year by month, each month led by as many blanks as put it under its weekday. */
export function monthsOf(year: CalendarYear): { blanks: number; days: CalendarDay[] }[] {
  let at = 0
  return Array.from({ length: 12 }, (_, month) => {
    const first = new Date(Date.UTC(year.year, month, 1))
    const count = new Date(Date.UTC(year.year, month + 1, 0)).getUTCDate()
    const days = Array.from({ length: count }, (_, day) => dayOf(year, month + 1, day + 1, year.days[at++] ?? '.'))
    return { blanks: (first.getUTCDay() + 6) % 7, days }
  })
}

function dayOf(year: CalendarYear, month: number, number: number, letter: string): CalendarDay {
  const short = `${String(month).padStart(2, '0')}-${String(number).padStart(2, '0')}`
  const kind = LETTERS[letter.toLowerCase()] ?? null
  const special = kind !== null && letter !== letter.toLowerCase()
  return { on: `${year.year}-${short}`, number, kind, special, name: year.names[short] ?? '' }
}
