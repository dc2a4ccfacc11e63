"""The life of a version, calendars by year, and what a draft would have earned, on a real store."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.domain.insight.queries import Repriced, affected_stays, reprice_batch
from server.domain.stay import identify_berth
from server.domain.stay.jobs import settle_berths
from server.domain.tariff import (
    CalendarYear,
    Car,
    Day,
    DayChange,
    DayClass,
    DayKind,
    FirstFree,
    FreeTime,
    OnChange,
    Rate,
    Tariff,
    TariffCalendarChanged,
    TariffPublished,
    TariffState,
    Terms,
    change_calendar,
    change_draft,
    draft_tariff,
    from_cds,
    import_calendar,
    load_pricing,
    pass_trial,
    publish_tariff,
    read_list,
    to_cds,
    validate_tariff,
    year_of,
)
from server.domain.tariff.queries import try_tariff
from server.domain.vehicle import Plate, PlateColor
from server.kernel.access import Actor, Audience
from server.kernel.errors import DomainError, Invalid
from server.store.mongo import AUDIT
from tests.world import DAY_TARIFF, NOON, World

ZONE = ZoneInfo("Asia/Shanghai")
MANAGER = Actor("manager", Audience.CONSOLE, organization_id="city")
STRANGER = Actor("stranger", Audience.CONSOLE, organization_id="other")
HOURLY = Terms(rates=(Rate(0, 1440, (), 60, 500),))
HOLED = Terms(rates=(Rate(0, 600), Rate(660, 1440)))
TRIAL = {"arrived_at": NOON, "left_at": NOON + timedelta(hours=2), "zone": ZONE, "car": Car()}
SAYS: dict[str, Any] = {"on_change": OnChange.KEEP, "approval": "", "note": ""}


async def act(world: World, use_case: Any, **arguments: Any) -> Any:
    """Run a use case as the manager."""
    return await world.run(use_case, actor=MANAGER, **arguments)


async def refusal(world: World, use_case: Any, *, actor: Actor = MANAGER, **arguments: Any) -> str:
    """Give the code with which a use case is refused."""
    with pytest.raises(DomainError) as refused:
        await world.run(use_case, actor=actor, **arguments)
    return refused.value.code


async def next_version(world: World, terms: Terms = HOURLY, *, expected: int = 1000) -> Tariff:
    """Bring the next version of the street's tariff as far as its publication."""
    draft = await act(world, draft_tariff, code="roadside", name="路侧", terms=terms)
    valid, found = await act(world, validate_tariff, tariff_id=draft.id, v=draft.v)
    assert not found
    tried: Tariff = await act(
        world, pass_trial, tariff_id=draft.id, v=valid.v, expected=expected, **TRIAL
    )
    return tried


async def stay(world: World, device: str, *, from_s: int, to_s: int) -> None:
    """Let a car come and go."""
    await world.see(device, "arrived", at_s=from_s)
    await world.see(device, "left", at_s=to_s)
    world.now = NOON + timedelta(seconds=to_s + 60)
    await world.job(settle_berths)


async def test_a_version_goes_from_draft_to_publication_and_is_never_edited(world: World) -> None:
    tried = await next_version(world)
    assert (tried.id, tried.state) == ("roadside@2", TariffState.TRIAL_PASSED)

    later = world.now + timedelta(hours=1)
    published = await act(world, publish_tariff, tariff_id=tried.id, v=tried.v, valid_from=later)

    before = await world.run(lambda work: work.table(Tariff).get(DAY_TARIFF.id))
    assert (before.state, before.valid_to) == (TariffState.SUPERSEDED, later)
    assert (published.state, published.valid_from) == (TariffState.PUBLISHED, later)
    assert [fact.tariff_id for fact in await world.facts(TariffPublished)] == ["roadside@2"]
    changed = {"tariff_id": published.id, "v": published.v, "name": "x", "terms": HOURLY, **SAYS}
    assert await refusal(world, change_draft, **changed) == "tariff_state_wrong"
    rows = await world.store.database[AUDIT].find({"actor_id": "manager"}).to_list(None)
    assert len(rows) == 4


