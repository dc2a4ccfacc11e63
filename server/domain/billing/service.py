"""Use cases of bills."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from server.domain.billing.events import (
    BillClaimed,
    BillDiscounted,
    BillIssued,
    BillOverpaid,
    BillPaid,
    BillRefunded,
    BillUnclaimed,
    BillWithdrawn,
)
from server.domain.billing.model import (
    PAYABLE,
    SETTLED,
    Bill,
    Coupon,
    Discount,
    DiscountKind,
)
from server.domain.ledger import AccountKind, EntryKind, Posting, account, post
from server.domain.stay import (
    DisputeReason,
    Review,
    Stay,
    StayState,
    begin_dispute,
    policy_for,
    price_stay,
    stay_in_sight,
)
from server.domain.tariff import Line
from server.domain.vehicle import Plate, owners_of
from server.kernel.errors import Conflict, NotFound, Refused
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.work import Work

# 15 minutes: to pay and walk back to the car; then the price shown would no longer be the price.
QUOTE_HOLDS = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Price:
    """What a stay costs, as a bill says it."""

    amount: Fen
    lines: tuple[Line, ...]


async def bill_stays(work: Work, *, stay_ids: Sequence[str]) -> None:
    """Bring the bills of closed stays in line with their price; done twice, it changes nothing.

    A stay without a plate, or without a fee, has no bill, unless something was paid for it. While a
    stay is held none is issued, and one that nobody has touched is taken back.
    """
    loaded = await work.table(Stay).load(stay_ids)
    stays = [stay for stay in loaded.values() if not stay.open]
    have = await _bills_of(work, [stay.id for stay in stays])
    for stay in stays:
        before = next((bill for bill in have.get(stay.id, ()) if bill.standing), None)
        if stay.holds and (before is None or (before.untouched and not before.discounts)):
            if before is not None:
                _withdraw(work, before)
        elif before is None or not _fits(stay, before):
            await _replace(work, stay, before, _price_of(stay), number=_next(have, stay))


async def bill_running_stay(work: Work, *, stay_id: str) -> Bill:
    """Bill a car that still stands for its time so far; the bill that is still good is kept.

    There is one bill a stay: who stays on after paying is billed for the whole time, and what was
    paid goes on to that bill, so that only the rest is owed and no free time is given twice.
    """
    stay = await stay_in_sight(work, stay_id=stay_id)
    if not stay.open or stay.plate is None:
        raise Refused("stay_not_running", "该停车记录当前不能预先缴费", stay_id=stay.id)
    have = await _bills_of(work, [stay.id])
    before = next((bill for bill in have.get(stay.id, ()) if bill.standing), None)
    same = before is not None and (before.plate, before.driver_id) == (stay.plate, stay.owner_id)
    if before is not None and same and before.holds_at(work.now):
        return before
    quote = await price_stay(work, stay=stay, until=work.now)
    price = Price(quote.amount, quote.lines)
    bill = await _replace(work, stay, before, price, number=_next(have, stay))
    if bill is None:
        raise Refused("nothing_due", "当前无需缴费", stay_id=stay.id)
    return bill


async def claim_bills(work: Work, *, plates: Sequence[Plate]) -> None:
    """Show what plates owe to whoever drives under them now, and take it from who did.

    That is only what nobody drove for: what somebody drove for stays his, whoever has the plate. What
    is settled stays with who settled it.
    """
    owners = await owners_of(work, plates)
    rows = work.table(Bill)
    where = {"plate.number": sorted({one.number for one in plates}), "state": list(PAYABLE)}
    for bill in await rows.find(where):
        owner_id = owners.get(bill.plate)
        unbound = bill.driver_id is None and bill.valid_until is None
        if bill.plate not in plates or not unbound or bill.owner_id == owner_id:
            continue
        if bill.owner_id is not None:
            work.tell(BillUnclaimed(at=work.now, **_about(bill)))
        changed = rows.save(bill.claim(owner_id))
        if owner_id is not None:
            work.tell(BillClaimed(at=work.now, **_about(changed)))


async def pay_bill(work: Work, *, bill_id: str, amount: Fen) -> tuple[Bill | None, Fen]:
    """Note a payment for a bill, or for the one that stands in its place now.

    Gives the bill that was paid, and how much of the amount it took: the stay may have been priced
    anew, or paid by somebody else, since the payer saw the price. But what stood as this unit of work
    read it must stand still, or the amount was taken from a price that is gone: then all is read anew.
    """
    rows = work.table(Bill)
    meant = await rows.get(bill_id)
    bill = await rows.one({"stay_id": meant.stay_id, "standing": True})
    if meant.standing and (bill is None or bill.id != meant.id):
        raise Conflict(meant.id)
    taken = min(amount, bill.owed) if bill else 0
    if bill is None or not taken:
        return None, 0
    policy = await policy_for(work, organization_id=bill.organization_id, place_id=bill.place_id)
    leave_by = work.now + timedelta(minutes=policy.exit_grace_min)
    paid = rows.save(bill.pay(taken, leave_by=leave_by))
    await _book_given_up(work, paid, paid.written_off - bill.written_off)
    work.tell(BillPaid(at=work.now, amount=taken, open=paid.open, **_about(paid)))
    return paid, taken


async def unpay_stay(
    work: Work, *, stay_id: str, amount: Fen, reference: str, reason: str, owed_again: bool
) -> None:
    """Note that something which was paid for a stay was given back.

    It is forgiven, or `owed_again`: a surplus that is one no more, as the price rose meanwhile.
    """
    rows = work.table(Bill)
    found = await rows.find({"stay_id": stay_id}, sort="revision")
    bill = next((one for one in found if one.standing), found[-1])
    forgiven = Discount(
        kind=DiscountKind.WAIVER, amount=amount, reference=reference, reason=reason, at=work.now
    )
    left = rows.save(bill.unpay(forgiven, owed_again=owed_again))
    work.tell(BillRefunded(at=work.now, amount=amount, open=left.open, **_about(left)))


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
    await _book_given_up(work, left, discount.amount)
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


async def _book_given_up(work: Work, bill: Bill, amount: Fen) -> None:
    """Book that so much more of a bill is given up, or less where it is below zero."""
    if amount:
        organization_id = bill.organization_id
        await post(
            work,
            kind=EntryKind.WRITE_OFF if amount > 0 else EntryKind.RECOVERY,
            reference=f"{bill.id}:{bill.v}",
            postings=[
                Posting(account(AccountKind.WRITTEN_OFF, organization_id), amount),
                Posting(account(AccountKind.RECEIVABLE, organization_id), -amount),
            ],
        )


def _take_off(work: Work, bill: Bill, discount: Discount) -> Bill:
    left = work.table(Bill).save(bill.discount(discount))
    work.tell(BillDiscounted(at=work.now, amount=discount.amount, open=left.open, **_about(left)))
    return left


async def _visible(work: Work, bill_id: str) -> Bill:
    """Read a bill of the actor's own organization."""
    bill = await work.table(Bill).get(bill_id)
    if bill.organization_id != work.actor.organization_id:
        raise NotFound("bill_not_found", "没有找到这条记录", id=bill_id)
    return bill


