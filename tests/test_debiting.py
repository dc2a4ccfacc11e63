"""From a car that comes to a debit in the books; and all that may come between."""

from datetime import timedelta

import pytest

from server.domain.autopay import EntryState, begin_debit
from server.domain.billing import BillState
from server.domain.payment import (
    DEBIT,
    Intent,
    IntentState,
    Method,
    begin_payment,
    close_intent,
    pay_by_cash,
)
from server.domain.payment.service.shifts import open_shift
from server.domain.refund import Refund
from server.domain.stay import DisputeReason, EditKind, change_policy, dispute_stay
from server.domain.vehicle import Vehicle, register_vehicles
from server.kernel.access import system
from server.kernel.errors import Refused
from server.providers.payment import BlockReason, Scene, TradeState
from tests.autopay import OTHER, PLATE, Cars, cars_on
from tests.domain.money import OWNER, PATROL, bill_of, rows, sound
from tests.world import World

USED = (EntryState.USED, None)
NORMAL = (EntryState.NORMAL, None)


def closed(why: str) -> tuple[EntryState, str]:
    return EntryState.CLOSED, why


@pytest.fixture
async def cars(world: World) -> Cars:
    await world.run(register_vehicles, vehicles=[Vehicle(id="v1", plate=PLATE, owner_id=OWNER.id)])
    return await cars_on(world)


async def debited(cars: Cars) -> Intent:
    """Let a car come and go, and its debit be accepted."""
    await cars.come()
    await cars.round()
    await cars.go()
    await cars.round()
    [intent] = await cars.intents()
    return intent


async def test_who_comes_and_goes_is_debited_once_and_the_books_balance(cars: Cars) -> None:
    cars.twice = True
    stay = await cars.come()
    await cars.round()
    assert await cars.states() == [NORMAL]
    await cars.go()
    await cars.round()
    [intent] = await cars.intents()
    assert (intent.state, intent.scene, intent.payer_id) == (
        IntentState.PENDING,
        Scene.PARKING,
        OWNER.id,
    )

    cars.parking.decide(intent.id)
    assert [await cars.notice(intent.id) for _ in range(2)] == [204, 204]
    await cars.round(after_s=3600)

    bill = await bill_of(cars.world, stay.id)
    assert (bill.state, bill.paid) == (BillState.PAID, intent.amount)
    assert await cars.states() == [USED]
    assert len(await cars.payments()) == len(cars.parking.debits) == 1
    await sound(cars.world)


async def test_where_it_is_switched_off_or_no_plate_was_read_nobody_is_told_of(cars: Cars) -> None:
    await cars.world.run(change_policy, scope="place:s1", values={"autopay": "off"}, v=0)

    await cars.come()
    await cars.world.see("d2", "arrived", at_s=0)
    await cars.relay()
    await cars.round()

    assert await cars.entries() == []
    assert cars.parking.asked == []


async def test_who_is_blocked_as_he_goes_is_left_a_bill(cars: Cars) -> None:
    stay = await cars.come()
    await cars.round()
    [entry] = await cars.entries()
    cars.parking.block = BlockReason.PAUSED
    told = cars.parking.told(entry.id, at=cars.world.now + timedelta(minutes=5))
    assert await cars.notice(entry.id, told) == 204

    await cars.go()
    await cars.round()

    assert await cars.states() == [closed("blocked")]
    assert (await bill_of(cars.world, stay.id)).state is BillState.DUE
    assert cars.parking.debits == {}


async def test_a_word_of_before_does_not_undo_the_word_of_after(cars: Cars) -> None:
    await cars.come()
    await cars.round()
    [entry] = await cars.entries()
    later, before = (cars.world.now + timedelta(minutes=one) for one in (5, 2))
    cars.parking.block = BlockReason.OVERDUE
    blocked = cars.parking.told(entry.id, at=before)
    cars.parking.block = None
    good = cars.parking.told(entry.id, at=later)

    await cars.notice(entry.id, good)
    await cars.notice(entry.id, blocked)

    assert await cars.states() == [NORMAL]


async def test_a_word_of_anothers_entry_is_not_taken(cars: Cars) -> None:
    await cars.come()
    await cars.round()
    [entry] = await cars.entries()
    told = cars.parking.told("another", at=cars.world.now)

    assert await cars.notice("another", told) == 500
    assert await cars.entries() == [entry]


async def test_a_debit_that_fails_is_tried_again_and_then_it_is_arrears(cars: Cars) -> None:
    cars.twice = True
    stay = await cars.come()
    await cars.round()
    await cars.go()
    for wait in (0, 1800, 86_400):
        await cars.round(after_s=wait)
        await cars.round()
        intent = (await cars.intents())[-1]
        cars.parking.decide(intent.id, TradeState.CLOSED)
        assert await cars.notice(intent.id) == 204

    await cars.round(after_s=30 * 86_400)

    assert await cars.states() == [closed("failed")] * 3
    assert len(cars.parking.debits) == len(cars.parking.entries) == 3
    assert (await bill_of(cars.world, stay.id)).state is BillState.DUE
    assert [one.live for one in await cars.intents()] == [False] * 3
    await sound(cars.world)


