"""Who binds a plate that owes sees it at once, who lets it go sees it no more, and a sold car's past
stays with who drove it; on the live channel what was shown and what is told is what is shown."""

from datetime import timedelta
from typing import Any

import pytest

from realtime.broker_memory import MemoryBroker
from realtime.gathering import publications_of
from realtime.snapshots import Snapshots
from server.domain.billing import Bill, dispute_bill
from server.domain.identity import Account, AccountKind, Organization, enrol
from server.domain.payment import Method, begin_payment, take_payment
from server.domain.recovery import RecoveryState, Reminder, ReminderState
from server.domain.recovery.jobs import advance_arrears
from server.domain.recovery.queries import own_arrears
from server.domain.stay import DisputeReason, change_policy, stay_in_sight
from server.domain.vehicle import bind_vehicle, unbind_vehicle
from server.kernel.access import Actor, Audience
from server.kernel.errors import DomainError
from tests.domain.arrears import after_grace, cases, follow, stayed, the_case
from tests.domain.money import OWNER, PLATE, bill_of, priced, receipt, rows
from tests.domain.test_reminding import Phone, post
from tests.world import World

SECOND = Actor("motorist-2", Audience.MOTORIST)


async def people(world: World) -> None:
    """Put two motorists in, neither of whom has a car, and reminders by text message."""
    accounts = [
        Account(id=one.id, kind=AccountKind.MOTORIST, name="车主", phone=f"1380000000{number}")
        for number, one in enumerate((OWNER, SECOND), 1)
    ]
    await world.run(
        enrol, organizations=[Organization(id="city", name="鹏城停车")], accounts=accounts
    )
    ladder = {"reminder_ladder": "0:app+sms,1:app+sms,2:app+sms", "reminder_gap_h": 1}
    await world.run(change_policy, scope="city", values=ladder, v=0)


async def bind(world: World, who: Actor) -> str:
    """Let somebody bind the plate, and all follow."""
    vehicle = await world.run(bind_vehicle, actor=who, plate=PLATE)
    await follow(world)
    return vehicle.id


async def let_go(world: World, who: Actor, vehicle_id: str) -> None:
    """Let somebody unbind it, and all follow."""
    await world.run(unbind_vehicle, actor=who, vehicle_id=vehicle_id)
    await follow(world)


async def seen(world: World, who: Actor) -> list[str]:
    """List the stays whose bills somebody's page of arrears shows."""
    found = await world.run(own_arrears, actor=who)
    return sorted(one.bill.stay_id for one in found.bills)


async def told(world: World) -> list[tuple[str, int]]:
    """List to whom reminders went, and of how much."""
    await world.job(advance_arrears)
    found = sorted(await rows(world, Reminder), key=lambda one: one.number)
    return [(one.owner_id, one.amount) for one in found]


async def test_who_binds_a_plate_that_owes_sees_it_at_once_pays_it_and_is_reminded(
    world: World,
) -> None:
    await people(world)
    bill = await stayed(world, "a", 500, owner_id=None)
    await after_grace(world)
    nobody = await told(world)

    await bind(world, OWNER)

    assert nobody == []
    assert await seen(world, OWNER) == ["a"]
    assert await seen(world, SECOND) == []
    assert (await the_case(world)).owner_id == OWNER.id
    assert await told(world) == [(OWNER.id, 500)]
    wish = {"provider": Method.WECHAT, "scene": "native"}
    intent = await world.run(begin_payment, actor=OWNER, bill_ids=[bill.id], **wish)
    await world.run(take_payment, receipt=receipt(intent))
    await follow(world)
    assert await seen(world, OWNER) == []


async def test_who_lets_a_plate_go_sees_no_more_of_what_was_before_him_and_gets_no_reminder(
    world: World,
) -> None:
    await people(world)
    bill = await stayed(world, "a", 500, owner_id=None)
    await after_grace(world)
    vehicle_id = await bind(world, OWNER)
    await world.job(advance_arrears)

    await let_go(world, OWNER, vehicle_id)
    phone = Phone()
    await post(world, phone).send_due()
    world.now += timedelta(days=1)
    after = await told(world)

    assert await seen(world, OWNER) == []
    assert (await the_case(world)).owner_id is None
    assert phone.sent == []
    assert [one.state for one in await rows(world, Reminder)] == [ReminderState.CANCELLED]
    assert after == [(OWNER.id, 500)]
    wish = {"provider": Method.WECHAT, "scene": "native"}
    with pytest.raises(DomainError) as refusal:
        await world.run(begin_payment, actor=OWNER, bill_ids=[bill.id], **wish)
    assert refusal.value.code == "bill_not_found"


async def test_a_car_that_was_sold_leaves_its_debts_with_who_drove_it(world: World) -> None:
    await people(world)
    his = await bind(world, OWNER)
    await stayed(world, "a", 500)
    await after_grace(world)
    await let_go(world, OWNER, his)
    kept, first = await seen(world, OWNER), await told(world)

    await bind(world, SECOND)

    assert (kept, first) == (["a"], [(OWNER.id, 500)])
    assert await seen(world, SECOND) == []
    assert (await the_case(world)).owner_id == OWNER.id


