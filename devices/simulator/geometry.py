"""Metres on the ground for a city-sized piece of the WGS-84 ellipsoid."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from devices.simulator.model import Point

Metres = tuple[float, float]
"""(east, north) of a plane's origin."""


@dataclass(frozen=True, slots=True)
class Plane:
    """A flat patch around `origin`; over 10 km in Shenzhen a 6 m side is wrong by less than 5 mm."""

    origin: Point

    def scale(self) -> tuple[float, float]:
        """Give metres a degree of longitude and of latitude at the origin."""
        latitude = math.radians(self.origin[1])
        east = 111412.84 * math.cos(latitude) - 93.5 * math.cos(3 * latitude)
        north = 111132.92 - 559.82 * math.cos(2 * latitude) + 1.175 * math.cos(4 * latitude)
        return east, north

    def metres(self, point: Point) -> Metres:
        east, north = self.scale()
        return (point[0] - self.origin[0]) * east, (point[1] - self.origin[1]) * north

    def point(self, at: Metres) -> Point:
        """Give degrees rounded to 1e-8, about a millimetre."""
        east, north = self.scale()
        return round(self.origin[0] + at[0] / east, 8), round(self.origin[1] + at[1] / north, 8)


def distance_m(a: Point, b: Point) -> float:
    """Measure the ground between two points of one city."""
    return math.hypot(*Plane(a).metres(b))


@dataclass(frozen=True, slots=True)
class Path:
    """A polyline in metres, addressed by the distance `along` it from its start."""

    points: tuple[Metres, ...]

    def vertices(self) -> list[float]:
        """Give the distance along of every point."""
        along = [0.0]
        for a, b in zip(self.points, self.points[1:], strict=False):
            along.append(along[-1] + math.dist(a, b))
        return along

    def length(self) -> float:
        return self.vertices()[-1]

    def at(self, along: float) -> tuple[Metres, Metres]:
        """Give the position and the unit direction at a distance along."""
        vertices = self.vertices()
        last = len(self.points) - 2
        leg = next((i for i in range(last) if along < vertices[i + 1]), last)
        a, b = self.points[leg], self.points[leg + 1]
        size = math.dist(a, b)
        direction = ((b[0] - a[0]) / size, (b[1] - a[1]) / size)
        over = along - vertices[leg]
        return (a[0] + direction[0] * over, a[1] + direction[1] * over), direction

    def cut(self, start: float, end: float) -> "Path":
        """Give the stretch between two distances."""
        inner = [
            point
            for point, along in zip(self.points, self.vertices(), strict=True)
            if start < along < end
        ]
        return Path((self.at(start)[0], *inner, self.at(end)[0]))

    def crossings(self, other: "Path") -> list[float]:
        """Give the distances along this path at which the other one crosses it."""
        found = []
        for along, a, b in zip(self.vertices(), self.points, self.points[1:], strict=False):
            for c, d in zip(other.points, other.points[1:], strict=False):
                share = _meeting(a, b, c, d)
                if share is not None:
                    found.append(along + share * math.dist(a, b))
        return sorted(found)

    def beside(self, along: float, aside: float) -> Metres:
        """Give the point `aside` metres to the right of the path (negative: to the left)."""
        (x, y), (dx, dy) = self.at(along)
        return x + dy * aside, y - dx * aside

    def outline(self, width: float) -> list[Metres]:
        """Give the ring around the path, `width` metres wide, anticlockwise."""
        vertices = self.vertices()
        right = [self.beside(along, width / 2) for along in vertices]
        left = [self.beside(along, -width / 2) for along in vertices]
        return right + left[::-1]


def _meeting(a: Metres, b: Metres, c: Metres, d: Metres) -> float | None:
    """Give the share of a→b at which c→d meets it, or None when they do not meet."""
    r, s = (b[0] - a[0], b[1] - a[1]), (d[0] - c[0], d[1] - c[1])
    cross = r[0] * s[1] - r[1] * s[0]
    if cross == 0:
        return None
    t = ((c[0] - a[0]) * s[1] - (c[1] - a[1]) * s[0]) / cross
    u = ((c[0] - a[0]) * r[1] - (c[1] - a[1]) * r[0]) / cross
    return t if 0 <= t <= 1 and 0 <= u <= 1 else None


def box(center: Metres, direction: Metres, length: float, width: float) -> tuple[Metres, ...]:
    """Give the four corners of a rectangle, anticlockwise, `length` of it along `direction`."""
    (x, y), (dx, dy) = center, direction
    half, side = length / 2, width / 2
    corners: Sequence[Metres] = ((half, -side), (half, side), (-half, side), (-half, -side))
    return tuple((x + dx * f - dy * s, y + dy * f + dx * s) for f, s in corners)