async def test_a_failure_that_nobody_told_of_is_found_by_asking(cars: Cars) -> None:
    intent = await debited(cars)
    cars.parking.decide(intent.id, TradeState.CLOSED)

    await cars.round(after_s=5)

    assert await cars.states() == [closed("failed"), (EntryState.ASKED, None)]


async def test_a_payment_that_nobody_told_of_is_found_by_asking(cars: Cars) -> None:
    intent = await debited(cars)
    cars.parking.decide(intent.id)

    await cars.round(after_s=5)

    assert await cars.states() == [USED]
    await sound(cars.world)


async def test_what_the_provider_declines_is_tried_again_by_another_entry(cars: Cars) -> None:
    cars.parking.declines = "debit"
    await debited(cars)
    assert await cars.states() == [closed("failed"), (EntryState.ASKED, None)]

    cars.parking.declines = ""
    await cars.round(after_s=1800)
    await cars.round()
    cars.parking.decide((await cars.intents())[-1].id)
    await cars.round(after_s=5)

    assert await cars.states() == [closed("failed"), USED]
    await sound(cars.world)


async def test_a_car_that_is_not_taken_is_billed_as_any_other(cars: Cars) -> None:
    cars.parking.declines = "enter"

    await cars.come()
    await cars.round()
    await cars.go()
    await cars.round(after_s=3600)

    assert await cars.states() == [(EntryState.DECLINED, None)]
    assert cars.parking.asked == [f"enter {(await cars.entries())[0].id}"]


async def test_another_plate_is_another_entry_and_the_first_is_never_debited(cars: Cars) -> None:
    stay = await cars.come(OTHER)
    await cars.round()
    await cars.edit(EditKind.PLATE, stay, plate=PLATE)
    await cars.round()
    await cars.go()
    await cars.round()

    [intent] = await cars.intents()
    cars.parking.decide(intent.id)
    await cars.notice(intent.id)

    assert await cars.states() == [closed("corrected"), USED]
    [debit] = cars.parking.debits.values()
    assert debit.parked.plate_number == PLATE.number
    await sound(cars.world)


async def test_a_plate_that_is_put_back_is_told_of_anew(cars: Cars) -> None:
    stay = await cars.come(PLATE)
    for plate in (OTHER, PLATE):
        await cars.edit(EditKind.PLATE, stay, plate=plate)
        await cars.round()

    assert await cars.states() == [closed("corrected"), closed("corrected"), NORMAL]


async def test_another_beginning_is_another_entry(cars: Cars) -> None:
    stay = await cars.come()
    await cars.round()

    earlier = stay.arrived_at - timedelta(minutes=10)
    await cars.edit(EditKind.TIMES, stay, arrived_at=earlier)
    await cars.round()

    assert await cars.states() == [closed("corrected"), NORMAL]
    assert [one.parked.arrived_at for one in cars.parking.entries.values()] == [
        stay.arrived_at,
        earlier,
    ]


async def test_a_voided_stay_ends_its_entry(cars: Cars) -> None:
    stay = await cars.come()
    await cars.round()

    await cars.edit(EditKind.VOID, stay)

    assert await cars.states() == [closed("voided")]


async def test_who_comes_again_ends_what_was_tried_for_the_time_before(cars: Cars) -> None:
    intent = await debited(cars)
    cars.parking.decide(intent.id, TradeState.CLOSED)
    await cars.notice(intent.id)

    cars.world.now += timedelta(minutes=1)
    await cars.come(berth=2)
    await cars.round()

    states = await cars.states()
    assert states == [closed("failed"), closed("superseded"), NORMAL]
    assert sum(one.live for one in await cars.entries()) == 1


async def test_what_costs_nothing_or_too_much_is_not_debited(cars: Cars) -> None:
    await cars.come()
    await cars.round()
    await cars.go(after_min=5)
    await cars.world.run(change_policy, scope="place:s1", values={"autopay_limit": 100}, v=0)
    await cars.come(OTHER, berth=2)
    await cars.round()
    await cars.go(berth=2)
    await cars.round()

    assert await cars.states() == [closed("nothing_due"), closed("over_limit")]
    assert await cars.intents() == []


async def test_a_stay_in_dispute_is_not_debited(cars: Cars) -> None:
    stay = await cars.come()
    await cars.round()
    await cars.go()
    disputed = {"stay_id": stay.id, "reason": DisputeReason.AMOUNT, "statement": "只停了半小时"}
    await cars.world.run(dispute_stay, actor=OWNER, **disputed)
    await cars.relay()

    await cars.round(after_s=60)

    assert cars.parking.debits == {}
    assert await cars.states() == [NORMAL]


