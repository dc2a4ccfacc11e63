"""What a plate owes beyond the grace: one case a plate, the sum of its open bills, whatever happens."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from server.domain.billing import Bill, BillState, pay_bill, waive_bill
from server.domain.ledger.queries import balances, check_ledger
from server.domain.payment import Intent, Method
from server.domain.recovery import (
    AlertState,
    ArrearsClosed,
    ArrearsOpened,
    ArrearsSpotted,
    DebtState,
    RecoveryCase,
    RecoveryState,
    Reminder,
    acknowledge_alert,
    approve_write_off,
    freeze_case,
    link_plate,
    open_link,
    pay_behind_link,
    reject_write_off,
    request_write_off,
    unfreeze_case,
    withdraw_write_off,
)
from server.domain.recovery.jobs import open_arrears, repeat_alerts
from server.domain.recovery.queries import case_file, own_arrears
from server.domain.stay import (
    Change,
    DisputeReason,
    EditKind,
    Stay,
    dispute_stay,
    edit_stay,
    identify_berth,
    withdraw_dispute,
)
from server.kernel.access import ANYONE
from server.kernel.errors import DomainError
from tests.domain.arrears import (
    CHIEF,
    CLERK,
    GRACE,
    OTHER,
    PATROL,
    after_grace,
    alerts,
    cases,
    follow,
    people,
    stayed,
    the_case,
)
from tests.domain.money import OWNER, PLATE, paid, priced, rows, wish
from tests.world import World

KEY = "a key of the tests that is long enough"


async def sums_fit(world: World) -> None:
    """Check that each case is the sum of the bills of its plate that are past due and undisputed."""
    bills = [one for one in await rows(world, Bill) if one.open and one.valid_until is None]
    stays = {one.id: one for one in await rows(world, Stay)}
    for case in await cases(world):
        mine = [one for one in bills if one.plate == case.plate and case.open]
        pursued = [one for one in mine if not stays[one.stay_id].holds]
        known = {one.stay_id for one in case.standing()}
        assert case.amount == sum(one.open for one in pursued if one.stay_id in known)
        assert {one.stay_id for one in mine} >= {
            one.stay_id for one in case.debts if one.state is DebtState.OPEN
        }
        assert case.count == sum(one.state is DebtState.OPEN for one in case.debts)


async def refused(world: World, use_case: Any, **arguments: Any) -> str:
    """Run what must be refused; gives its code."""
    with pytest.raises(DomainError) as refusal:
        await world.run(use_case, **arguments)
    return refusal.value.code


async def test_a_bill_in_its_grace_is_nobody_s_case(world: World) -> None:
    await people(world)
    await stayed(world, "a", 500)

    world.now += GRACE - timedelta(seconds=1)
    await world.job(open_arrears)

    assert await cases(world) == []


async def test_when_the_grace_ends_one_case_opens_and_further_bills_grow_it(world: World) -> None:
    await people(world)
    await stayed(world, "a", 500)
    world.now += timedelta(hours=1)
    await stayed(world, "b", 300)

    world.now += GRACE - timedelta(hours=1)
    await world.job(open_arrears)
    first = await the_case(world)
    world.now += timedelta(hours=1)
    await world.job(open_arrears)
    await world.job(open_arrears)

    grown = await the_case(world)
    assert (first.amount, first.count, first.state) == (500, 1, RecoveryState.DUE)
    assert (grown.id, grown.amount, grown.count) == (first.id, 800, 2)
    assert grown.owner_id == OWNER.id
    assert len(await world.facts(ArrearsOpened)) == 1
    await sums_fit(world)


async def test_what_is_paid_anywhere_leaves_the_case_and_the_last_closes_it(world: World) -> None:
    await people(world)
    first, second = await stayed(world, "a", 500), await stayed(world, "b", 300)
    await after_grace(world)

    await paid(world, await wish(world, first, amount=200), "1")
    await follow(world)
    part = await the_case(world)
    await paid(world, await wish(world, first), "2")
    await world.run(waive_bill, actor=CLERK, bill_id=second.id, amount=300, reason="照顾")
    await follow(world)

    assert (part.amount, part.part_paid, part.open) == (600, True, True)
    case = await the_case(world)
    assert (case.state, case.open, case.amount) == (RecoveryState.PAID, False, 0)
    assert [one.state for one in case.debts] == [DebtState.PAID, DebtState.WAIVED]
    assert len(await world.facts(ArrearsClosed)) == 1
    await sums_fit(world)


async def test_a_plate_that_owes_again_gets_a_case_of_its_own(world: World) -> None:
    await people(world)
    bill = await stayed(world, "a", 500)
    await after_grace(world)
    await paid(world, await wish(world, bill))
    await follow(world)
    await stayed(world, "b", 300)
    await after_grace(world)

    old, new = sorted(await cases(world), key=lambda one: one.opened_at)

    assert (old.open, new.open, new.amount) == (False, True, 300)


async def test_a_dispute_freezes_its_part_and_what_is_released_is_owed_again(world: World) -> None:
    await people(world)
    await stayed(world, "a", 500)
    await stayed(world, "b", 300)
    await after_grace(world)

    said = {"reason": DisputeReason.NOT_PARKED, "statement": "不在现场"}
    await world.run(dispute_stay, actor=OWNER, stay_id="a", **said)
    await follow(world)
    frozen = await the_case(world)
    await world.run(dispute_stay, actor=OWNER, stay_id="b", **said)
    await follow(world)
    all_frozen = await the_case(world)
    await world.run(withdraw_dispute, actor=OWNER, stay_id="a")
    await follow(world)

    assert (frozen.amount, frozen.frozen, frozen.state) == (300, 500, RecoveryState.DUE)
    assert (all_frozen.amount, all_frozen.state) == (0, RecoveryState.DISPUTED)
    thawed = await the_case(world)
    assert (thawed.amount, thawed.frozen, thawed.state) == (500, 300, RecoveryState.DUE)
    await sums_fit(world)


async def test_a_corrected_plate_takes_its_debt_along_and_gives_the_new_driver_a_grace(
    world: World,
) -> None:
    await people(world)
    await stayed(world, "a", 500, arrived_at=world.now - timedelta(hours=2))
    await after_grace(world)

    change = Change(kind=EditKind.PLATE, reason="核实监控", stay_id="a", plate=OTHER)
    await world.run(edit_stay, change=change)
    await follow(world)
    [old] = await cases(world)
    await after_grace(world)

    assert (old.state, old.open) == (RecoveryState.RETRACTED, False)
    assert [fact.owner_id for fact in await world.facts(ArrearsClosed)] == [OWNER.id]
    new = next(one for one in await cases(world) if one.open)
    assert (new.plate, new.amount > 0) == (OTHER, True)
    await sums_fit(world)


async def test_a_new_price_gives_the_same_driver_no_new_grace(world: World) -> None:
    await people(world)
    await stayed(world, "a", 500)
    await after_grace(world)

    await priced(world, "a", 700)
    await follow(world)

    case = await the_case(world)
    assert (case.amount, case.count, case.open) == (700, 1, True)
    assert case.debts[0].owed_since < world.now - timedelta(hours=47)


async def test_a_case_that_is_frozen_by_hand_says_so_until_it_is_thawed(world: World) -> None:
    await people(world)
    await stayed(world, "a", 500)
    await after_grace(world)
    case = await the_case(world)

    frozen = await world.run(freeze_case, actor=CLERK, case_id=case.id, reason="来电核实")
    again = await world.run(freeze_case, actor=CHIEF, case_id=case.id, reason="又一次")
    thawed = await world.run(unfreeze_case, actor=CLERK, case_id=case.id)

    assert (frozen.state, again.v) == (RecoveryState.DISPUTED, frozen.v)
    assert thawed.state is RecoveryState.DUE
    assert thawed.freeze is None


async def standing(world: World) -> None:
    """Let the car that owes stand on the second berth."""
    at_s = int((world.now - (await rows(world, Stay))[0].arrived_at).total_seconds()) + 60
    await world.see("d2", "arrived", at_s=at_s)
    await world.run(identify_berth, berth_id="b2", plate=PLATE)
    await follow(world)


async def test_a_car_that_owes_is_spotted_where_it_is_identified_once(world: World) -> None:
    await people(world)
    await stayed(world, "a", 500)
    await after_grace(world)

    await standing(world)

    [alert] = await alerts(world)
    assert (alert.plate, alert.amount, alert.berth.code) == (PLATE, 500, "440304002")
    assert len(await world.facts(ArrearsSpotted)) == 1
    seen = (await the_case(world)).last_seen
    assert seen is not None
    assert seen.berth_code == "440304002"


async def test_a_car_that_stands_when_its_grace_ends_is_spotted_too(world: World) -> None:
    await people(world)
    await stayed(world, "a", 500)
    await standing(world)
    assert await alerts(world) == []

    await after_grace(world)

    [alert] = await alerts(world)
    assert alert.state is AlertState.OPEN


async def test_an_alert_is_told_three_times_and_then_goes_up(world: World) -> None:
    await people(world)
    await stayed(world, "a", 500)
    await after_grace(world)
    await standing(world)

    told = []
    for _ in range(5):
        world.now += timedelta(seconds=30)
        await world.job(repeat_alerts)
        [alert] = await alerts(world)
        told.append((alert.rounds, alert.escalated))

    assert told == [(2, False), (3, False), (3, True), (3, True), (3, True)]


async def test_an_alert_that_was_acknowledged_is_told_no_more(world: World) -> None:
    await people(world)
    await stayed(world, "a", 500)
    await after_grace(world)
    await standing(world)
    [alert] = await alerts(world)

    first = await world.run(acknowledge_alert, actor=PATROL, alert_id=alert.id)
    second = await world.run(acknowledge_alert, actor=CLERK, alert_id=alert.id)
    world.now += timedelta(minutes=5)
    await world.job(repeat_alerts)

    [after] = await alerts(world)
    assert first.acknowledged_by == second.acknowledged_by == PATROL.id
    assert (after.rounds, after.escalated) == (1, False)


async def test_what_is_paid_is_taken_off_the_street(world: World) -> None:
    await people(world)
    bill = await stayed(world, "a", 500)
    await after_grace(world)
    await standing(world)

    await paid(world, await wish(world, bill))
    await follow(world)

    [alert] = await alerts(world)
    assert alert.state is AlertState.RETRACTED
    assert await refused(world, acknowledge_alert, actor=PATROL, alert_id=alert.id) == "alert_over"


async def test_an_alert_of_another_operator_s_street_is_not_there(world: World) -> None:
    await people(world)
    await stayed(world, "a", 500)
    await after_grace(world)
    await standing(world)
    [alert] = await alerts(world)
    stranger = replace(PATROL, organization_id="other")

    assert await refused(world, acknowledge_alert, actor=stranger, alert_id=alert.id) == (
        "alert_not_found"
    )


async def asked(world: World) -> Any:
    await people(world)
    await stayed(world, "a", 500)
    await after_grace(world)
    case = await the_case(world)
    return await world.run(request_write_off, actor=CLERK, case_id=case.id, reason="车辆已报废")


async def test_a_write_off_needs_a_second_person_and_one_waits_at_a_time(world: World) -> None:
    wanted = await asked(world)
    case = await the_case(world)

    own = await refused(world, approve_write_off, actor=CLERK, write_off_id=wanted.id)
    second = await refused(
        world, request_write_off, actor=CHIEF, case_id=case.id, reason="车辆已报废"
    )
    foreign = await refused(world, withdraw_write_off, actor=CHIEF, write_off_id=wanted.id)

    assert (own, second) == ("second_person_needed", "write_off_pending")
    assert foreign == "write_off_of_another"


async def test_what_is_written_off_is_booked_and_what_is_paid_later_is_recovered(
    world: World,
) -> None:
    wanted = await asked(world)

    await world.run(approve_write_off, actor=CHIEF, write_off_id=wanted.id)

    case = await the_case(world)
    [bill] = await rows(world, Bill)
    assert (case.state, bill.state) == (RecoveryState.WRITTEN_OFF, BillState.WRITTEN_OFF)
    assert (await world.run(balances))["written_off:city"] == 500

    payment = await paid(world, await wish(world, bill, amount=200))

    [left] = await rows(world, Bill)
    sums = await world.run(balances)
    assert (left.paid, left.written_off, left.state) == (200, 300, BillState.WRITTEN_OFF)
    assert (sums["written_off:city"], sums["receivable:city"]) == (300, -300)
    assert sums["collected:city"] == -200
    assert [one.amount for one in payment.applied if one.bill_id] == [200]

    await world.run(pay_bill, bill_id=bill.id, amount=300)

    [whole] = await rows(world, Bill)
    assert (whole.state, whole.written_off) == (BillState.PAID, 0)
    assert (await world.run(balances))["written_off:city"] == 0
    assert await world.run(check_ledger) == []


@pytest.mark.parametrize(("price", "given_up"), [(500, 500), (300, 300), (0, 0), (800, 500)])
async def test_a_new_price_of_what_was_written_off_keeps_the_books_right(
    world: World, price: int, given_up: int
) -> None:
    wanted = await asked(world)
    await world.run(approve_write_off, actor=CHIEF, write_off_id=wanted.id)

    await priced(world, "a", price)
    await follow(world)

    standing = [one for one in await rows(world, Bill) if one.standing]
    assert sum(one.written_off for one in standing) == given_up
    assert sum(one.open for one in standing) == max(0, price - 500)
    assert (await world.run(balances)).get("written_off:city", 0) == given_up
    assert await world.run(check_ledger) == []
    await sums_fit(world)


async def test_a_write_off_of_what_was_paid_meanwhile_is_to_be_asked_for_anew(
    world: World,
) -> None:
    wanted = await asked(world)
    [bill] = await rows(world, Bill)
    await paid(world, await wish(world, bill, amount=100))

    late = await refused(world, approve_write_off, actor=CHIEF, write_off_id=wanted.id)
    await world.run(reject_write_off, actor=CHIEF, write_off_id=wanted.id, remark="已付一部分")
    again = await refused(world, approve_write_off, actor=CHIEF, write_off_id=wanted.id)

    assert (late, again) == ("arrears_changed", "write_off_decided")


async def linked(world: World) -> str:
    await people(world)
    await stayed(world, "a", 500)
    await stayed(world, "b", 300)
    made = await world.run(link_plate, actor=PATROL, plate=PLATE, key=KEY)
    assert (made.amount, made.count) == (800, 2)
    return made.token


async def pay(world: World, token: str, *bill_ids: str, key: str = "k") -> Intent:
    named = {"token": token, "key": KEY, "bill_ids": bill_ids, "scene": "native"}
    return await world.run(
        pay_behind_link, actor=ANYONE, provider=Method.WECHAT, request_key=key, **named
    )


async def test_whoever_holds_a_link_pays_one_or_all_of_its_bills_without_a_login(
    world: World,
) -> None:
    token = await linked(world)
    behind = await world.run(open_link, actor=ANYONE, token=token, key=KEY)

    one = await pay(world, token, behind.bills[0].id, key="one")
    await paid(world, one, "1")
    rest = await pay(world, token, key="rest")
    await paid(world, rest, "2")

    assert {one.amount, rest.amount} == {500, 300}
    empty = await world.run(open_link, actor=ANYONE, token=token, key=KEY)
    assert empty.bills == ()
    with pytest.raises(DomainError) as refusal:
        await pay(world, token, key="late")
    assert refusal.value.code == "debt_settled"


async def test_a_link_opens_nothing_but_its_own_bills_of_its_own_plate(world: World) -> None:
    token = await linked(world)
    later = await stayed(world, "c", 900)
    with pytest.raises(DomainError) as refusal:
        await pay(world, token, later.id)
    assert refusal.value.code == "bill_not_behind_link"

    change = Change(kind=EditKind.PLATE, reason="核实监控", stay_id="a", plate=OTHER)
    await world.run(edit_stay, change=change)
    await follow(world)

    behind = await world.run(open_link, actor=ANYONE, token=token, key=KEY)
    assert [bill.stay_id for bill in behind.bills] == ["b"]


async def test_a_link_that_was_altered_is_of_another_key_or_too_old_opens_nothing(
    world: World,
) -> None:
    token = await linked(world)
    link_id, expires, proof = token.split(".")
    forged = [
        f"{link_id}.{int(expires, 16) + 86_400:x}.{proof}",
        f"{link_id[:-1]}x.{expires}.{proof}",
        f"{link_id}.{expires}.{proof[:-1]}",
        f"{link_id}.{expires}",
        "nothing",
        "",
        "说.什.么",
    ]

    codes = {await refused(world, open_link, token=one, key=KEY) for one in forged}
    codes.add(await refused(world, open_link, token=token, key=KEY + "!"))
    world.now += timedelta(days=31)

    assert codes == {"link_not_found"}
    assert await refused(world, open_link, token=token, key=KEY) == "link_expired"


async def test_two_looks_at_once_open_one_case(world: World) -> None:
    await people(world)
    await stayed(world, "a", 500)
    world.now += GRACE

    await asyncio.gather(*(world.job(open_arrears) for _ in range(4)))

    case: RecoveryCase = await the_case(world)
    assert case.amount == 500


async def test_what_was_written_off_is_offered_quietly_until_it_is_paid(world: World) -> None:
    wanted = await asked(world)
    await stayed(world, "b", 300)
    await world.run(approve_write_off, actor=CHIEF, write_off_id=wanted.id)
    await follow(world)
    before = await world.run(own_arrears, actor=OWNER)
    case = (await cases(world))[0]
    file = await world.run(case_file, actor=CLERK, case_id=case.id)

    bill = next(one for one in await rows(world, Bill) if one.stay_id == "a")
    await paid(world, await wish(world, bill, amount=200), "1")
    part = await world.run(own_arrears, actor=OWNER)
    await paid(world, await wish(world, bill), "2")
    await follow(world)
    after = await world.run(own_arrears, actor=OWNER)
    whole = await world.run(case_file, actor=CLERK, case_id=case.id)

    assert [one.bill.stay_id for one in before.bills] == ["b"]
    assert [(one.bill.stay_id, one.bill.given_up) for one in before.given_up] == [("a", 500)]
    assert [one.bill.given_up for one in part.given_up] == [300]
    assert after.given_up == ()
    assert (file.given_up, whole.given_up) == ({"a": 500}, {})
    assert case.state is RecoveryState.WRITTEN_OFF
    assert await alerts(world) == []
    assert await rows(world, Reminder) == []
    assert await world.run(check_ledger) == []
