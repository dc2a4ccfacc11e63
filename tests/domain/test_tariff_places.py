"""Which tariff a place uses: what a change means to cars that stand, come, or are learned of late."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from server.domain.estate import PastTariff, Place, PlaceTariffCancelled, PlaceTariffChanged
from server.domain.stay import Stay, edit_stay
from server.domain.stay.jobs import settle_berths, settle_forgotten_berths
from server.domain.stay.model.edits import Change, EditKind
from server.domain.stay.queries import room_of
from server.domain.stay.queries.assignments import preview_assignment
from server.domain.tariff import (
    OnChange,
    Rate,
    Tariff,
    TariffState,
    Terms,
    assign_tariff,
    cancel_assignments,
    publish_tariff,
    publish_tariffs,
)
from server.domain.tariff.queries import places_by_tariff
from server.kernel.access import Actor, Audience, Scope
from server.kernel.errors import DomainError
from server.store.mongo import AUDIT
from tests.world import DAY_TARIFF, NOON, World

MANAGER = Actor("manager", Audience.CONSOLE, organization_id="city", scope=Scope(everything=True))
ELSEWHERE = replace(MANAGER, scope=Scope(division_codes=frozenset({"440303"})))
DEAR = Tariff(
    id="dear@1",
    code="dear",
    name="贵",
    organization_id="city",
    number=1,
    valid_from=NOON - timedelta(days=1),
    terms=Terms(rates=(Rate(0, 1440, (), 60, 1000),)),
)
HOUR_S = 3600


@pytest.fixture
async def street(world: World) -> World:
    """The street, and a dearer tariff that it does not use yet."""
    await world.run(publish_tariffs, tariffs=[DEAR])
    return world


async def act(world: World, use_case: Any, *, actor: Actor = MANAGER, **arguments: Any) -> Any:
    """Run a use case as somebody of the console."""
    return await world.run(use_case, actor=actor, **arguments)


async def place(world: World) -> Place:
    """Read the street's section."""
    return await world.run(lambda work: work.table(Place).get("s1"))


async def assign(
    world: World,
    tariff: str = "dear@1",
    *,
    at_s: int,
    v: int | None = None,
    begins_s: int | None = None,
) -> Any:
    """Put the street under a tariff that many seconds after noon, perhaps for later."""
    world.now = NOON + timedelta(seconds=at_s)
    seen = {"s1": (await place(world)).v if v is None else v}
    begins_at = None if begins_s is None else NOON + timedelta(seconds=begins_s)
    return await act(world, assign_tariff, tariff_id=tariff, places=seen, begins_at=begins_at)


async def cancel(world: World, *, at_s: int, v: int | None = None) -> Any:
    """Cancel what is to come at the street, that many seconds after noon."""
    world.now = NOON + timedelta(seconds=at_s)
    seen = {"s1": (await place(world)).v if v is None else v}
    return await act(world, cancel_assignments, places=seen)


async def leave(world: World, device: str, *, at_s: int) -> Stay:
    """Let a car leave, and give its stay."""
    await world.see(device, "left", at_s=at_s)
    world.now = NOON + timedelta(seconds=at_s + 60)
    await world.job(settle_berths)
    return (await world.stays(device.replace("d", "b")))[-1]


async def refusal(world: World, **arguments: Any) -> str:
    """Give the code with which an assignment is refused, and its preview as well."""
    codes = set()
    for use_case in (assign_tariff, preview_assignment):
        with pytest.raises(DomainError) as refused:
            await act(world, use_case, **arguments)
        codes.add(refused.value.code)
    [code] = codes
    return code


def test_a_place_knows_which_tariff_held_when() -> None:
    hour = [NOON + timedelta(hours=number) for number in range(5)]
    base: Any = {"name": "s", "address": "", "division_code": "", "organization_id": "", "cell": ""}
    start = Place(id="s", kind="section", point=None, outline=(), total=0, tariff_id="a", **base)  # type: ignore[arg-type]

    used = start.use("b", at=hour[1]).use("c", at=hour[3])

    assert [used.tariff_at(at) for at in hour] == ["a", "b", "b", "c", "c"]
    assert used.tariffs_after(hour[0]) == ((hour[1], "b"), (hour[3], "c"))
    assert used.tariffs_after(hour[1]) == ((hour[3], "c"),)
    assert used.use("d", at=hour[2]).past_tariffs == (
        PastTariff("a", hour[1]),
        PastTariff("b", hour[2]),
    )
    assert used.use("b", at=hour[3]) == replace(start.use("b", at=hour[1]))
    assert used.use("x", at=hour[3]).tariff_at(hour[2]) == "b"


