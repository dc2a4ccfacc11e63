// Undoes the GCJ-02 shift, for points that a Chinese map component reports.
import { wgs84ToGcj02, type Point } from '@smartcloud/shared'

/** The WGS-84 point whose GCJ-02 image this is, to within a centimetre. */
export function gcj02ToWgs84(shifted: Point): Point {
  let guess = shifted
  // The shift changes slowly: each round leaves about a ten-thousandth of the error before it.
  for (let round = 0; round < 3; round += 1) {
    const image = wgs84ToGcj02(guess)
    guess = [guess[0] + shifted[0] - image[0], guess[1] + shifted[1] - image[1]]
  }
  return guess
}
