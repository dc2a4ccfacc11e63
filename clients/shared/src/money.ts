// Money is an integer count of fen; this shows it.

/** The amount with its sign and two decimals, thousands grouped: 1250 -> "¥12.50". */
export function showMoney(fen: number): string {
  const sign = fen < 0 ? '-' : ''
  const whole = Math.abs(Math.trunc(fen))
  const yuan = String(Math.floor(whole / 100)).replace(/\B(?=(\d{3})+$)/g, ',')
  return `${sign}¥${yuan}.${String(whole % 100).padStart(2, '0')}`
}

/** The amount without decimals that are zero, for tight places: 300 -> "¥3", 1250 -> "¥12.50". */
export function showShortMoney(fen: number): string {
  return showMoney(fen).replace(/\.00$/, '')
}