async def test_running_stays_keep_their_tariff_and_new_ones_get_the_new(street: World) -> None:
    await street.see("d1", "arrived", at_s=0)
    await street.see("d2", "arrived", at_s=HOUR_S)
    await assign(street, at_s=HOUR_S + 60)
    await street.see("d3", "arrived", at_s=HOUR_S + 120)

    old, also_old = await leave(street, "d1", at_s=7300), await leave(street, "d2", at_s=7300)
    new = await leave(street, "d3", at_s=7300)

    assert (old.berth.tariff_id, old.amount) == ("roadside", 600)
    assert (also_old.berth.tariff_id, also_old.amount) == ("roadside", 400)
    assert (new.berth.tariff_id, new.amount) == ("dear", 1000)
    again = await street.occupancy("b3")
    assert again.berth.tariff_id == "dear"


async def test_an_arrival_that_is_learned_late_has_the_tariff_of_its_time(street: World) -> None:
    await assign(street, at_s=600)
    received = NOON + timedelta(seconds=7200)

    await street.see("d1", "arrived", at_s=300, received_at=received)
    await street.see("d2", "arrived", at_s=602, received_at=received)

    old, new = await leave(street, "d1", at_s=7300), await leave(street, "d2", at_s=7300)
    assert [one.berth.tariff_id for one in (old, new)] == ["roadside", "dear"]


async def test_a_tariff_that_splits_does_so_where_its_place_changes(street: World) -> None:
    split = replace(
        DEAR,
        id="split@1",
        code="split",
        on_change=OnChange.SPLIT,
        terms=Terms(rates=(Rate(0, 1440, (), 60, 200),)),
    )
    await street.run(publish_tariffs, tariffs=[split])
    await assign(street, "split@1", at_s=0)
    await street.see("d1", "arrived", at_s=2)
    seen = {"s1": (await place(street)).v}
    street.now = NOON + timedelta(seconds=HOUR_S)
    await street.job(settle_forgotten_berths)
    preview = await act(street, preview_assignment, tariff_id="dear@1", places=seen)

    await assign(street, at_s=HOUR_S)
    stay = await leave(street, "d1", at_s=2 * HOUR_S + 2)

    assert (preview.running, preview.splitting) == (1, 1)
    assert [line.amount for line in stay.lines if line.amount] == [200, 1000]
    assert (stay.berth.tariff_id, stay.amount) == ("split", 1200)


async def test_an_officer_who_moves_an_arrival_moves_it_under_the_tariff_of_then(
    street: World,
) -> None:
    await assign(street, at_s=600)
    await street.see("d1", "arrived", at_s=900)
    stay = await leave(street, "d1", at_s=HOUR_S)
    assert (stay.berth.tariff_id, stay.amount) == ("dear", 1000)

    moved = Change(kind=EditKind.TIMES, reason="监控为准", stay_id=stay.id, arrived_at=NOON)
    await street.run(edit_stay, change=moved)

    [after] = await street.stays("b1")
    assert (after.berth.tariff_id, after.amount) == ("roadside", 300)


async def test_the_preview_says_what_moves_and_changes_nothing(street: World) -> None:
    await street.see("d1", "arrived", at_s=0)
    await street.see("d2", "arrived", at_s=60)
    street.now = NOON + timedelta(seconds=120)
    await street.job(settle_berths)

    preview = await act(street, preview_assignment, tariff_id="dear@1", places={"s1": 1})

    assert (len(preview.plan.moving), preview.berths) == (1, 3)
    assert (preview.running, preview.splitting) == (2, 0)
    assert [(one.code, one.places) for one in preview.left] == [("roadside", 1)]
    assert (await place(street)).tariff_id == "roadside"


async def test_the_same_again_changes_nothing_and_the_audit_knows_both_tariffs(
    street: World,
) -> None:
    first = await assign(street, at_s=60)
    again = await assign(street, at_s=90, v=1)

    assert (len(first.moving), first.unchanged) == (1, 0)
    assert (len(again.moving), again.unchanged) == (0, 1)
    now = await place(street)
    assert (now.v, now.past_tariffs) == (2, (PastTariff("roadside", first.begins_at),))
    [told] = await street.facts(PlaceTariffChanged)
    assert (told.place_id, told.before, told.tariff_id) == ("s1", "roadside", "dear")
    [row] = await street.store.database[AUDIT].find({"actor_id": "manager"}).to_list(None)
    assert "roadside" in str(row)
    assert "dear" in str(row)


async def test_the_price_that_a_place_shows_is_the_new_one(street: World) -> None:
    await assign(street, at_s=60)
    before = await street.run(room_of, place_id="s1")
    street.now += timedelta(seconds=2)
    after = await street.run(room_of, place_id="s1")

    assert (before.tariff.code, after.tariff.code) == ("roadside", "dear")