async def test_a_draft_that_is_changed_starts_again(world: World) -> None:
    tried = await next_version(world)

    changed = await act(
        world, change_draft, tariff_id=tried.id, v=tried.v, name="新", terms=HOURLY, **SAYS
    )

    assert changed.state is TariffState.DRAFT
    straight = {"tariff_id": changed.id, "v": changed.v}
    assert await refusal(world, publish_tariff, **straight) == "tariff_state_wrong"
    assert await refusal(world, publish_tariff, tariff_id=changed.id, v=1) == "tariff_changed"


async def test_a_hole_stops_a_draft_and_is_named(world: World) -> None:
    draft = await act(world, draft_tariff, code="holed", name="x", terms=HOLED)

    tariff, found = await act(world, validate_tariff, tariff_id=draft.id, v=draft.v)

    assert tariff.state is TariffState.DRAFT
    assert [(one.vehicle, one.from_min, one.to_min) for one in found] == [
        ("small", 600, 660),
        ("large", 600, 660),
    ]
    assert found[0].message == "小型汽车 10:00–11:00 没有规则"


async def test_a_trial_passes_only_with_the_amount_that_was_expected(world: World) -> None:
    draft = await act(world, draft_tariff, code="new", name="x", terms=HOURLY)
    valid, _ = await act(world, validate_tariff, tariff_id=draft.id, v=draft.v)
    wrong = {"tariff_id": valid.id, "v": valid.v, "expected": 999, **TRIAL}

    assert await refusal(world, pass_trial, **wrong) == "trial_differs"
    assert (await act(world, try_tariff, tariff_id=valid.id, **TRIAL)).amount == 1000


async def test_a_tariff_of_others_is_not_there_and_its_code_is_taken(world: World) -> None:
    stranger = {"actor": STRANGER}

    assert await refusal(world, try_tariff, tariff_id="roadside@1", **TRIAL, **stranger) == "tariff_not_found"  # fmt: skip
    assert await refusal(world, draft_tariff, code="roadside", name="x", terms=HOURLY, **stranger) == "tariff_code_taken"  # fmt: skip


async def test_one_draft_of_a_tariff_at_a_time_and_none_in_the_past(world: World) -> None:
    tried = await next_version(world)
    past = {"tariff_id": tried.id, "v": tried.v, "valid_from": world.now - timedelta(seconds=1)}

    assert await refusal(world, draft_tariff, code="roadside", name="x", terms=HOURLY) == "tariff_draft_exists"  # fmt: skip
    assert await refusal(world, publish_tariff, **past) == "tariff_validity_wrong"


async def test_what_was_announced_by_mistake_is_given_up_before_it_begins(world: World) -> None:
    hours = [NOON + timedelta(hours=number) for number in range(6)]
    in_force: dict[int, list[int]] = {}
    amounts = (500, 600, 700, 800)
    begins = (hours[2], hours[4], hours[3], hours[1])
    for amount, at in zip(amounts, begins, strict=True):
        terms = Terms(rates=(Rate(0, 1440, (), 60, amount),))
        tried = await next_version(world, terms, expected=2 * amount)
        await act(world, publish_tariff, tariff_id=tried.id, v=tried.v, valid_from=at)
        in_force[amount] = [await price_at(world, hour) for hour in hours]

    assert in_force == {
        500: [300, 300, 500, 500, 500, 500],
        600: [300, 300, 500, 500, 600, 600],
        700: [300, 300, 500, 700, 700, 700],
        800: [300, 800, 800, 800, 800, 800],
    }


