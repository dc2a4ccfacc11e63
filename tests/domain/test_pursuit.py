"""What is owed to one operator and seen on another's street: told, collected, and credited right."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from server.domain.billing import Bill, BillState
from server.domain.identity import Organization, enrol
from server.domain.ledger.queries import balances, check_ledger
from server.domain.payment import CashShift, Method, Payment, open_shift
from server.domain.payment.queries import payments_in_sight
from server.domain.recovery import (
    AlertState,
    RecoveryCase,
    begin_collecting,
    collect_by_cash,
    debts_elsewhere,
    freeze_case,
)
from server.domain.recovery.queries import arrears_of_plate, live_alerts
from server.domain.recovery.queries.lists import arrears_in_scope
from server.domain.recovery.reactions import follow_policies
from server.domain.refund import Refund, approve_refund, open_refund, pay_out_refund
from server.domain.stay import (
    DisputeReason,
    PolicyChanged,
    Stay,
    change_policy,
    dispute_stay,
    identify_berth,
)
from server.kernel.access import Actor, Audience, Scope
from server.kernel.errors import DomainError
from tests.domain.arrears import (
    CLERK,
    PATROL,
    after_grace,
    alerts,
    cases,
    follow,
    people,
    stayed,
)
from tests.domain.money import BERTH, OWNER, PLATE, paid, rows, wish
from tests.world import World

BAY = replace(BERTH, organization_id="bay", place_id="s9", place_name="滨海路", code="440305009")
BAY_CLERK = Actor("bay-1", Audience.CONSOLE, scope=Scope(everything=True), organization_id="bay")
BAY_CHIEF = replace(BAY_CLERK, id="bay-2")
LETS_OTHERS = {"pursuit": "operators"}


async def refused(world: World, use_case: Any, **arguments: Any) -> str:
    """Run what must be refused; gives its code."""
    with pytest.raises(DomainError) as refusal:
        await world.run(use_case, **arguments)
    return refusal.value.code


async def owing(world: World, *, declared: dict[str, Any] | None = LETS_OTHERS) -> Bill:
    """Let the plate owe 500 to the bay's operator, and stand on the city's second berth."""
    await people(world)
    await world.run(enrol, organizations=[Organization(id="bay", name="滨海停车")], accounts=[])
    if declared is not None:
        await declare(world, declared)
    bill = await stayed(world, "at-bay", 500, berth=BAY)
    await after_grace(world)
    return bill


async def declare(world: World, values: dict[str, Any], *, v: int = 0) -> None:
    """Let the bay's operator say who may pursue its debts, and see that it is acted on."""
    await world.run(change_policy, actor=BAY_CLERK, scope="operator:bay", values=values, v=v)
    for _ in range(2):
        await world.run(follow_policies, facts=(await world.facts(PolicyChanged))[-1:])


async def standing(world: World) -> None:
    """Let the car be identified on the city's second berth."""
    first = (await rows(world, Stay))[0]
    at_s = int((world.now - first.arrived_at).total_seconds()) + 60
    await world.see("d2", "arrived", at_s=at_s)
    await world.run(identify_berth, berth_id="b2", plate=PLATE)
    await follow(world)


async def collect(world: World, bills: Sequence[Bill], *, key: str = "cash") -> Payment:
    """Let the city's officer take cash."""
    ids = [bill.id for bill in bills]
    return await world.run(collect_by_cash, actor=PATROL, bill_ids=ids, request_key=key)


async def the_case(world: World, organization_id: str) -> RecoveryCase:
    """Read the case of one operator."""
    [case] = [one for one in await cases(world) if one.organization_id == organization_id]
    return case


async def test_what_is_owed_to_others_is_told_to_nobody_until_they_let_it(world: World) -> None:
    bill = await owing(world, declared=None)
    await standing(world)
    await world.run(open_shift, actor=PATROL)

    seen = await world.run(arrears_of_plate, actor=PATROL, plate=PLATE)
    taken = await refused(
        world, collect_by_cash, actor=PATROL, bill_ids=[bill.id], request_key="cash"
    )

    assert await alerts(world) == []
    assert (seen.bills, seen.cases, seen.elsewhere) == ((), (), ())
    assert taken == "bill_not_found"
    [shift] = await rows(world, CashShift)
    assert (shift.expected, shift.for_others) == (0, 0)


