// What counts promise to a driver.
import { expect, test } from 'vitest'
import { availabilityOf } from '@/lib/availability'

test.each([
  [{ total: 30, free: 12, unknown: 0 }, 'many'],
  [{ total: 30, free: 2, unknown: 0 }, 'few'],
  [{ total: 100, free: 14, unknown: 0 }, 'few'],
  [{ total: 100, free: 15, unknown: 0 }, 'many'],
  [{ total: 30, free: 0, unknown: 3 }, 'full'],
])('counts %o promise %s', (counts, promised) => {
  expect(availabilityOf(counts)).toBe(promised)
})

test('a place whose berths are all unheard promises nothing, whatever its free count says', () => {
  expect(availabilityOf({ total: 8, free: 0, unknown: 8 })).toBe('unknown')
  expect(availabilityOf({ total: 8, free: 3, unknown: 8 })).toBe('unknown')
  expect(availabilityOf({ total: 0, free: 0, unknown: 0 })).toBe('unknown')
})

test('a place with no free berth is called full only when most of its berths are heard', () => {
  expect(availabilityOf({ total: 10, free: 0, unknown: 4 })).toBe('full')
  expect(availabilityOf({ total: 10, free: 0, unknown: 5 })).toBe('unknown')
})