async def price_at(world: World, arrived_at: Any) -> int:
    """Price an hour that begins then by whatever is in force."""

    async def priced(work: Any) -> int:
        pricing = (await load_pricing(work, ["roadside"]))["roadside"]
        left_at = arrived_at + timedelta(hours=1)
        return pricing.quote(arrived_at=arrived_at, left_at=left_at, zone=ZONE).amount

    found: int = await world.run(priced)
    return found


async def test_a_version_that_has_begun_is_followed_and_not_undone(world: World) -> None:
    first = await next_version(world)
    await act(world, publish_tariff, tariff_id=first.id, v=first.v)
    second = await next_version(world)
    now = {"tariff_id": second.id, "v": second.v, "valid_from": world.now}

    assert await refusal(world, publish_tariff, **now) == "tariff_validity_wrong"


async def test_a_stay_keeps_the_version_at_its_arrival(world: World) -> None:
    await world.see("d1", "arrived", at_s=-60)
    tried = await next_version(world)
    await act(world, publish_tariff, tariff_id=tried.id, v=tried.v)
    await stay(world, "d2", from_s=60, to_s=60 + 7200)
    await world.see("d1", "left", at_s=7300)
    world.now = NOON + timedelta(seconds=7400)
    await world.job(settle_berths)

    [old], [new] = await world.stays("b1"), await world.stays("b2")
    assert (old.amount, new.amount) == (600, 1000)


async def test_a_stay_without_a_price_ends_and_says_so(world: World) -> None:
    def forget(work: Any) -> Any:
        return _retire(work)

    async def _retire(work: Any) -> None:
        rows = work.table(Tariff)
        rows.save(replace(await rows.get(DAY_TARIFF.id), valid_from=NOON + timedelta(days=9)))

    await world.run(forget)
    await stay(world, "d1", from_s=0, to_s=3600)

    [ended] = await world.stays("b1")
    assert (ended.open, ended.amount, ended.lines) == (False, None, ())
    assert "unpriced" in ended.flags


async def test_the_first_stay_of_a_plate_is_free_once_a_day(world: World) -> None:
    first = replace(DAY_TARIFF.terms, free=None, first_free=FirstFree(FreeTime(60)))

    async def change(work: Any) -> None:
        rows = work.table(Tariff)
        rows.save(replace(await rows.get(DAY_TARIFF.id), terms=first))

    await world.run(change)
    for number, device in enumerate(("d1", "d2")):
        await world.see(device, "arrived", at_s=number * 7200)
        plate = Plate("粤B12345", PlateColor.BLUE)
        await world.run(identify_berth, berth_id=f"b{number + 1}", plate=plate)
        await world.see(device, "left", at_s=number * 7200 + 3600)
        world.now = NOON + timedelta(seconds=number * 7200 + 3660)
        await world.job(settle_berths)

    [free], [paid] = await world.stays("b1"), await world.stays("b2")
    assert (free.amount, paid.amount) == (0, 300)


async def test_a_draft_is_held_against_last_months_stays_batch_by_batch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.domain.insight.queries.BATCH", 2)
    for number in range(5):
        await stay(world, "d1", from_s=number * 10_000, to_s=number * 10_000 + 3660)
    draft = await act(world, draft_tariff, code="roadside", name="x", terms=HOURLY)

    batches: list[Repriced] = []
    after: str | None = None
    while not batches or after is not None:
        asked = {"since": NOON - timedelta(days=1), "until": NOON + timedelta(days=2)}
        batches.append(await act(world, reprice_batch, tariff_id=draft.id, after=after, **asked))
        after = batches[-1].next

    assert [one.stays for one in batches] == [2, 2, 1]
    priced = [one.amount for one in await world.stays("b1")]
    assert sum(one.before for one in batches) == sum(amount or 0 for amount in priced)
    assert sum(one.after for one in batches) == 5 * 1000
    assert sum(one.dearer for one in batches) == 5


# Calendars.

LIST = "date,kind,name\n" + "".join(f"2053-10-0{day},off,国庆节\n" for day in range(1, 8))