async def test_nobody_declares_it_for_another_operator_not_even_the_city(world: World) -> None:
    for scope in ("city", "place:s1"):
        said = {"scope": scope, "values": LETS_OTHERS, "v": 0}
        assert await refused(world, change_policy, actor=CLERK, **said) == "policy_invalid"
    theirs = {"scope": "operator:bay", "values": LETS_OTHERS, "v": 0}

    assert await refused(world, change_policy, actor=CLERK, **theirs) == "policy_scope_forbidden"


async def test_a_debt_to_another_operator_rings_where_the_car_stands_and_names_the_creditor(
    world: World,
) -> None:
    await owing(world)
    await stayed(world, "here", 300)
    await after_grace(world)

    await standing(world)

    told = {one.creditor_id: one for one in await alerts(world)}
    assert {id: (one.amount, one.foreign) for id, one in told.items()} == {
        "bay": (500, True),
        "city": (300, False),
    }
    assert (told["bay"].creditor_name, told["bay"].berth.code) == ("滨海停车", "440304002")
    mine = await world.run(live_alerts, actor=PATROL, section_id="s1")
    assert len(mine) == 2
    assert await world.run(live_alerts, actor=BAY_CLERK) == []
    seen = (await the_case(world, "bay")).last_seen
    assert seen is not None
    assert seen.place_name == "福华路"


async def test_an_officer_is_told_of_others_debts_only_while_the_car_stands_in_his_sight(
    world: World,
) -> None:
    bill = await owing(world)
    before = await world.run(debts_elsewhere, actor=PATROL, plate=PLATE)
    await standing(world)

    [found] = await world.run(debts_elsewhere, actor=PATROL, plate=PLATE)
    far = replace(PATROL, scope=Scope(division_codes=frozenset({"440303"})))
    other = replace(PATROL, organization_id="third")

    assert before == []
    assert (found.creditor.name, found.amount) == ("滨海停车", 500)
    assert [(one.place_name, one.bill_id, str(one.arrived_on)) for one in found.debts] == [
        ("滨海路", bill.id, "2053-07-02")
    ]
    assert await world.run(debts_elsewhere, actor=far, plate=PLATE) == []
    assert await world.run(debts_elsewhere, actor=other, plate=PLATE) == []
    for actor in (far, other):
        await world.run(open_shift, actor=replace(actor, id=f"{actor.organization_id}-far"))
        who = replace(actor, id=f"{actor.organization_id}-far")
        said = {"bill_ids": [bill.id], "request_key": who.id}
        assert await refused(world, collect_by_cash, actor=who, **said) == "bill_not_found"


async def test_the_console_of_one_operator_lists_no_case_of_another(world: World) -> None:
    await owing(world)
    await standing(world)
    theirs = await the_case(world, "bay")

    listed = await world.run(arrears_in_scope, actor=CLERK)
    own = await world.run(arrears_in_scope, actor=BAY_CLERK)

    assert (listed.items, listed.totals.amount) == ((), 0)
    assert [one.id for one in own.items] == [theirs.id]
    said = {"case_id": theirs.id, "reason": "来电核实"}
    assert await refused(world, freeze_case, actor=CLERK, **said) == "recovery_case_not_found"


@pytest.mark.parametrize(("commission_bp", "kept"), [(0, 0), (333, 16)])
async def test_cash_for_oneself_and_for_others_in_one_go_is_credited_to_each(
    world: World, commission_bp: int, kept: int
) -> None:
    declared = {"pursuit": "operators", "pursuit_commission_bp": commission_bp}
    theirs = await owing(world, declared=declared)
    mine = await stayed(world, "here", 300)
    await after_grace(world)
    await standing(world)
    await world.run(open_shift, actor=PATROL)

    payment = await collect(world, [mine, theirs])
    again = await collect(world, [mine, theirs])
    await follow(world)

    assert again.id == payment.id
    sums = await world.run(balances)
    assert sums[f"cash:{payment.shift_id}"] == 800
    assert (sums["collected:bay"], sums["collected:city"]) == (kept - 500, -300 - kept)
    assert await world.run(check_ledger) == []
    assert (payment.pursued_by, payment.for_others) == ("city", 500)
    parts = {one.organization_id: (one.pursued_by, one.commission) for one in payment.applied}
    assert parts == {"bay": ("city", kept), "city": ("", 0)}
    [shift] = await rows(world, CashShift)
    assert (shift.expected, shift.for_others) == (800, 500)
    assert {one.state for one in await rows(world, Bill)} == {BillState.PAID}
    assert not any(one.open for one in await cases(world))
    assert {one.state for one in await alerts(world)} == {AlertState.RETRACTED}


