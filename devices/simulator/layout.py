"""Lays the sections with their kerbside berths, and the lots with their bays."""

import math
from collections.abc import Iterator
from random import Random

from devices.simulator.blocks import Block, Piece, blocks_of
from devices.simulator.chance import chance
from devices.simulator.geometry import Metres, Path, Plane, box
from devices.simulator.model import DemoBerth, DemoDivision, DemoLot, DemoSection, Point
from devices.simulator.sites import SITES, Site
from devices.simulator.streets import DIVISIONS

BERTH_LENGTH_M, BERTH_WIDTH_M = 6.0, 2.2
AISLE_M = 6.0
# From this width on a street has berths on both kerbs.
BOTH_SIDES_M = 20.0
# A driveway or a bus stop's approach.
SHORTEST_GAP_M = 8.0
FIRST_LOT_NUMBER = 91
Corners = tuple[Point, Point, Point, Point]


def lay_sections(seed: int) -> tuple[list[DemoSection], list[DemoBerth]]:
    """Lay every section of the city; berth order follows the kerb, right side first."""
    sections: list[DemoSection] = []
    berths: list[DemoBerth] = []
    for division in DIVISIONS:
        plane = Plane(division.center)
        for number, block in enumerate(blocks_of(division, plane), start=1):
            section = _section(division, plane, block, number)
            corners = _kerb_corners(chance(seed, "kerb", section.id), plane, block)
            sections.append(section)
            berths += _numbered(division, number, section.id, "roadside", corners)
    return sections, berths


def lay_lots() -> tuple[list[DemoLot], list[DemoBerth]]:
    """Lay every lot of the city; berth order follows the rows from the entrance."""
    lots: list[DemoLot] = []
    berths: list[DemoBerth] = []
    for division in DIVISIONS:
        sites = (site for site in SITES if site.division == division)
        for number, site in enumerate(sites, start=FIRST_LOT_NUMBER):
            lot = _lot(site, number)
            lots.append(lot)
            berths += _numbered(division, number, lot.id, "lot", _bay_corners(site))
    return lots, berths


def _numbered(
    division: DemoDivision, number: int, place_id: str, kind: str, corners: Iterator[Corners]
) -> Iterator[DemoBerth]:
    """Paint six-digit codes: division, place, berth, as in 4 12 017."""
    for berth_number, polygon in enumerate(corners, start=1):
        code = f"{division.code[-1]}{number:02}{berth_number:03}"
        yield DemoBerth(f"berth-{code}", code, kind, place_id, polygon)


def _section(division: DemoDivision, plane: Plane, block: Block, number: int) -> DemoSection:
    path, street = block.path, block.street
    code = f"{division.code}-{number:03}"
    return DemoSection(
        id=f"section-{code}",
        code=code,
        name=f"{street.name}（{block.from_name}—{block.to_name}）",
        address=f"深圳市{division.name}{street.name}",
        division_code=division.code,
        quarter=street.quarter,
        line=tuple(plane.point(at) for at in path.points),
        outline=tuple(plane.point(at) for at in path.outline(street.width_m)),
        point=plane.point(path.at(path.length() / 2)[0]),
    )


def _kerb_corners(random: Random, plane: Plane, block: Block) -> Iterator[Corners]:
    """Lay 14 to 24 berths in groups with driveways between, spread over the block's kerbs."""
    sides = (1, -1) if block.street.width_m >= BOTH_SIDES_M else (1,)
    wanted = random.randint(14, 24) // len(sides)
    aside = (block.street.width_m - BERTH_WIDTH_M) / 2
    for side in sides:
        for along in _slots(random, block.clear, wanted):
            yield _berth_corners(plane, block.path, along, side * aside)


def _slots(random: Random, clear: tuple[Piece, ...], wanted: int) -> list[float]:
    """Give the middle of each berth along the block; after a group of 3 to 6 comes a gap."""
    unused = sum(end - start for start, end in clear) - wanted * BERTH_LENGTH_M
    gap = max(SHORTEST_GAP_M, unused / (wanted / 4))
    slots: list[float] = []
    for start, end in clear:
        at, group = start + random.uniform(0, gap / 2), random.randint(3, 6)
        while at + BERTH_LENGTH_M <= end and len(slots) < wanted:
            slots.append(at + BERTH_LENGTH_M / 2)
            at += BERTH_LENGTH_M
            group -= 1
            if group == 0:
                at += max(SHORTEST_GAP_M, gap * random.uniform(0.6, 1.2))
                group = random.randint(3, 6)
    return slots


def _berth_corners(plane: Plane, path: Path, along: float, aside: float) -> Corners:
    center, direction = path.beside(along, aside), path.at(along)[1]
    return _corners(plane, center, direction, BERTH_LENGTH_M, BERTH_WIDTH_M)


def _corners(
    plane: Plane, center: Metres, direction: Metres, length: float, width: float
) -> Corners:
    a, b, c, d = (plane.point(corner) for corner in box(center, direction, length, width))
    return a, b, c, d


def _heading(site: Site) -> Metres:
    return math.cos(math.radians(site.bearing)), math.sin(math.radians(site.bearing))


def _depth(site: Site) -> float:
    return site.rows * (BERTH_LENGTH_M + AISLE_M / 2) + AISLE_M


def _lot(site: Site, number: int) -> DemoLot:
    plane = Plane(site.center)
    code = f"{site.division.code}-{number:03}"
    length = site.bays * BERTH_WIDTH_M + 2 * AISLE_M
    return DemoLot(
        id=f"lot-{code}",
        code=code,
        name=site.name,
        address=f"深圳市{site.address}",
        division_code=site.division.code,
        quarter=site.quarter,
        outline=_corners(plane, (0.0, 0.0), _heading(site), length, _depth(site)),
        point=site.center,
    )


def _bay_corners(site: Site) -> Iterator[Corners]:
    """Set bays upright in rows, two rows to an aisle."""
    plane = Plane(site.center)
    dx, dy = _heading(site)
    upright = (-dy, dx)
    for row in range(site.rows):
        pair, upper = divmod(row, 2)
        middle = (pair + 0.5 - site.rows / 4) * (2 * BERTH_LENGTH_M + AISLE_M)
        north = middle + (BERTH_LENGTH_M + AISLE_M) / 2 * (1 if upper else -1)
        for bay in range(site.bays):
            east = (bay - (site.bays - 1) / 2) * BERTH_WIDTH_M
            center = (dx * east - dy * north, dy * east + dx * north)
            yield _corners(plane, center, upright, BERTH_LENGTH_M, BERTH_WIDTH_M)