def kinds(year: CalendarYear, *days: str) -> Sequence[DayKind]:
    """Read some dates of a year."""
    return [year.day(date.fromisoformat(f"{year.year}-{day}")).kind for day in days]


async def test_a_year_is_the_week_and_what_the_list_says_otherwise(world: World) -> None:
    text = LIST + "2053-09-28,work,国庆节\n2053-06-20,off,端午节\n"

    year = await act(world, import_calendar, calendar_id="china", name="国务院", text=text)

    assert kinds(year, "10-01", "06-20", "09-28", "07-02", "07-05") == [
        DayKind.LONG_HOLIDAY,
        DayKind.HOLIDAY,
        DayKind.MAKE_UP_WORKDAY,
        DayKind.WORKDAY,
        DayKind.WEEKEND,
    ]
    assert year.names["10-01"] == "国庆节"


def test_a_list_may_be_json_as_it_is_shared() -> None:
    text = """{"year": 2026, "days": [
        {"name": "元旦", "date": "2026-01-01", "isOffDay": true},
        {"name": "元旦", "date": "2026-01-04", "isOffDay": false}]}"""

    year = year_of("china", "", read_list(text), year=2026)

    assert kinds(year, "01-01", "01-04") == [DayKind.HOLIDAY, DayKind.MAKE_UP_WORKDAY]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "date,kind\n2026-02-30,off",
        "date,kind\n2026-01-01,sleep",
        "date,kind\n2026-01-01,off\n2027-01-01,off",
        "date,kind\n2026-01-01,off\n2026-01-01,work",
        "{]",
        '{"days": 1}',
        '[{"date": null}]',
    ],
)
def test_a_list_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_list(text)

    assert refused.value.code == "calendar_file_invalid"


async def test_a_changed_day_tells_its_dates_and_lists_the_stays_that_it_priced(
    world: World,
) -> None:
    rest = DayClass("rest", kinds=(DayKind.HOLIDAY, DayKind.LONG_HOLIDAY))
    terms = replace(DAY_TARIFF.terms, days=(rest, DayClass("work")), calendar_id="china")

    async def ask_the_calendar(work: Any) -> None:
        rows = work.table(Tariff)
        rows.save(replace(await rows.get(DAY_TARIFF.id), terms=terms))

    await world.run(ask_the_calendar)
    year = await act(world, import_calendar, calendar_id="china", name="国务院", text=LIST)
    await stay(world, "d1", from_s=0, to_s=3600)
    change = DayChange(date(2053, 7, 2), Day(DayKind.HOLIDAY), "庆典")

    await act(world, change_calendar, year_id=year.id, v=year.v, changes=[change])

    [told] = await world.facts(TariffCalendarChanged)
    assert told.dates == (date(2053, 7, 2),)
    asked = {"calendar_id": "china"}
    [affected] = await act(world, affected_stays, dates=told.dates, **asked)
    assert affected.berth_id == "b1"
    assert await act(world, affected_stays, dates=[date(2053, 7, 3)], **asked) == []
    stale = {"year_id": year.id, "v": year.v, "changes": [change]}
    assert await refusal(world, change_calendar, **stale) == "calendar_changed"


def test_what_the_curb_specification_can_say_comes_back_as_it_went() -> None:
    written = to_cds(replace(DAY_TARIFF.terms, vehicles=("small",)))

    assert written["lost"] == ["free", "caps"]
    paid = written["policies"][1]
    assert paid["time_spans"] == [{"time_of_day_start": "07:30", "time_of_day_end": "21:00"}]
    assert paid["rules"][0]["rate"][1] == {
        "rate": 200,
        "rate_unit": "hour",
        "rate_unit_period": "rolling",
        "increment_amount": 100,
        "start_duration": 1,
    }
    back = from_cds(written["policies"]).rates[1]
    assert (back.unit_min, back.unit_amount) == (30, 100)
    assert [(step.until_min, step.amount) for step in back.steps] == [(60, 300)]