async def test_a_code_collects_for_others_too_and_remembers_for_whom(world: World) -> None:
    theirs = await owing(world, declared={"pursuit": "operators", "pursuit_commission_bp": 1_000})
    mine = await stayed(world, "here", 300)
    await after_grace(world)
    await standing(world)
    begun = await world.run(
        begin_collecting,
        actor=PATROL,
        bill_ids=[mine.id, theirs.id],
        provider=Method.WECHAT,
        scene="native",
        request_key="code",
    )
    # What was agreed when the code was shown holds, whatever the creditor says meanwhile.
    await declare(world, {"pursuit": "own"}, v=1)

    payment = await paid(world, begun)

    sums = await world.run(balances)
    assert (payment.amount, payment.pursued_by) == (800, "city")
    assert sums["provider:wechat"] == 800
    assert (sums["collected:bay"], sums["collected:city"]) == (-450, -350)
    assert await world.run(check_ledger) == []


async def test_what_the_owner_pays_himself_leaves_others_streets_and_earns_nobody_anything(
    world: World,
) -> None:
    theirs = await owing(world, declared={"pursuit": "operators", "pursuit_commission_bp": 1_000})
    await standing(world)

    payment = await paid(world, await wish(world, theirs))
    await follow(world)

    [alert] = await alerts(world)
    assert alert.state is AlertState.RETRACTED
    assert (payment.pursued_by, payment.for_others) == ("", 0)
    assert (await world.run(balances))["collected:bay"] == -500


async def test_a_refund_takes_the_commission_back_to_the_last_fen(world: World) -> None:
    theirs = await owing(world, declared={"pursuit": "operators", "pursuit_commission_bp": 333})
    await standing(world)
    await world.run(open_shift, actor=PATROL)
    payment = await collect(world, [theirs])

    back = []
    for number, amount in enumerate((170, 330)):
        said = {"payment_id": payment.id, "stay_id": "at-bay", "reason": "核实误收"}
        opened = await world.run(
            open_refund, actor=BAY_CLERK, amount=amount, request_key=f"r{number}", **said
        )
        await world.run(approve_refund, actor=BAY_CHIEF, refund_id=opened.id)
        await world.run(pay_out_refund, actor=BAY_CLERK, refund_id=opened.id)
        back.append(opened.commission)

    assert (sum(back), back[0]) == (16, 16 * 170 // 500)
    sums = await world.run(balances)
    assert (sums["collected:bay"], sums["collected:city"]) == (0, 0)
    assert await world.run(check_ledger) == []


async def test_each_operator_sees_its_part_of_a_payment_and_gives_back_no_other(
    world: World,
) -> None:
    theirs = await owing(world)
    mine = await stayed(world, "here", 300)
    await after_grace(world)
    await standing(world)
    await world.run(open_shift, actor=PATROL)
    payment = await collect(world, [mine, theirs])

    [here] = (await world.run(payments_in_sight, actor=CLERK)).items
    [there] = (await world.run(payments_in_sight, actor=BAY_CLERK)).items
    said = {"payment_id": payment.id, "amount": 100, "reason": "误收", "request_key": "r"}
    foreign = await refused(world, open_refund, actor=CLERK, stay_id="at-bay", **said)

    assert {one.organization_id for one in here.applied} == {"city", "bay"}
    assert [one.organization_id for one in there.applied] == ["bay"]
    assert there.refundable == 500
    assert foreign == "payment_not_found"
    assert await rows(world, Refund) == []


async def test_a_creditor_who_thinks_better_of_it_is_off_others_streets_at_once(
    world: World,
) -> None:
    await owing(world)
    await standing(world)

    await declare(world, {"pursuit": "own"}, v=1)

    [alert] = await alerts(world)
    assert alert.state is AlertState.RETRACTED
    assert await world.run(debts_elsewhere, actor=PATROL, plate=PLATE) == []


async def test_what_is_frozen_disputed_or_in_its_grace_is_told_to_no_other(world: World) -> None:
    await owing(world)
    await stayed(world, "young", 200, berth=BAY)
    await standing(world)
    [first] = await world.run(debts_elsewhere, actor=PATROL, plate=PLATE)
    said = {"reason": DisputeReason.NOT_PARKED, "statement": "不在现场"}
    await world.run(dispute_stay, actor=OWNER, stay_id="at-bay", **said)
    await follow(world)

    [alert] = await alerts(world)
    assert first.amount == 500
    assert alert.state is AlertState.RETRACTED
    assert await world.run(debts_elsewhere, actor=PATROL, plate=PLATE) == []
