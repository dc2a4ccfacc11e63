// Values and their sources in words.
import { useI18n } from 'vue-i18n'
import { kindOf, readable } from './board'
import { readLadder } from './ladder'
import type { PolicyKey, PolicyScope, Value } from './types'

export function useWords() {
  const { t } = useI18n()

  function value(key: PolicyKey, held: Value): string {
    if (key.kind === 'choice') return key.choices?.find((one) => one.value === held)?.label ?? String(held)
    if (key.kind === 'ladder') {
      const how = (channels: readonly string[]): string => channels.map((one) => t(`policy.ladder.${one}`)).join(' + ')
      return readLadder(String(held)).map(({ day, channels }) => t('policy.ladder.step', { day, how: how(channels) })).join('；')
    }
    if (key.kind === 'prefix' && held === '') return t('policy.prefix.none')
    if (key.unit === 'hour_of_day') return `${String(held).padStart(2, '0')}:00`
    return key.unit === null ? String(held) : `${readable(Number(held), key.unit)} ${t(`policy.unit.${key.unit}`)}`
  }

  /** The same where there is little room: of a ladder only its days. */
  const short = (key: PolicyKey, held: Value): string =>
    key.kind === 'ladder' ? t('policy.ladder.short', { days: readLadder(String(held)).map(({ day }) => day).join('、') }) : value(key, held)

  /** The scope that is worked on: 全市, or whose it is. */
  const scope = (one: PolicyScope): string => (one.name === '' ? t(`policy.scope.${kindOf(one.scope)}`) : one.name)

  return { value, short, scope }
}
