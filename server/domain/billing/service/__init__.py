"""Use cases of bills: paid, given back, reduced, disputed."""

from collections.abc import Sequence
from datetime import timedelta

from server.domain.billing.events import BillDiscounted, BillPaid, BillRefunded
from server.domain.billing.model import Bill, Coupon, Discount, DiscountKind, of_one_car
from server.domain.billing.service.telling import about, book_given_up
from server.domain.stay import DisputeReason, Review, Stay, begin_dispute, policy_for
from server.kernel.errors import Conflict, NotFound
from server.kernel.money import Fen
from server.kernel.work import Work


async def pay_bill(work: Work, *, bill_id: str, amount: Fen) -> tuple[Bill | None, Fen]:
    """Note a payment for a bill, or for the one that stands in its place now.

    Gives the bill that was paid, and how much of the amount it took: the stay may have been priced
    anew, or paid by somebody else, since the payer saw the price. Another car's bill takes nothing of
    it. But what stood as this unit of work read it must stand still, or the amount was taken from a
    price that is gone: then all is read anew.
    """
    rows = work.table(Bill)
    meant = await rows.get(bill_id)
    bill = await latest_bill(work, meant)
    if meant.standing and bill.id != meant.id:
        raise Conflict(meant.id)
    taken = min(amount, bill.owed) if bill.standing else 0
    if not taken:
        return None, 0
    policy = await policy_for(work, organization_id=bill.organization_id, place_id=bill.place_id)
    leave_by = work.now + timedelta(minutes=policy.exit_grace_min)
    paid = rows.save(bill.pay(taken, leave_by=leave_by))
    await book_given_up(work, paid, paid.written_off - bill.written_off)
    work.tell(BillPaid(at=work.now, amount=taken, open=paid.open, **about(paid)))
    return paid, taken


async def unpay_stay(
    work: Work, *, bill_id: str, amount: Fen, reference: str, reason: str, owed_again: bool
) -> None:
    """Note that something which was paid on a bill, or is on the one in its place, was given back.

    It is forgiven, or `owed_again`: a surplus that is one no more, as the price rose meanwhile.
    """
    rows = work.table(Bill)
    bill = await latest_bill(work, await rows.get(bill_id))
    forgiven = Discount(
        kind=DiscountKind.WAIVER, amount=amount, reference=reference, reason=reason, at=work.now
    )
    left = rows.save(bill.unpay(forgiven, owed_again=owed_again))
    work.tell(BillRefunded(at=work.now, amount=amount, open=left.open, **about(left)))


async def bills_of_car(work: Work, bill: Bill) -> list[Bill]:
    """Read the bills of the same car for the same stay, in order."""
    found = await work.table(Bill).find({"stay_id": bill.stay_id}, sort="revision")
    return of_one_car(bill, found)


async def latest_bill(work: Work, bill: Bill) -> Bill:
    """Find the bill on which stands what was paid on this one."""
    return (await bills_of_car(work, bill))[-1]


async def waive_bill(work: Work, *, bill_id: str, amount: Fen, reason: str) -> Bill:
    """Take something off a bill, for a reason that is written down."""
    discount = Discount(
        kind=DiscountKind.WAIVER,
        amount=amount,
        reference=work.actor.id,
        reason=reason,
        at=work.now,
    )
    return _take_off(work, await _visible(work, bill_id), discount)


async def write_off_bill(work: Work, *, bill_id: str, reason: str, reference: str) -> Bill:
    """Give up what is open on a bill; `reference` says who agreed to it. Paid later, it is income."""
    bill = await _visible(work, bill_id)
    discount = Discount(
        kind=DiscountKind.WRITE_OFF,
        amount=bill.open,
        reference=reference,
        reason=reason,
        at=work.now,
    )
    left = _take_off(work, bill, discount)
    await book_given_up(work, left, discount.amount)
    return left


async def redeem_coupon(work: Work, *, bill_id: str, coupon_id: str) -> Bill:
    """Use a motorist's coupon on his own bill; it covers at most what is open."""
    coupons = work.table(Coupon)
    bill, coupon = await work.table(Bill).get(bill_id), await coupons.get(coupon_id)
    if bill.owner_id != work.actor.id:
        raise NotFound("bill_not_found", "没有找到这条记录", id=bill_id)
    if coupon.owner_id != work.actor.id:
        raise NotFound("coupon_not_found", "没有找到这条记录", id=coupon_id)
    coupons.save(coupon.redeem(bill=bill, now=work.now))
    discount = Discount(
        kind=DiscountKind.COUPON,
        amount=min(coupon.amount, bill.open),
        reference=coupon.id,
        reason=coupon.name,
        at=work.now,
    )
    return _take_off(work, bill, discount)


async def dispute_bill(
    work: Work, *, bill_id: str, reason: DisputeReason, statement: str
) -> Review:
    """Dispute an own bill, were it claimed: who is asked to pay may say that it was not his car.

    He still sees nothing of the stay but its bill. Refuses as `dispute_stay` does.
    """
    bill = await work.table(Bill).maybe(bill_id)
    if bill is None or not bill.standing or bill.owner_id != work.actor.id:
        raise NotFound("bill_not_found", "没有找到这条记录", id=bill_id)
    stay = await work.table(Stay).get(bill.stay_id)
    return await begin_dispute(work, stay=stay, reason=reason, statement=statement)


async def grant_coupons(work: Work, *, coupons: Sequence[Coupon]) -> None:
    """Give coupons to motorists."""
    for coupon in coupons:
        work.table(Coupon).add(coupon)


def _take_off(work: Work, bill: Bill, discount: Discount) -> Bill:
    left = work.table(Bill).save(bill.discount(discount))
    work.tell(BillDiscounted(at=work.now, amount=discount.amount, open=left.open, **about(left)))
    return left


async def _visible(work: Work, bill_id: str) -> Bill:
    """Read a bill of the actor's own organization."""
    bill = await work.table(Bill).get(bill_id)
    if bill.organization_id != work.actor.organization_id:
        raise NotFound("bill_not_found", "没有找到这条记录", id=bill_id)
    return bill