async def _bills_of(work: Work, stay_ids: list[str]) -> dict[str, list[Bill]]:
    bills: dict[str, list[Bill]] = {}
    for bill in await work.table(Bill).find({"stay_id": stay_ids}):
        bills.setdefault(bill.stay_id, []).append(bill)
    return bills


def _next(have: Mapping[str, Sequence[Bill]], stay: Stay) -> int:
    return len(have.get(stay.id, ())) + 1


def _price_of(stay: Stay) -> Price:
    if stay.state is StayState.VOID:
        return Price(0, ())
    return Price(stay.amount or 0, stay.lines)


def _fits(stay: Stay, bill: Bill) -> bool:
    """Say whether a bill says what the stay says; one that is settled stands for its amount."""
    price = _price_of(stay)
    left = stay.left_at
    if bill.state in SETTLED and bill.valid_until and left and left <= bill.valid_until:
        return stay.state is not StayState.VOID  # the price shown was the price
    if bill.state in SETTLED:
        return bill.due == price.amount
    same = (bill.plate, bill.driver_id, bill.due) == (stay.plate, stay.owner_id, price.amount)
    return same and bill.lines == price.lines and bill.valid_until is None


async def _replace(
    work: Work, stay: Stay, before: Bill | None, price: Price, *, number: int
) -> Bill | None:
    """Withdraw a bill, if there is one, and issue the next; what was paid goes with it."""
    rows = work.table(Bill)
    kept: tuple[Discount, ...] = ()
    paid = 0
    if before is not None:
        paid = before.paid + before.surplus
        same_driver = stay.owner_id in (None, before.owner_id)
        kept = await _carried(work, before, price.amount, coupons_too=same_driver)
        withdrawn = _withdraw(work, before)
        taken_over = replace(before, discounts=kept)
        await _book_given_up(work, withdrawn, taken_over.written_off - before.written_off)
    plate = stay.plate or (before.plate if before else None)
    if plate is None or not (price.amount or paid):
        return None
    # A first bill finds its driver with the stay; a later one may have been claimed since.
    later = number > 1 and not stay.open and stay.owner_id is None
    claimant = (await owners_of(work, [plate])).get(plate) if later else None
    bill = Bill(
        id=work.new_id(),
        stay_id=stay.id,
        revision=number,
        plate=plate,
        owner_id=claimant or stay.owner_id,
        claimed=claimant is not None,
        organization_id=stay.berth.organization_id,
        place_id=stay.berth.place_id,
        due=price.amount,
        paid=paid,
        discounts=kept,
        lines=price.lines,
        issued_at=work.now,
        valid_until=work.now + QUOTE_HOLDS if stay.open else None,
    )
    issued = rows.add(bill.settled())
    work.tell(BillIssued(at=work.now, **_about(issued)))
    if issued.surplus:
        work.tell(BillOverpaid(at=work.now, surplus=issued.surplus, **_about(issued)))
    return issued


def _withdraw(work: Work, bill: Bill) -> Bill:
    withdrawn = work.table(Bill).save(bill.withdraw())
    work.tell(BillWithdrawn(at=work.now, **_about(withdrawn)))
    return withdrawn


async def _carried(
    work: Work, before: Bill, due: Fen, *, coupons_too: bool
) -> tuple[Discount, ...]:
    """Take the discounts over, as far as the new price has room; a coupon unused is good again.

    So it is where it turns out that another drove: nobody parks on somebody else's coupon.
    """
    kept, room = [], due
    coupons = work.table(Coupon)
    for discount in before.discounts:
        amount = discount.amount
        if discount.kind is DiscountKind.WRITE_OFF:
            amount = min(amount, room)
        others = discount.kind is DiscountKind.COUPON and not coupons_too
        if 0 < amount <= room and not others:
            kept.append(replace(discount, amount=amount))
            room -= amount
        elif discount.kind is DiscountKind.COUPON:
            coupons.save((await coupons.get(discount.reference)).give_back())
    return tuple(kept)


def _about(bill: Bill) -> Mapping[str, Any]:
    return {
        "bill_id": bill.id,
        "stay_id": bill.stay_id,
        "plate": bill.plate,
        "owner_id": bill.owner_id,
        "organization_id": bill.organization_id,
        "place_id": bill.place_id,
        "due": bill.due,
        "bill": bill,
    }
