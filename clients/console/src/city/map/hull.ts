// The shape of a division on a map without tiles: the soft outline around its places.
import type { Point } from '@smartcloud/shared'

const turn = ([ax, ay]: Point, [bx, by]: Point, [cx, cy]: Point): number => (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)

/** The convex hull, counter-clockwise, without repeating the first point. */
export function convexHull(points: readonly Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1])
  if (sorted.length < 3) return sorted
  const half = (ordered: Point[]): Point[] => {
    const chain: Point[] = []
    for (const point of ordered) {
      while (chain.length >= 2 && turn(chain[chain.length - 2] as Point, chain[chain.length - 1] as Point, point) <= 0) chain.pop()
      chain.push(point)
    }
    return chain.slice(0, -1)
  }
  return [...half(sorted), ...half(sorted.reverse())]
}

/** The hull of discs around the points: wide enough to surround what lies at the points. */
export function surround(points: readonly Point[], radius_deg: number, corners = 20): Point[] {
  const discs = points.flatMap(([lng, lat]) =>
    Array.from({ length: corners }, (_, i): Point => {
      const angle = (2 * Math.PI * i) / corners
      return [lng + radius_deg * Math.cos(angle), lat + radius_deg * Math.sin(angle)]
    }),
  )
  return convexHull(discs)
}
