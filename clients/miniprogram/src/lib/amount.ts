// Reads an amount that somebody types in yuan.

/** The amount in fen, or null where it is none: at most two decimals, nothing else. */
export function readYuan(typed: string): number | null {
  const found = /^(\d{1,7})(?:\.(\d{0,2}))?$/.exec(typed.trim())
  if (!found) return null
  return Number(found[1]) * 100 + Number((found[2] ?? '').padEnd(2, '0'))
}
