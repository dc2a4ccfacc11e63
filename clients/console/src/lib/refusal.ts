// Refusals of the server in the words of a clerk: by code, with what the refusal says of amounts and times.
import { ApiError, showDateTime, showMoney } from '@smartcloud/shared'

export type Say = (key: string, named: Record<string, string>) => string
export type Known = (key: string) => boolean

const AMOUNTS = ['open', 'refundable', 'least', 'expected']
const TIMES = ['until', 'next_at']

/** Names the values of a refusal as they are read: fen as yuan, instants as city time. */
export function valuesOf(fields: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (AMOUNTS.includes(name) && typeof value === 'number') return [name, showMoney(value)]
      if (TIMES.includes(name)) return [name, showDateTime(Date.parse(String(value)))]
      return [name, String(value)]
    }),
  )
}

/** The words for a problem: our own where the code is known, else the server's. */
export function wordsFor(problem: unknown, say: Say, known: Known): string {
  if (!(problem instanceof ApiError)) return String(problem)
  const key = `refusal.${problem.code}`
  const fields = problem.fields as Record<string, unknown>
  if (known(key)) return say(key, valuesOf(fields))
  const [first] = Object.values(fields).flat()
  return problem.code === 'fields_invalid' && typeof first === 'string' ? `${problem.message}：${first}` : problem.message
}

export const asApiError = (problem: unknown): ApiError =>
  problem instanceof ApiError ? problem : new ApiError(0, 'unexpected', String(problem))
