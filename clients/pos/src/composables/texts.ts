// Words for durations, shared by tiles, sheets and buttons.
import { useI18n } from 'vue-i18n'

/** Gives a function that writes whole minutes briefly: 12分, 1时05分, 2天3时. */
export function useDurationText(): (minutes: number) => string {
  const { t } = useI18n()
  return (minutes) => {
    const hours = Math.floor(minutes / 60)
    if (hours === 0) return t('duration.minutes', { minutes })
    if (hours < 24) return t('duration.hours', { hours, minutes: String(minutes % 60).padStart(2, '0') })
    return t('duration.days', { days: Math.floor(hours / 24), hours: hours % 24 })
  }
}
