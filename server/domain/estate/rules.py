"""Where things are: map cells and distances. Pure."""

from math import asin, cos, hypot, radians, sin, sqrt

from server.domain.estate.model import LngLat

_BASE32 = "0123456789bcdefghjkmnpqrstuvwxyz"
CELL_LETTERS = 5  # a map cell is 4.9 km wide: a screenful of a phone at walking zoom
_EARTH_M = 6_371_009


def distance_m(one: LngLat, other: LngLat) -> float:
    """Measure the way between two points as the crow flies, in metres."""
    north = radians(other[1] - one[1]) / 2
    east = radians(other[0] - one[0]) / 2
    squeezed = sin(east) * sqrt(cos(radians(one[1])) * cos(radians(other[1])))
    return 2 * _EARTH_M * asin(min(1.0, hypot(sin(north), squeezed)))


def geohash(point: LngLat, letters: int = CELL_LETTERS) -> str:
    """Name the map cell that a point lies in."""
    ranges = [[-180.0, 180.0], [-90.0, 90.0]]
    bits = 0
    for number in range(letters * 5):
        span = ranges[number % 2]
        middle = (span[0] + span[1]) / 2
        upper = point[number % 2] >= middle
        span[0 if upper else 1] = middle
        bits = bits << 1 | upper
    return "".join(_BASE32[bits >> 5 * place & 31] for place in reversed(range(letters)))
