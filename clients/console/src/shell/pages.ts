// The menu as a parking back office has it: groups of pages, each with the permission that opens it.
export interface MenuPage {
  name: string
  needs: string
}

export interface MenuGroup {
  name: string
  pages: readonly MenuPage[]
}

export const MENU: readonly MenuGroup[] = [
  { name: 'watch', pages: [{ name: 'city', needs: 'city.watch' }] },
  {
    name: 'parking',
    pages: [
      { name: 'stays', needs: 'stays.watch' },
      { name: 'reviews', needs: 'stays.watch' },
      { name: 'requests', needs: 'stays.watch' },
    ],
  },
  {
    name: 'money',
    pages: [
      { name: 'bills', needs: 'money.watch' },
      { name: 'payments', needs: 'money.watch' },
      { name: 'refunds', needs: 'money.watch' },
      { name: 'reconciliation', needs: 'money.watch' },
      { name: 'shifts', needs: 'money.watch' },
      { name: 'exchanges', needs: 'money.watch' },
    ],
  },
  {
    name: 'recovery',
    pages: [
      { name: 'arrears', needs: 'arrears.watch' },
      { name: 'write-offs', needs: 'arrears.watch' },
      { name: 'messages', needs: 'arrears.watch' },
    ],
  },
  {
    name: 'pricing',
    pages: [
      { name: 'tariffs', needs: 'tariff.read' },
      { name: 'calendar', needs: 'tariff.read' },
    ],
  },
  { name: 'settings', pages: [{ name: 'policies', needs: 'stays.watch' }] },
]

/** The groups that somebody sees: pages without their permission are not there, nor are empty groups. */
export function menuFor(may: (permission: string) => boolean): MenuGroup[] {
  return MENU.map(({ name, pages }) => ({ name, pages: pages.filter(({ needs }) => may(needs)) })).filter(({ pages }) => pages.length > 0)
}