async def test_a_tariff_lists_the_places_that_use_it_in_scope(street: World) -> None:
    await assign(street, at_s=60)
    street.now = NOON + timedelta(seconds=62)

    [using] = await act(street, places_by_tariff, code="dear")
    assert (using.place.id, using.tariff, using.since) == ("s1", "贵", NOON + timedelta(seconds=62))
    assert await act(street, places_by_tariff, code="roadside") == []
    assert await act(street, places_by_tariff, actor=ELSEWHERE) == []


async def test_what_cannot_be_assigned_is_refused_with_a_code(street: World) -> None:
    draft = replace(DEAR, id="draft@1", code="draft", state=TariffState.DRAFT)
    future = replace(DEAR, id="next@1", code="next", valid_from=NOON + timedelta(days=1))
    await street.run(publish_tariffs, tariffs=[draft, future])
    seen = {"places": {"s1": 1}}

    assert await refusal(street, tariff_id="draft@1", **seen) == "tariff_not_in_force"
    assert await refusal(street, tariff_id="next@1", **seen) == "tariff_not_in_force"
    assert await refusal(street, tariff_id="none@1", **seen) == "tariff_not_found"
    assert await refusal(street, tariff_id="dear@1", places={"s9": 1}) == "place_not_found"
    assert await refusal(street, tariff_id="dear@1", actor=ELSEWHERE, **seen) == "place_not_found"
    assert await refusal(street, tariff_id="dear@1", places={"s1": 7}) == "place_changed"
    stranger = replace(MANAGER, organization_id="other")
    assert await refusal(street, tariff_id="dear@1", actor=stranger, **seen) == "tariff_not_found"
    assert (await place(street)).tariff_id == DAY_TARIFF.code


CHEAP = replace(
    DEAR, id="cheap@1", code="cheap", name="便宜", terms=Terms(rates=(Rate(0, 1440, (), 60, 100),))
)


async def test_a_planned_change_prices_who_comes_from_then_on(street: World) -> None:
    await assign(street, at_s=0, begins_s=HOUR_S)
    await street.see("d1", "arrived", at_s=HOUR_S - 1)
    await street.see("d2", "arrived", at_s=HOUR_S)

    old, new = await leave(street, "d1", at_s=7300), await leave(street, "d2", at_s=7300)

    assert (old.berth.tariff_id, new.berth.tariff_id) == ("roadside", "dear")
    assert (old.amount, new.amount) == (400, 2000)


async def test_a_stay_that_a_planned_change_splits_is_split_there(street: World) -> None:
    split = replace(CHEAP, on_change=OnChange.SPLIT)
    await street.run(publish_tariffs, tariffs=[split])
    await assign(street, "cheap@1", at_s=0)
    await street.see("d1", "arrived", at_s=2)
    await assign(street, at_s=60, begins_s=HOUR_S + 2)

    stay = await leave(street, "d1", at_s=2 * HOUR_S + 2)

    assert [line.amount for line in stay.lines if line.amount] == [100, 1000]


async def test_a_planned_change_is_cancelled_before_it_begins(street: World) -> None:
    planned = await assign(street, at_s=0, begins_s=HOUR_S)
    cancelled = await cancel(street, at_s=HOUR_S - 3)
    again = await cancel(street, at_s=HOUR_S - 3, v=2)
    await street.see("d1", "arrived", at_s=HOUR_S + 1)

    stay = await leave(street, "d1", at_s=2 * HOUR_S)

    assert (cancelled, again) == (1, 0)
    assert (stay.berth.tariff_id, stay.amount) == ("roadside", 300)
    now = await place(street)
    assert (now.tariff_id, now.past_tariffs) == ("roadside", ())
    [told] = await street.facts(PlaceTariffCancelled)
    assert (told.tariff_id, told.cancelled) == ("roadside", "dear")
    assert told.begins_at == planned.begins_at
    assert len(await street.store.database[AUDIT].find({"actor_id": "manager"}).to_list(None)) == 2


@pytest.mark.parametrize("at_s", [HOUR_S - 2, HOUR_S, HOUR_S + 60])
async def test_what_everybody_may_know_by_now_is_not_cancelled(street: World, at_s: int) -> None:
    await assign(street, at_s=0, begins_s=HOUR_S)

    with pytest.raises(DomainError) as refused:
        await cancel(street, at_s=at_s)

    assert refused.value.code == "assignment_begun"
    assert (await place(street)).tariff_at(NOON + timedelta(seconds=HOUR_S)) == "dear"


async def test_only_who_may_see_a_place_as_it_is_cancels_there(street: World) -> None:
    await assign(street, at_s=0, begins_s=HOUR_S)
    stranger = replace(MANAGER, organization_id="other")
    for actor, seen, code in (
        (ELSEWHERE, {"s1": 2}, "place_not_found"),
        (stranger, {"s1": 2}, "place_not_found"),
        (MANAGER, {"s9": 1}, "place_not_found"),
        (MANAGER, {"s1": 1}, "place_changed"),
    ):
        with pytest.raises(DomainError) as refused:
            await act(street, cancel_assignments, actor=actor, places=seen)
        assert refused.value.code == code
    assert (await place(street)).v == 2


