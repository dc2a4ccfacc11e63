"""The model of the traffic: seeded, true to its curves, and never two cars at a berth."""

import statistics
from collections import Counter

import pytest

from devices.simulator.chance import chance
from devices.simulator.city import demo_city
from devices.simulator.demand import DWELL, LOAD, city_hour, draw_dwell, load
from devices.simulator.model import Quarter
from devices.simulator.traffic import Movement, Pace, Parked, Traffic

CITY = demo_city(1)
# 2026-11-23 00:00 in the city.
MIDNIGHT = 1795363200.0
HOUR = 3600.0


def movements(seed: int, hour: float, seconds: float, pace: Pace) -> list[Movement]:
    traffic = Traffic(CITY, seed=seed, pace=pace, start_at=MIDNIGHT + hour * HOUR)
    return traffic.fill() + traffic.advance(MIDNIGHT + hour * HOUR + seconds)


def test_the_same_seed_gives_the_same_day_and_another_seed_another() -> None:
    first = movements(1, 9, 300, Pace())
    again = movements(1, 9, 300, Pace())
    other = movements(2, 9, 300, Pace())

    assert first == again
    assert first != other


def test_the_steps_in_which_time_is_given_change_nothing() -> None:
    at = MIDNIGHT + 9 * HOUR
    whole, stepped = (Traffic(CITY, seed=1, pace=Pace(), start_at=at) for _ in range(2))
    whole.fill()
    stepped.fill()

    steps = [move for second in range(200) for move in stepped.advance(at + second + 1)]

    assert steps == whole.advance(at + 200)


@pytest.mark.parametrize("hour", [3.0, 9.0, 14.0, 20.0])
def test_the_city_changes_as_often_as_asked_at_any_hour(hour: float) -> None:
    start = MIDNIGHT + hour * HOUR
    traffic = Traffic(CITY, seed=1, pace=Pace(rate=7), start_at=start)
    traffic.fill()
    traffic.advance(start + 20)

    moved = traffic.advance(start + 620)

    assert 6 <= len(moved) / 600 <= 8


def test_arrivals_follow_the_curves_over_a_day() -> None:
    traffic = Traffic(CITY, seed=1, pace=Pace(speed=1.0), start_at=MIDNIGHT)
    quarters = {place.id: place.quarter for place in CITY.places}
    arrivals: dict[Quarter, Counter[int]] = {quarter: Counter() for quarter in Quarter}
    for move in traffic.advance(MIDNIGHT + 24 * HOUR):
        if move.kind == "arrived":
            quarter = quarters[CITY.berth_by_id[move.berth_id].place_id]
            arrivals[quarter][int(city_hour(move.at))] += 1

    office, nightlife = arrivals[Quarter.OFFICE], arrivals[Quarter.NIGHTLIFE]
    assert office[9] > 1.1 * office[12] > 0
    assert office[14] > 1.1 * office[12]
    assert office[9] > 5 * office[3]
    assert nightlife[21] > 2 * nightlife[9]


def test_the_filled_city_has_the_occupancy_of_its_hour() -> None:
    shares = {}
    for hour in (3.0, 10.0):
        traffic = Traffic(CITY, seed=1, pace=Pace(), start_at=MIDNIGHT + hour * HOUR)
        traffic.fill()
        cars = Counter(
            CITY.place_by_id[CITY.berth_by_id[id].place_id].quarter for id in traffic.parked
        )
        berths = Counter(CITY.place_by_id[berth.place_id].quarter for berth in CITY.berths)
        shares[hour] = {quarter: cars[quarter] / berths[quarter] for quarter in Quarter}
        shares[hour]["city"] = cars.total() / berths.total()

    assert 0.5 < shares[10.0]["city"] < 0.8
    assert shares[10.0][Quarter.HOSPITAL] > 0.8
    assert shares[3.0][Quarter.HOMES] > 0.8
    assert shares[3.0][Quarter.OFFICE] < 0.15


