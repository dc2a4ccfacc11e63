// What a list asks for: filters as they stand in the address, and as the server wants them.
import { normalizePlate, type Query } from '@smartcloud/shared'
import type { LocationQuery } from 'vue-router'
import { addDays, dayStart } from '../lib/days'

export interface Choice {
  value: string
  label: string
}

/** A filter: `period` stands for two, `since` and `until`, whose last day counts as a whole. */
export interface FilterField {
  name: string
  kind: 'text' | 'plate' | 'choice' | 'place' | 'period'
  label: string
  choices?: readonly Choice[]
  width?: number
}

export type Given = Readonly<Record<string, string>>

const namesOf = (fields: readonly FilterField[]): string[] =>
  fields.flatMap((field) => (field.kind === 'period' ? ['since', 'until'] : [field.name]))

/** Reads the filters out of the address. */
export function readGiven(query: LocationQuery, fields: readonly FilterField[]): Given {
  const given: Record<string, string> = {}
  for (const name of namesOf(fields)) {
    const value = query[name]
    if (typeof value === 'string' && value !== '') given[name] = value
  }
  return given
}

/** What is to be asked of the server. */
export function askFor(fields: readonly FilterField[], given: Given): Query {
  const asked: Record<string, string> = {}
  for (const { name, kind } of fields) {
    if (kind === 'period') {
      if (given.since) asked.since = dayStart(given.since)
      if (given.until) asked.until = dayStart(addDays(given.until, 1))
      continue
    }
    const value = given[name]
    if (value === undefined) continue
    // A choice such as "held=true" stands for a parameter of its own.
    const [own, of = ''] = value.includes('=') ? value.split('=') : [name, value]
    asked[own as string] = kind === 'plate' ? normalizePlate(of) : of
  }
  return asked
}

/** The address's query with some filters changed; empty ones go, and so does the page. */
export function withGiven(query: LocationQuery, changes: Record<string, string | undefined>): LocationQuery {
  const next: LocationQuery = { ...query }
  delete next.cursor
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') delete next[name]
    else next[name] = value
  }
  return next
}