async def test_a_place_has_one_change_to_come_and_the_newest_counts(street: World) -> None:
    await street.run(publish_tariffs, tariffs=[CHEAP])
    await assign(street, at_s=0, begins_s=HOUR_S)
    seen = {"s1": (await place(street)).v}
    preview = await act(
        street,
        preview_assignment,
        tariff_id="cheap@1",
        places=seen,
        begins_at=NOON + timedelta(seconds=2 * HOUR_S),
    )

    await assign(street, "cheap@1", at_s=60, begins_s=2 * HOUR_S)

    at = [NOON + timedelta(seconds=HOUR_S * hours) for hours in (1, 2)]
    assert (preview.plan.replaced, len(preview.plan.moving)) == (1, 1)
    assert [(one.code, one.places) for one in preview.left] == [("roadside", 1)]
    assert [(await place(street)).tariff_at(instant) for instant in at] == ["roadside", "cheap"]
    [kept] = await street.facts(PlaceTariffCancelled)
    assert kept.cancelled == "dear"


async def test_the_tariff_of_now_put_in_place_of_a_planned_one_keeps_it(street: World) -> None:
    own = replace(DAY_TARIFF, id="roadside@9", number=9, organization_id="city")
    await street.run(publish_tariffs, tariffs=[own])
    await assign(street, at_s=0, begins_s=HOUR_S)

    done = await assign(street, "roadside@9", at_s=60)

    assert (len(done.moving), done.replaced) == (1, 1)
    assert (await place(street)).past_tariffs == ()
    assert len(await street.facts(PlaceTariffChanged)) == 1


async def test_the_same_plan_again_changes_nothing(street: World) -> None:
    await assign(street, at_s=0, begins_s=HOUR_S)
    again = await assign(street, at_s=30, v=1, begins_s=HOUR_S)

    assert (len(again.moving), again.unchanged) == (0, 1)
    assert (await place(street)).v == 2


async def test_an_instant_that_is_past_or_far_is_refused(street: World) -> None:
    seen = {"tariff_id": "dear@1", "places": {"s1": 1}}
    for days, code in ((-1, "assignment_time_wrong"), (367, "assignment_time_wrong")):
        at = NOON + timedelta(days=days)
        assert await refusal(street, **seen, begins_at=at) == code
    future = replace(DEAR, id="next@1", code="next", valid_from=NOON + timedelta(days=2))
    await street.run(publish_tariffs, tariffs=[future])
    early = {"tariff_id": "next@1", "places": {"s1": 1}}
    day = timedelta(days=1)
    assert await refusal(street, **early, begins_at=NOON + day) == "tariff_not_in_force"
    done = await act(street, assign_tariff, **early, begins_at=NOON + 2 * day)
    assert done.begins_at == NOON + 2 * day


async def test_a_place_shows_what_it_uses_and_what_is_to_come(street: World) -> None:
    await assign(street, at_s=0, begins_s=HOUR_S)
    begins_at = NOON + timedelta(seconds=HOUR_S)

    [before] = await act(street, places_by_tariff, code="dear")
    [also] = await act(street, places_by_tariff, code="roadside")
    room = await street.run(room_of, place_id="s1")
    street.now = begins_at
    [after] = await act(street, places_by_tariff, code="dear")
    later = await street.run(room_of, place_id="s1")

    assert before == also
    assert (before.tariff_code, before.since) == ("roadside", None)
    assert before.coming is not None
    assert (before.coming.tariff, before.coming.begins_at) == ("贵", begins_at)
    assert room.coming is not None
    assert (room.tariff.code, room.coming[0], room.coming[1].code) == (
        "roadside",
        begins_at,
        "dear",
    )
    assert (after.tariff_code, after.since, after.coming) == ("dear", begins_at, None)
    assert (later.tariff.code, later.coming) == ("dear", None)


async def test_a_place_shows_the_next_version_of_its_tariff_too(street: World) -> None:
    await assign(street, at_s=0)
    street.now = NOON + timedelta(minutes=1)
    tomorrow = NOON + timedelta(days=1)
    passed = replace(DEAR, id="dear@2", number=2, state=TariffState.TRIAL_PASSED)
    await street.run(lambda work: add(work, passed))
    await act(street, publish_tariff, tariff_id="dear@2", v=1, valid_from=tomorrow)

    room = await street.run(room_of, place_id="s1")

    assert room.coming is not None
    assert (room.tariff.id, room.coming[0], room.coming[1].id) == ("dear@1", tomorrow, "dear@2")


async def add(work: Any, tariff: Tariff) -> None:
    """Put a version there as it is."""
    work.table(Tariff).add(tariff)