def test_a_berth_holds_one_car_at_a_time_and_nobody_parks_twice() -> None:
    at_berth: dict[str, Movement] = {}

    for move in movements(3, 18, 1200, Pace(rate=20)):
        if move.kind == "arrived":
            assert move.berth_id not in at_berth
            assert move.plate not in {other.plate for other in at_berth.values()}
            at_berth[move.berth_id] = move
        else:
            arrived = at_berth.pop(move.berth_id)
            assert arrived.plate == move.plate
            assert move.previous_state_s == int(move.at - arrived.at)


def test_movements_come_in_order_of_time_and_a_berth_rests_between_cars() -> None:
    start = MIDNIGHT + 12 * HOUR
    traffic = Traffic(CITY, seed=1, pace=Pace(), start_at=start)
    moves = traffic.fill() + traffic.advance(start + 900)
    free_times = [m.previous_state_s for m in moves if m.kind == "arrived" and m.previous_state_s]

    assert [move.at for move in moves] == sorted(move.at for move in moves)
    assert min(free_times) >= 19
    assert min(m.previous_state_s or 0 for m in moves if m.kind == "left") >= 19


def test_berths_near_the_door_fill_first() -> None:
    traffic = Traffic(CITY, seed=1, pace=Pace(), start_at=MIDNIGHT + 3 * HOUR)
    traffic.fill()
    lot = next(lot for lot in CITY.lots if lot.quarter is Quarter.SHOPPING)
    bays = [berth for berth in CITY.berths if berth.place_id == lot.id]
    entrance = bays[0].polygon[0]
    ways = {bay.id: abs(bay.polygon[0][0] - entrance[0]) for bay in bays}
    taken = [ways[bay.id] for bay in bays if bay.id in traffic.parked]

    assert taken
    assert statistics.mean(taken) < 0.6 * statistics.mean(ways.values())


def test_a_full_city_turns_cars_away() -> None:
    small = demo_city(1).first(40)
    traffic = Traffic(small, seed=1, pace=Pace(speed=1.0), start_at=MIDNIGHT + 9 * HOUR)
    never = MIDNIGHT + 1000 * HOUR
    traffic.restore(
        Parked(berth.id, (f"粤B{n:05}", "blue"), MIDNIGHT, never)
        for n, berth in enumerate(small.berths)
    )

    moved = traffic.advance(MIDNIGHT + 12 * HOUR)

    assert moved == []
    assert traffic.turned_away > 0


def test_cars_of_an_earlier_run_leave_when_they_meant_to() -> None:
    start = MIDNIGHT + 9 * HOUR
    gone, stays = (berth.id for berth in CITY.berths[:2])
    traffic = Traffic(CITY, seed=1, pace=Pace(), start_at=start)

    left = traffic.restore(
        [
            Parked(gone, ("粤B00001", "blue"), start - 900, start - 60),
            Parked(stays, ("粤B00002", "blue"), start - 900, start + 500),
        ]
    )

    assert [(move.at, move.kind, move.berth_id) for move in left] == [(start - 60, "left", gone)]
    assert list(traffic.parked) == [stays]


def test_dwell_times_are_log_normal_with_the_stated_mean() -> None:
    random = chance(1, "test")
    for quarter, (mean_minutes, _) in DWELL.items():
        stays = [draw_dwell(random, quarter) / 60 for _ in range(20_000)]

        assert statistics.mean(stays) == pytest.approx(mean_minutes, rel=0.06)
        assert statistics.median(stays) < statistics.mean(stays)


def test_curves_have_24_hours_and_pass_midnight_without_a_jump() -> None:
    for quarter, curve in LOAD.items():
        assert len(curve) == 24
        before, after = (load(quarter, "440305", hour) for hour in (23.999, 0.001))
        assert before == pytest.approx(after, abs=0.01)


def test_the_city_hour_is_that_of_shenzhen() -> None:
    assert city_hour(MIDNIGHT) == 0
    assert city_hour(MIDNIGHT + 13.5 * HOUR) == 13.5
