// Instants as the city's clocks show them.
const CITY = new Intl.DateTimeFormat('zh-CN', {
  timeZone: 'Asia/Shanghai',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})

/** Prints an instant to the minute. */
export const day = (instant: string): string => CITY.format(new Date(instant)).replaceAll('/', '-')
