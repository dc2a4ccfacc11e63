// The ladder of reminders as rows that a person edits: on which day, and how.
export type Channel = 'app' | 'sms'

export interface Step {
  day: number | null
  channels: Channel[]
}

export type LadderFault = 'empty' | 'day' | 'order' | 'channel'

export const CHANNELS: readonly Channel[] = ['app', 'sms']
// As the server has them.
export const STEPS_MAX = 10
export const DAY_MAX = 999
// A week after the last one is where most ladders go on.
const NEXT_DAYS = 7

export function readLadder(text: string): Step[] {
  if (text === '') return []
  return text.split(',').map((step) => {
    const [day, how] = step.split(':') as [string, string]
    return { day: Number(day), channels: CHANNELS.filter((one) => how.split('+').includes(one)) }
  })
}

/** Writes rows that have no fault. */
export const writeLadder = (steps: readonly Step[]): string =>
  steps.map(({ day, channels }) => `${day}:${CHANNELS.filter((one) => channels.includes(one)).join('+')}`).join(',')

/** What is wrong with each row; null where nothing is. No rows at all are one fault. */
export function faultsOf(steps: readonly Step[]): (LadderFault | null)[] {
  if (steps.length === 0) return ['empty']
  return steps.map(({ day, channels }, at) => {
    if (day === null || !Number.isInteger(day) || day < 0 || day > DAY_MAX) return 'day'
    const before = steps[at - 1]?.day ?? null
    if (before !== null && day <= before) return 'order'
    return channels.length === 0 ? 'channel' : null
  })
}

/** The row that comes after the last one, by the same way. */
export function nextStep(steps: readonly Step[]): Step {
  const last = steps.at(-1)
  if (last === undefined) return { day: 0, channels: ['app'] }
  return { day: Math.min(DAY_MAX, (last.day ?? 0) + NEXT_DAYS), channels: [...last.channels] }
}
