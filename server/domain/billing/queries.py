"""Reads of bills for screens."""

from dataclasses import dataclass
from datetime import datetime

from server.domain.billing.model import PAYABLE, STANDING, Bill, Coupon, CouponState
from server.domain.stay import Forecast, foresee_price
from server.domain.vehicle import Plate
from server.kernel.errors import NotFound
from server.kernel.money import Fen
from server.kernel.pages import Page, after, containing, given, page_of, within
from server.kernel.work import Work


@dataclass(frozen=True, slots=True)
class RunningFee:
    """What a car that still stands costs, what was paid of it, and what would be left to pay now."""

    forecast: Forecast
    bill: Bill | None
    open: Fen


async def running_fee(work: Work, *, stay_id: str) -> RunningFee:
    """Price a car that still stands, beside the bill that it has; nothing is billed by asking."""
    forecast = await foresee_price(work, stay_id=stay_id)
    bill = await work.table(Bill).one({"stay_id": stay_id, "standing": True})
    if bill is None:
        return RunningFee(forecast, None, forecast.quote.amount)
    if bill.holds_at(work.now):
        return RunningFee(forecast, bill, bill.open)
    covered = bill.paid + bill.surplus + bill.waived
    return RunningFee(forecast, bill, max(0, forecast.quote.amount - covered))


async def bills_of(work: Work, *, owner_id: str, limit: int = 50) -> list[Bill]:
    """List an owner's bills that stand, the latest first."""
    where = {"owner_id": owner_id, "state": list(STANDING)}
    return await work.table(Bill).find(where, sort="-issued_at", limit=limit)


async def bills_in_sight(
    work: Work,
    *,
    state: str | None = None,
    number: str | None = None,
    place_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Bill]:
    """List the bills of the actor's organization, the latest first; `number` is part of a plate."""
    wanted = {
        "organization_id": work.actor.organization_id,
        "state": state,
        "plate.number": containing(number),
        "place_id": place_id,
        "issued_at": within(since, until),
    }
    return await page_of(work, Bill, after(given(wanted), cursor), limit)


async def bill_in_sight(work: Work, *, bill_id: str) -> Bill:
    """Read a bill of the actor's organization."""
    bill = await work.table(Bill).maybe(bill_id)
    if bill is None or bill.organization_id != work.actor.organization_id:
        raise NotFound("bill_not_found", "没有找到这条记录", id=bill_id)
    return bill


async def coupons_of(work: Work, *, owner_id: str) -> list[Coupon]:
    """List a motorist's coupons that are still to be used."""
    where = {"owner_id": owner_id, "state": CouponState.GRANTED}
    return await work.table(Coupon).find(where, sort="valid_to")


async def bills_of_plate(work: Work, *, plate: Plate) -> list[Bill]:
    """List what a plate owes the actor's organization, the oldest first."""
    where = {"plate.number": plate.number, "state": list(PAYABLE)}
    found = await work.table(Bill).find(where, sort="issued_at")
    mine = (bill for bill in found if bill.organization_id == work.actor.organization_id)
    return [bill for bill in mine if bill.plate == plate]
