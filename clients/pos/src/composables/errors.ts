// Words for errors of the API, in the officer's language.
import { useI18n } from 'vue-i18n'
import type { ApiError } from '@smartcloud/shared'

/** Gives a function that says what went wrong: no network, server down, or the server's own words. */
export function useErrorText(): (error: ApiError) => string {
  const { t } = useI18n()
  return (error) => {
    if (error.status === 0) return t('error.offline')
    if (error.status >= 500) return t('error.server')
    return error.message || t('error.unknown')
  }
}
