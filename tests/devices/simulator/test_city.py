"""The demo city: big enough, well formed, and the same for the same seed."""

import math
import re
from collections import Counter, defaultdict
from itertools import combinations, pairwise

import pytest

from devices.simulator.city import demo_city
from devices.simulator.geometry import Metres, Plane
from devices.simulator.model import DemoCity, Format

PROVINCE = "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
GRAMMAR = {
    "blue": rf"{PROVINCE}[A-HJ-NP-Z][A-HJ-NP-Z0-9]{{5}}",
    "yellow": rf"{PROVINCE}[A-HJ-NP-Z][A-HJ-NP-Z0-9]{{5}}",
    "green": rf"{PROVINCE}[A-HJ-NP-Z][A-HJK][A-HJ-NP-Z0-9]\d{{4}}",
    "yellow_green": rf"{PROVINCE}[A-HJ-NP-Z]\d{{5}}[A-HJK]",
}
CORNER_TOLERANCE_M = 0.01


@pytest.fixture(scope="module")
def city() -> DemoCity:
    return demo_city(1)


def corners_m(city: DemoCity, polygon: tuple[tuple[float, float], ...]) -> list[Metres]:
    plane = Plane(city.center)
    return [plane.metres(point) for point in polygon]


def overlap(a: list[Metres], b: list[Metres]) -> bool:
    """Say whether two convex shapes share more than a centimetre: no edge separates them."""
    for shape in (a, b):
        for (x1, y1), (x2, y2) in pairwise([*shape, shape[0]]):
            size = math.hypot(x2 - x1, y2 - y1)
            normal = ((y2 - y1) / size, (x1 - x2) / size)
            of_a = [x * normal[0] + y * normal[1] for x, y in a]
            of_b = [x * normal[0] + y * normal[1] for x, y in b]
            if min(max(of_a), max(of_b)) - max(min(of_a), min(of_b)) < CORNER_TOLERANCE_M:
                return False
    return True


def test_the_city_is_as_large_as_promised(city: DemoCity) -> None:
    kinds = Counter(berth.kind for berth in city.berths)
    roles = Counter(staff.role for staff in city.staff)

    assert [division.code for division in city.divisions] == ["440303", "440304", "440305"]
    assert len(city.sections) >= 40
    assert len(city.lots) == 10
    assert kinds["roadside"] >= 1300
    assert kinds["lot"] >= 700
    assert len(city.vehicles) == 200
    assert set(roles.values()) == {2}
    assert roles.keys() == {"manager", "patroller", "dispatcher", "finance"}


def test_everything_is_named_once(city: DemoCity) -> None:
    for names in (
        [place.id for place in city.places],
        [place.name for place in city.places],
        [berth.id for berth in city.berths],
        [berth.code for berth in city.berths],
        [device.id for device in city.devices],
        [(vehicle.number, vehicle.color) for vehicle in city.vehicles],
        [motorist.phone for motorist in city.motorists],
        [staff.username for staff in city.staff],
    ):
        assert len(set(names)) == len(names)


def test_every_berth_has_one_sensor_and_stands_at_a_known_place(city: DemoCity) -> None:
    sensors = Counter(
        berth_id
        for device in city.devices
        if device.kind == "berth_sensor"
        for berth_id in device.berth_ids
    )

    assert sensors == Counter(berth.id for berth in city.berths)
    assert {berth.place_id for berth in city.berths} == {place.id for place in city.places}
    assert {device.format for device in city.devices} == set(Format)


def test_cameras_watch_several_berths_of_one_section(city: DemoCity) -> None:
    cameras = [device for device in city.devices if device.kind == "camera"]

    assert len(cameras) >= 6
    for camera in cameras:
        assert len(camera.berth_ids) > 1
        assert {city.berth_by_id[id].place_id for id in camera.berth_ids} == {camera.place_id}


def test_berths_are_rectangles_of_six_by_two_point_two_metres(city: DemoCity) -> None:
    for berth in city.berths:
        # The plane of the berth itself, as a city-wide one would stretch the east by latitude.
        plane = Plane(berth.polygon[0])
        a, b, c, d = (plane.metres(point) for point in berth.polygon)

        assert sorted((math.dist(a, b), math.dist(b, c))) == pytest.approx([2.2, 6.0], abs=0.01)
        assert math.dist(a, c) == pytest.approx(math.dist(b, d), abs=0.01)
        assert (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) > 0, "anticlockwise"


def test_the_city_lies_within_its_bounds(city: DemoCity) -> None:
    points = [point for berth in city.berths for point in berth.polygon]
    points += [point for place in city.places for point in (*place.outline, place.point)]

    assert all(113.89 < lng < 114.15 and 22.47 < lat < 22.59 for lng, lat in points)


def test_no_two_berths_overlap(city: DemoCity) -> None:
    cells: dict[tuple[int, int], set[str]] = defaultdict(set)
    shapes = {berth.id: corners_m(city, berth.polygon) for berth in city.berths}
    for id, shape in shapes.items():
        for x, y in shape:
            for dx, dy in ((0, 0), (6, 0), (0, 6), (6, 6)):
                cells[int((x + dx) // 12), int((y + dy) // 12)].add(id)
    pairs = {pair for ids in cells.values() for pair in combinations(sorted(ids), 2)}

    assert len(pairs) > len(city.berths)
    assert [pair for pair in pairs if overlap(shapes[pair[0]], shapes[pair[1]])] == []


def test_berths_keep_clear_of_other_streets(city: DemoCity) -> None:
    shapes = {berth.id: corners_m(city, berth.polygon) for berth in city.berths}
    carriageways = {section.id: corners_m(city, section.outline) for section in city.sections}

    for berth in city.berths:
        for section in city.sections:
            if section.id == berth.place_id or len(section.line) > 2:
                continue
            assert not overlap(shapes[berth.id], carriageways[section.id]), (berth, section.name)


def test_plates_follow_the_grammar_and_owners_exist(city: DemoCity) -> None:
    phones = {motorist.phone for motorist in city.motorists}
    colors = Counter(vehicle.color for vehicle in city.vehicles)

    for vehicle in city.vehicles:
        assert re.fullmatch(GRAMMAR[vehicle.color], vehicle.number), vehicle
        assert vehicle.owner_phone in phones
    assert "13800000001" in phones
    assert colors.most_common(1)[0][0] == "blue"
    assert 40 <= colors["green"] <= 80
    assert colors["yellow"] > 0
    assert sum(vehicle.number.startswith("粤B") for vehicle in city.vehicles) > 140


def test_tariffs_cover_both_kinds_and_their_steps_end_open(city: DemoCity) -> None:
    assert {tariff.berth_kind for tariff in city.tariffs} == {"roadside", "lot"}
    for tariff in city.tariffs:
        for window in tariff.windows:
            assert window.from_time < window.to_time
            assert window.steps[-1].until_minutes is None
            assert all(step.amount < tariff.cap for step in window.steps)


def test_the_same_seed_gives_the_same_city_and_another_seed_another() -> None:
    first, again, other = demo_city(1), demo_city(1), demo_city(2)

    assert first == again
    assert first.vehicles != other.vehicles


def test_a_smaller_city_keeps_only_devices_whose_berths_it_has(city: DemoCity) -> None:
    small = city.first(100)

    assert len(small.berths) == 100
    assert {id for d in small.devices for id in d.berth_ids} == {berth.id for berth in small.berths}
