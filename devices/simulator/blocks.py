"""Cuts the street axes at their crossings and says where along a kerb parking is allowed."""

from dataclasses import dataclass

from devices.simulator.geometry import Path, Plane
from devices.simulator.model import DemoDivision
from devices.simulator.streets import STREETS, Street

# Kerbside parking stops this far before the edge of a crossing street: sight lines and the zebra crossing.
CORNER_M = 14.0
BEND_M = 6.0
MIN_BLOCK_M = 320.0

Piece = tuple[float, float]
"""[from, to) in metres along a block."""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a street between two crossings; berths may be laid on its `clear` pieces."""

    street: Street
    path: Path
    from_name: str
    to_name: str
    clear: tuple[Piece, ...]


def blocks_of(division: DemoDivision, plane: Plane) -> list[Block]:
    """Choose two blocks of each street of the division where it has as many, away from its ends."""
    paths = {
        street: Path(tuple(plane.metres(point) for point in street.axis))
        for street in STREETS
        if street.division == division
    }
    chosen: list[Block] = []
    for street, path in paths.items():
        crossings = sorted(
            (
                (along, other)
                for other in paths
                for along in path.crossings(paths[other])
                if other != street
            ),
            key=lambda crossing: crossing[0],
        )
        blocks = _between(street, path, crossings)
        chosen += [blocks[index] for index in sorted({len(blocks) // 3, 2 * len(blocks) // 3})]
    return chosen


def _between(street: Street, path: Path, crossings: list[tuple[float, Street]]) -> list[Block]:
    """Cut a street into blocks of MIN_BLOCK_M or more; a shorter block is joined to the next."""
    blocks: list[Block] = []
    first = 0
    for last in range(1, len(crossings)):
        (start, from_street), (end, to_street) = crossings[first], crossings[last]
        if end - start < MIN_BLOCK_M and not (last == len(crossings) - 1 and not blocks):
            continue
        stretch = path.cut(start, end)
        corners = [(along - start, other.width_m / 2 + CORNER_M) for along, other in crossings]
        bends = [(along, BEND_M) for along in stretch.vertices()[1:-1]]
        clear = _clear(stretch.length(), corners + bends)
        blocks.append(Block(street, stretch, from_street.name, to_street.name, clear))
        first = last
    assert blocks, f"{street.name} crosses fewer than two streets"
    return blocks


def _clear(length: float, blocked: list[tuple[float, float]]) -> tuple[Piece, ...]:
    """Give what is left of [0, length) outside `radius` metres of each blocked point."""
    pieces = []
    at = 0.0
    for center, radius in sorted(blocked):
        if center - radius > at:
            pieces.append((at, min(center - radius, length)))
        at = max(at, center + radius)
    if at < length:
        pieces.append((at, length))
    return tuple(piece for piece in pieces if piece[0] < piece[1] and piece[0] < length)
