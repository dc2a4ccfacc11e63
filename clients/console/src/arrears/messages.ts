// Texts of messages: which variables they name, what a phone would show, and how a state looks; pure.
import type { TemplateVariable } from './types'

const VARIABLE = /\$\{([^{}]*)\}/g

export const variablesIn = (text: string): string[] => [...new Set([...text.matchAll(VARIABLE)].map(([, name]) => name ?? ''))]

/** What is wrong with a text's variables, in the words that the server would use. */
export function faultsOf(text: string, variables: readonly TemplateVariable[]): { missing: string[]; unknown: string[]; malformed: boolean } {
  const named = variablesIn(text)
  return {
    missing: variables.filter(({ name, needed }) => needed && !named.includes(name)).map(({ name }) => name),
    unknown: named.filter((name) => !variables.some((one) => one.name === name)),
    malformed: text.replace(VARIABLE, '').includes('$'),
  }
}

export const previewOf = (text: string, variables: readonly TemplateVariable[]): string =>
  text.replace(VARIABLE, (whole, name: string) => variables.find((one) => one.name === name)?.example ?? whole)

export const reminderType = (state: string): 'success' | 'danger' | 'warning' | 'info' =>
  state === 'delivered' ? 'success' : state === 'failed' ? 'danger' : state === 'sent' || state === 'sending' ? 'warning' : 'info'
