// Finds where the device is, and opens the way to a place.
import { wgs84ToGcj02, type Place, type Point } from '@smartcloud/shared'

/** Where the map looks when the device does not say where it is: Futian, Shenzhen. */
export const CITY_CENTER: Point = [114.0579, 22.5431]

/** The device's WGS-84 position, or null when its owner or the platform refuses. */
export function locate(): Promise<Point | null> {
  return new Promise((resolve) => {
    uni.getLocation({
      type: 'wgs84',
      success: ({ longitude, latitude }) => resolve([Number(longitude), Number(latitude)]),
      fail: () => resolve(null),
    })
  })
}

/** Hand the place to the platform's own navigation. */
export function navigateTo(place: Place): void {
  // #ifdef MP-WEIXIN
  const [longitude, latitude] = wgs84ToGcj02(place.point)
  uni.openLocation({ longitude, latitude, name: place.name, address: place.address, scale: 17 })
  // #endif
  // #ifdef H5
  const [lng, lat] = place.point
  location.href = `geo:${lat},${lng}?q=${lat},${lng}(${encodeURIComponent(place.name)})`
  // #endif
}
