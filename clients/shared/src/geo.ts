// Coordinates: WGS-84 is what we store; GCJ-02 is what Chinese map components expect.

/** [longitude, latitude] in degrees. */
export type Point = [number, number]

const AXIS_M = 6_378_245
const ECCENTRICITY = 0.006_693_421_622_965_943
const EARTH_RADIUS_M = 6_371_008.8
const RADIAN = Math.PI / 180

/** Shifts a WGS-84 point to GCJ-02; a point outside China is returned as it is. */
export function wgs84ToGcj02([lng, lat]: Point): Point {
  if (lng < 72.004 || lng > 137.8347 || lat < 0.8293 || lat > 55.8271) return [lng, lat]
  const latRadian = lat * RADIAN
  const magic = 1 - ECCENTRICITY * Math.sin(latRadian) ** 2
  const root = Math.sqrt(magic)
  const latShift = shiftLat(lng - 105, lat - 35) / (((AXIS_M * (1 - ECCENTRICITY)) / (magic * root)) * RADIAN)
  const lngShift = shiftLng(lng - 105, lat - 35) / ((AXIS_M / root) * Math.cos(latRadian) * RADIAN)
  return [lng + lngShift, lat + latShift]
}

const wave = (x: number, ...parts: [number, number][]): number =>
  parts.reduce((sum, [amplitude, rate]) => sum + amplitude * Math.sin(rate * Math.PI * x), 0) * (2 / 3)

function shiftLat(x: number, y: number): number {
  const plain = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x))
  return plain + wave(x, [20, 6], [20, 2]) + wave(y, [20, 1], [40, 1 / 3]) + wave(y, [160, 1 / 12], [320, 1 / 30])
}

function shiftLng(x: number, y: number): number {
  const plain = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x))
  return plain + wave(x, [20, 6], [20, 2]) + wave(x, [20, 1], [40, 1 / 3]) + wave(x, [150, 1 / 12], [300, 1 / 30])
}

/** The great-circle distance in metres. */
export function distanceM([lng1, lat1]: Point, [lng2, lat2]: Point): number {
  const half =
    Math.sin(((lat2 - lat1) * RADIAN) / 2) ** 2 +
    Math.cos(lat1 * RADIAN) * Math.cos(lat2 * RADIAN) * Math.sin(((lng2 - lng1) * RADIAN) / 2) ** 2
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(half))
}

/** A distance as people read it: 84 -> "84米", 1260 -> "1.3公里". */
export function showDistance(distance_m: number): string {
  return distance_m < 1_000 ? `${Math.round(distance_m)}米` : `${(distance_m / 1_000).toFixed(1)}公里`
}