async def test_one_case_tells_each_driver_of_his_own_debts_alone(world: World) -> None:
    await people(world)
    his = await bind(world, OWNER)
    await stayed(world, "a", 500)
    await after_grace(world)
    await told(world)
    await let_go(world, OWNER, his)
    await bind(world, SECOND)
    second = await stayed(world, "b", 300, owner_id=SECOND.id)

    await after_grace(world)
    reminded = await told(world)
    [case] = await cases(world)
    wish = {"provider": Method.WECHAT, "scene": "native"}
    intent = await world.run(begin_payment, actor=SECOND, bill_ids=[second.id], **wish)
    await world.run(take_payment, receipt=receipt(intent))
    await follow(world)
    world.now += timedelta(days=2)

    assert (await seen(world, OWNER), await seen(world, SECOND)) == (["a"], [])
    assert (case.amount, case.own_amount, case.owner_id) == (800, 300, SECOND.id)
    assert reminded[-1] == (SECOND.id, 300)
    assert (await told(world))[-1] == (OWNER.id, 500)


async def test_a_new_price_stays_with_who_claimed_the_bill_and_with_nobody_else(
    world: World,
) -> None:
    await people(world)
    await stayed(world, "a", 500, owner_id=None)
    vehicle_id = await bind(world, OWNER)

    await priced(world, "a", 700)
    await follow(world)
    claimed = await bill_of(world, "a")
    await let_go(world, OWNER, vehicle_id)
    await bind(world, SECOND)

    assert (claimed.owner_id, claimed.claimed, claimed.due) == (OWNER.id, True, 700)
    assert await seen(world, OWNER) == []
    assert await seen(world, SECOND) == ["a"]


async def shown(world: World, who: Actor) -> dict[str, Any]:
    """Read what a motorist's channel starts from, the bills by id."""
    snapshot = await Snapshots(world.store.run, MemoryBroker()).read(f"#{who.id}")
    return {one["id"]: one for one in snapshot["data"]["bills"]}


def fold(bills: dict[str, Any], told: list[Any], who: Actor) -> dict[str, Any]:
    """Do as the mini-program does with what is told on the channel."""
    for one in publications_of(told):
        if one.channel == f"#{who.id}" and (bill := one.data.get("bill")):
            gone = bill["state"] in ("withdrawn", "superseded")
            bills = {id: kept for id, kept in bills.items() if id != bill["id"] or not gone}
            bills |= {} if gone else {bill["id"]: bill}
    return bills


async def test_what_was_shown_and_what_is_told_of_bound_bills_is_what_is_shown(
    world: World,
) -> None:
    await people(world)
    await stayed(world, "a", 500, owner_id=None)
    await stayed(world, "b", 300, owner_id=None)
    await after_grace(world)
    held = {who.id: await shown(world, who) for who in (OWNER, SECOND)}
    counts = []

    async def step(act: Any) -> Any:
        before = len(await world.facts())
        done = await act
        facts = (await world.facts())[before:]
        for who in (OWNER, SECOND):
            held[who.id] = fold(held[who.id], facts, who)
            assert held[who.id] == await shown(world, who)
        counts.append((len(held[OWNER.id]), len(held[SECOND.id])))
        return done

    vehicle_id = await step(bind(world, OWNER))
    await step(priced(world, "a", 700))
    await step(let_go(world, OWNER, vehicle_id))
    vehicle_id = await step(bind(world, SECOND))
    await step(let_go(world, SECOND, vehicle_id))

    assert counts == [(2, 0), (2, 0), (0, 0), (0, 2), (0, 0)]
    assert all(one.owner_id is None for one in await rows(world, Bill) if one.standing)


async def test_who_claims_a_bill_may_say_that_it_was_not_him(world: World) -> None:
    await people(world)
    bill = await stayed(world, "a", 500, owner_id=None)
    await after_grace(world)
    said: dict[str, Any] = {
        "bill_id": bill.id,
        "reason": DisputeReason.NOT_PARKED,
        "statement": "买车前的",
    }
    with pytest.raises(DomainError, match="bill_not_found"):
        await world.run(dispute_bill, actor=OWNER, **said)
    vehicle_id = await bind(world, OWNER)
    with pytest.raises(DomainError, match="bill_not_found"):
        await world.run(dispute_bill, actor=SECOND, **said)

    review = await world.run(dispute_bill, actor=OWNER, **said)
    await follow(world)

    assert (review.stay_id, review.statement) == ("a", "买车前的")
    assert (await the_case(world)).state is RecoveryState.DISPUTED
    [shown] = (await world.run(own_arrears, actor=OWNER)).bills
    assert (shown.bill.id, shown.frozen, shown.open) == (bill.id, True, 500)
    assert await told(world) == []
    with pytest.raises(DomainError, match="stay_not_found"):
        await world.run(stay_in_sight, actor=OWNER, stay_id="a")
    await let_go(world, OWNER, vehicle_id)
    assert await seen(world, OWNER) == []
