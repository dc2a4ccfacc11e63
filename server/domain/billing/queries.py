"""Reads of bills for screens."""

from datetime import datetime

from server.domain.billing.model import PAYABLE, STANDING, Bill, Coupon, CouponState
from server.domain.vehicle import Plate
from server.kernel.errors import NotFound
from server.kernel.pages import Page, after, containing, given, page_of, within
from server.kernel.work import Work


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
