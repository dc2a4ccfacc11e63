"""Bills follow the price of their stay, once."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from server.domain.billing import (
    Bill,
    BillIssued,
    BillState,
    BillWithdrawn,
    bill_running_stay,
    pay_bill,
)
from server.domain.billing.reactions import bill_priced_stays
from server.domain.stay import (
    Stay,
    StayClosed,
    StayCorrected,
    StayIdentified,
    identify_berth,
)
from server.domain.stay.jobs import settle_berths
from server.domain.vehicle import Plate, PlateColor
from server.kernel.nouns import replace
from server.kernel.work import Work
from tests.world import NOON, World

PLATE = Plate("粤B12345", PlateColor.BLUE)


async def bills(world: World) -> Sequence[Bill]:
    return await world.run(lambda work: work.table(Bill).find({}, sort="revision"))


async def stay_for(world: World, *, minutes: int, plate: Plate | None = PLATE) -> list[Any]:
    await world.see("d1", "arrived", at_s=0)
    if plate is not None:
        await world.run(identify_berth, berth_id="b1", plate=plate)
    await world.see("d1", "left", at_s=minutes * 60)
    world.now = NOON + timedelta(minutes=minutes + 1)
    await world.job(settle_berths)
    return await world.facts(StayClosed)


async def test_a_closed_stay_is_billed_once_however_often_it_is_told(world: World) -> None:
    closed = await stay_for(world, minutes=61)

    await world.run(bill_priced_stays, facts=closed)
    await world.run(bill_priced_stays, facts=closed)

    [bill] = await bills(world)
    assert (bill.due, bill.state, bill.plate) == (400, BillState.DUE, PLATE)
    assert sum(line.amount for line in bill.lines) == bill.due
    assert len(await world.facts(BillIssued)) == 1


async def hold(world: World, *reasons: str) -> None:
    """Hold the only stay for reasons, or for none any more."""

    async def change(work: Work) -> None:
        [stay] = await work.table(Stay).find({})
        work.table(Stay).save(replace(stay, holds=reasons))

    await world.run(change)


async def test_nobody_is_billed_for_a_stay_that_is_held_until_it_is_released(world: World) -> None:
    closed = await stay_for(world, minutes=61)
    await hold(world, "clone")

    await world.run(bill_priced_stays, facts=closed)
    assert await bills(world) == []

    await hold(world)
    await world.run(bill_priced_stays, facts=closed)
    assert [bill.state for bill in await bills(world)] == [BillState.DUE]


async def test_a_dispute_takes_an_untouched_bill_back_and_leaves_one_that_is_partly_paid(
    world: World,
) -> None:
    closed = await stay_for(world, minutes=61)
    await world.run(bill_priced_stays, facts=closed)
    await hold(world, "dispute")
    await world.run(bill_priced_stays, facts=closed)
    [withdrawn] = await bills(world)
    assert withdrawn.state is BillState.WITHDRAWN

    await hold(world)
    await world.run(bill_priced_stays, facts=closed)
    _, second = await bills(world)
    await world.run(pay_bill, bill_id=second.id, amount=100)
    await hold(world, "dispute")
    await world.run(bill_priced_stays, facts=closed)

    assert [(bill.standing, bill.paid) for bill in await bills(world)] == [(False, 0), (True, 100)]


async def test_a_car_that_still_stands_keeps_the_price_that_it_was_shown(world: World) -> None:
    await world.see("d1", "arrived", at_s=0)
    stay = await world.run(identify_berth, berth_id="b1", plate=PLATE)
    world.now = NOON + timedelta(minutes=61)
    shown = await world.run(bill_running_stay, stay_id=stay.id)

    await world.run(bill_priced_stays, facts=await world.facts(StayIdentified))

    assert await bills(world) == [shown]


async def test_a_free_stay_has_no_bill(world: World) -> None:
    closed = await stay_for(world, minutes=10)

    await world.run(bill_priced_stays, facts=closed)

    assert await bills(world) == []


async def test_nobody_is_billed_for_a_car_without_a_plate(world: World) -> None:
    closed = await stay_for(world, minutes=61, plate=None)

    await world.run(bill_priced_stays, facts=closed)

    assert await bills(world) == []


async def test_a_corrected_stay_has_its_bill_withdrawn_and_issued_anew(world: World) -> None:
    await world.see("d1", "arrived", at_s=0)
    await world.run(identify_berth, berth_id="b1", plate=PLATE)
    await world.see("d1", "heartbeat", at_s=61 * 60)
    lost = world.reading("d1", "left", at_s=100 * 60)
    again = world.reading("d1", "arrived", at_s=180 * 60)
    await world.take(again, force=[again])
    await world.run(bill_priced_stays, facts=await world.facts(StayClosed))
    [first] = await bills(world)

    await world.take(lost)
    await world.run(bill_priced_stays, facts=await world.facts(StayCorrected))

    old, new = await bills(world)
    assert old.id == first.id
    assert (old.state, new.state) == (BillState.WITHDRAWN, BillState.DUE)
    assert new.due == 500
    assert len(await world.facts(BillWithdrawn)) == 1


async def test_a_stay_whose_plate_is_known_later_is_billed_then(world: World) -> None:
    [closed] = await stay_for(world, minutes=61, plate=None)
    await world.run(bill_priced_stays, facts=[closed])

    async def identify(work: Work) -> Stay:
        rows = work.table(Stay)
        return rows.save((await rows.get(closed.stay_id)).identify(PLATE, "motorist-1"))

    stay = await world.run(identify)
    told = StayIdentified(
        at=world.now,
        stay_id=stay.id,
        berth_id=stay.berth_id,
        berth=stay.berth,
        plate=PLATE,
        owner_id=stay.owner_id,
        arrived_at=stay.arrived_at,
        before=None,
    )
    await world.run(bill_priced_stays, facts=[told])
    await world.run(bill_priced_stays, facts=[told, closed])

    [bill] = await bills(world)
    assert (bill.plate, bill.owner_id, bill.due) == (PLATE, "motorist-1", 400)
