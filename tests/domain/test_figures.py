"""The figures of the home page, counted from what is there."""

from datetime import timedelta

import pytest

from server.domain.billing.reactions import bill_priced_stays
from server.domain.identity import Organization, enrol
from server.domain.insight import Figures, FiguresChanged
from server.domain.insight.jobs import refresh_figures
from server.domain.stay import StayClosed, identify_berth
from server.domain.stay.jobs import count_room, settle_forgotten_berths
from server.domain.vehicle import Plate, PlateColor
from tests.world import NOON, World

PLATE = Plate("粤B12345", PlateColor.BLUE)


async def refresh(world: World, organization_id: str = "city") -> Figures:
    """Count anew, and read an organization's figures."""
    await world.job(count_room)
    await world.job(refresh_figures)
    return await world.run(lambda work: work.table(Figures).get(organization_id))


@pytest.fixture
async def city(world: World) -> World:
    """The street, run by one of two organizations."""
    organizations = [Organization(id=one, name=one) for one in ("city", "other")]
    await world.run(enrol, organizations=organizations, accounts=[])
    return world


async def test_a_day_is_counted_in_berths_stays_and_money(city: World) -> None:
    await city.see("d1", "arrived", at_s=0)
    await city.run(identify_berth, berth_id="b1", plate=PLATE)
    await city.see("d2", "arrived", at_s=0)
    await city.see("d1", "left", at_s=61 * 60)
    city.now = NOON + timedelta(minutes=62)
    await city.job(settle_forgotten_berths)
    await city.run(bill_priced_stays, facts=await city.facts(StayClosed))

    figures = await refresh(city)

    assert (figures.total, figures.free, figures.occupied, figures.unknown) == (3, 1, 1, 1)
    assert (figures.open_stays, figures.identified_stays) == (1, 0)
    assert (figures.arrivals_today, figures.departures_today) == (2, 1)
    assert (figures.due_today, figures.devices, figures.devices_silent) == (400, 4, 0)


async def test_figures_are_told_when_they_have_changed_and_only_then(city: World) -> None:
    await city.see("d1", "arrived", at_s=0)
    await refresh(city)
    told = len(await city.facts(FiguresChanged))

    await refresh(city)
    assert len(await city.facts(FiguresChanged)) == told

    await city.see("d2", "left", at_s=1)
    await refresh(city)
    assert len(await city.facts(FiguresChanged)) > told


async def test_the_days_figures_begin_anew_at_the_citys_midnight(city: World) -> None:
    await city.see("d1", "arrived", at_s=0)
    await city.see("d1", "left", at_s=3_600)
    city.now = NOON + timedelta(hours=2)
    await city.job(settle_forgotten_berths)
    assert (await refresh(city)).departures_today == 1

    city.now = NOON + timedelta(hours=11, minutes=59)
    assert (await refresh(city)).departures_today == 1
    city.now = NOON + timedelta(hours=12)
    midnight = await refresh(city)

    assert (midnight.arrivals_today, midnight.departures_today) == (0, 0)


async def test_an_organization_is_shown_its_own_berths_and_devices(city: World) -> None:
    await city.see("d1", "arrived", at_s=0)

    other = await refresh(city, "other")

    assert (other.open_stays, other.arrivals_today, other.due_today) == (0, 0, 0)
    assert (other.total, other.devices) == (0, 0)