async def test_a_debit_waits_for_who_pays_by_himself(cars: Cars) -> None:
    stay = await cars.come()
    await cars.round()
    await cars.go()
    bill = await bill_of(cars.world, stay.id)
    wish = {"bill_ids": [bill.id], "provider": Method.WECHAT, "scene": "native"}
    intent = await cars.desk.start(await cars.world.run(begin_payment, actor=OWNER, **wish))

    await cars.round()
    await cars.round(after_s=60)
    assert cars.parking.debits == {}
    cars.provider.pay(intent.id)
    await cars.round(after_s=300)

    assert await cars.states() == [closed("settled")]
    assert len(await cars.payments()) == 1
    await sound(cars.world)


async def test_while_it_is_debited_nobody_pays_by_another_way_or_closes_it(cars: Cars) -> None:
    intent = await debited(cars)
    [bill_id] = intent.holding
    wish = {"bill_ids": [bill_id], "provider": Method.ALIPAY, "scene": "wap"}
    await cars.world.run(open_shift, actor=PATROL)

    for refused, actor, asked in (
        (begin_payment, OWNER, wish),
        (pay_by_cash, PATROL, {"bill_ids": [bill_id], "request_key": "cash"}),
        (close_intent, OWNER, {"intent_id": intent.id}),
    ):
        with pytest.raises(Refused) as refusal:
            await cars.world.run(refused, actor=actor, **asked)  # type: ignore[arg-type]
        assert refusal.value.code == "bill_being_debited"
    cars.parking.decide(intent.id, TradeState.CLOSED)
    await cars.notice(intent.id)
    await cars.world.run(begin_payment, actor=OWNER, **wish)


@pytest.mark.parametrize("fault", ["away", "lost"])
async def test_whatever_is_not_answered_is_asked_again_under_the_same_number(
    cars: Cars, fault: str
) -> None:
    await cars.come()
    setattr(cars.parking, fault, 1)
    await cars.round()
    assert await cars.states() == [(EntryState.ASKED, None)]
    await cars.round(after_s=30)
    await cars.go()
    setattr(cars.parking, fault, 1)
    await cars.round()
    await cars.round(after_s=5)

    assert len(cars.parking.entries) == len(cars.parking.debits) == 1
    [intent] = await cars.intents()
    cars.parking.decide(intent.id)
    await cars.round(after_s=600)
    assert await cars.states() == [USED]
    await sound(cars.world)


async def test_who_was_killed_after_beginning_asks_when_he_is_back(cars: Cars) -> None:
    await cars.come()
    await cars.round()
    await cars.go()
    [entry] = await cars.entries()
    await cars.world.run(begin_debit, actor=system("autopay"), entry_id=entry.id)
    assert cars.parking.debits == {}

    await cars.round(after_s=5)

    [intent] = await cars.intents()
    assert list(cars.parking.debits) == [intent.id]
    assert intent.scene == DEBIT


async def test_a_debit_that_was_begun_and_then_forbidden_is_not_asked_for(cars: Cars) -> None:
    await cars.come()
    await cars.round()
    await cars.go()
    [entry] = await cars.entries()
    await cars.world.run(begin_debit, actor=system("autopay"), entry_id=entry.id)
    cars.parking.block = BlockReason.REMOVED
    told = cars.parking.told(entry.id, at=cars.world.now)
    await cars.notice(entry.id, told)

    await cars.round(after_s=5)

    assert cars.parking.debits == {}
    assert [one.live for one in await cars.intents()] == [False]


async def test_a_debit_that_comes_after_all_is_given_back(cars: Cars) -> None:
    intent = await debited(cars)
    cars.world.now += timedelta(days=1)
    await cars.round()
    [bill_id] = intent.holding
    await cars.world.run(open_shift, actor=PATROL)
    await cars.world.run(pay_by_cash, actor=PATROL, bill_ids=[bill_id], request_key="cash")
    await cars.relay()

    cars.parking.decide(intent.id)
    await cars.notice(intent.id)

    [refund] = await rows(cars.world, Refund)
    assert (refund.intent_id, refund.amount) == (intent.id, intent.amount)
    assert sum(one.amount for one in await cars.payments()) == 2 * intent.amount
    await sound(cars.world)


async def test_what_the_days_bill_names_is_looked_for_where_debits_are(cars: Cars) -> None:
    intent = await debited(cars)
    cars.parking.decide(intent.id)

    await cars.desk.learn("wechat", intent.id)

    assert len(await cars.payments()) == 1
    assert cars.parking.asked[-1] == f"query {intent.id}"
