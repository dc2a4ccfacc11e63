"""What the tests about money share: bills of a street that were issued, and who pays them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from server.domain.billing import Bill, BillState, Coupon, grant_coupons, redeem_coupon
from server.domain.billing.reactions import bill_priced_stays
from server.domain.ledger.queries import check_ledger
from server.domain.payment import Intent, Method, Payment, Receipt, begin_payment, take_payment
from server.domain.refund import Refund
from server.domain.refund.reactions import give_back_surplus, give_back_unapplied
from server.domain.stay import BerthLabel, Stay, StayClosed, StayState
from server.domain.tariff import Line
from server.domain.vehicle import Plate, PlateColor
from server.kernel.access import Actor, Audience
from server.kernel.work import Work
from tests.world import NOON, World

OWNER = Actor("motorist-1", Audience.MOTORIST)
CLERK = Actor("clerk-1", Audience.CONSOLE, organization_id="city")
CHIEF = Actor("clerk-2", Audience.CONSOLE, organization_id="city")
PATROL = Actor("patrol-1", Audience.PATROL, organization_id="city")
PLATE = Plate("粤B12345", PlateColor.BLUE)
BERTH = BerthLabel(
    code="440304001",
    place_id="s1",
    place_name="福华路",
    place_kind="section",
    division_code="440304",
    organization_id="city",
    tariff_id="roadside",
)


def closed_stay(id: str, amount: int, *, at: datetime = NOON) -> Stay:
    """Make a stay that has ended and cost so much."""
    return Stay(
        id=id,
        berth_id="b1",
        berth=BERTH,
        state=StayState.CLOSED,
        open=False,
        plate=PLATE,
        owner_id=OWNER.id,
        arrived_at=at,
        left_at=at,
        amount=amount,
        lines=(Line("停车费", amount),),
        revision=1,
    )


async def priced(world: World, stay_id: str, amount: int, **changes: Any) -> None:
    """Let a stay end, or be priced anew, and its bill follow."""

    async def price(work: Work) -> Stay:
        rows = work.table(Stay)
        before = await rows.maybe(stay_id)
        fresh = closed_stay(stay_id, amount)
        if before is None:
            return rows.add(fresh)
        return rows.save(replace(before, amount=amount, lines=fresh.lines, **changes))

    stay = await world.run(price)
    await world.run(bill_priced_stays, facts=[closed_fact(world.now, stay)])


def closed_fact(at: datetime, stay: Stay) -> StayClosed:
    """Tell that a stay has ended."""
    assert stay.left_at is not None
    assert stay.amount is not None
    return StayClosed(
        at=at,
        stay_id=stay.id,
        berth_id=stay.berth_id,
        berth=stay.berth,
        plate=stay.plate,
        owner_id=stay.owner_id,
        arrived_at=stay.arrived_at,
        left_at=stay.left_at,
        amount=stay.amount,
        lines=stay.lines,
        revision=stay.revision,
    )


async def granted(world: World, amount: int) -> None:
    """Give the motorist a coupon, c1, that is good for a day."""
    coupon = Coupon(
        id="c1",
        owner_id=OWNER.id,
        name="停车券",
        amount=amount,
        valid_from=NOON,
        valid_to=NOON + timedelta(days=1),
    )
    await world.run(grant_coupons, coupons=[coupon])


async def couponed(world: World, bill: Bill, amount: int) -> None:
    """Give the motorist a coupon, and let him use it on a bill."""
    await granted(world, amount)
    await world.run(redeem_coupon, actor=OWNER, bill_id=bill.id, coupon_id="c1")


async def billed(world: World, *amounts: int) -> list[Bill]:
    """Let stays end that cost so much; gives their bills in order."""
    for number, amount in enumerate(amounts, 1):
        await priced(world, f"stay{number}", amount)
    return [await bill_of(world, f"stay{number}") for number in range(1, len(amounts) + 1)]


async def bill_of(world: World, stay_id: str) -> Bill:
    """Read the bill of a stay that stands."""
    where = {"stay_id": stay_id, "standing": True}
    bill = await world.run(lambda work: work.table(Bill).one(where))
    assert bill is not None
    return bill


async def rows(world: World, noun: type[Any]) -> Sequence[Any]:
    """Read all rows of a noun."""
    return await world.run(lambda work: work.table(noun).find({}, sort="_id"))


async def wish(world: World, *bills: Bill, provider: str = "wechat", **more: Any) -> Intent:
    """Let the owner begin to pay."""
    return await world.run(
        begin_payment,
        actor=OWNER,
        bill_ids=[bill.id for bill in bills],
        provider=Method(provider),
        scene="native",
        **more,
    )


def receipt(intent: Intent, transaction: str = "4200001", **changes: Any) -> Receipt:
    """Say that an intent was paid."""
    return replace(
        Receipt(
            provider=intent.provider,
            intent_id=intent.id,
            transaction_id=transaction,
            amount=intent.amount,
            paid_at=NOON,
        ),
        **changes,
    )


async def paid(world: World, intent: Intent, transaction: str = "4200001") -> Payment:
    """Let the provider say that an intent was paid."""
    return await world.run(take_payment, receipt=receipt(intent, transaction))


async def react(world: World) -> None:
    """Run the reactions that give money back to all that was told so far."""
    from server.domain.billing import BillOverpaid
    from server.domain.payment import PaymentUnapplied

    await world.run(give_back_unapplied, facts=await world.facts(PaymentUnapplied))
    await world.run(give_back_surplus, facts=await world.facts(BillOverpaid))


async def refunds(world: World) -> list[Refund]:
    """Read all refunds, in the order in which they were opened."""
    return list(await rows(world, Refund))


async def sound(world: World) -> None:
    """Check the ledger, and that each stay's bill says what was paid for it."""
    assert await world.run(check_ledger) == []
    payments, given_back = await rows(world, Payment), await refunds(world)
    bills = await rows(world, Bill)
    for bill in bills:
        if not bill.standing:
            continue
        # What was paid for another car stands on its bill until it has gone back.
        astray = [one for one in bills if one.stay_id == bill.stay_id and one.state == "disowned"]
        parts = [part for one in payments for part in one.applied if part.stay_id == bill.stay_id]
        back = sum(
            one.amount
            for one in given_back
            if one.stay_id == bill.stay_id and one.state == "succeeded"
        )
        held = sum(one.surplus for one in astray) + bill.paid + bill.surplus
        assert sum(part.amount for part in parts) - back == held
        assert bill.paid + bill.waived <= bill.due
        assert (bill.state is BillState.PAID) == (bill.paid + bill.waived == bill.due)
    for payment in payments:
        assert sum(part.amount for part in payment.applied) in (payment.amount, 0)
        assert payment.refunded <= payment.amount
