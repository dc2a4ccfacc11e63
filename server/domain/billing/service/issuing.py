"""Use cases of the bills themselves: issued, replaced, withdrawn, disowned, claimed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from server.domain.billing.events import (
    BillClaimed,
    BillIssued,
    BillOverpaid,
    BillUnclaimed,
    BillWithdrawn,
)
from server.domain.billing.model import (
    PAYABLE,
    SETTLED,
    Bill,
    BillState,
    Coupon,
    Discount,
    DiscountKind,
)
from server.domain.billing.service.telling import about, book_given_up
from server.domain.stay import (
    Stay,
    StayState,
    price_stay,
    stay_in_sight,
)
from server.domain.tariff import Line
from server.domain.vehicle import Plate, owners_of
from server.kernel.errors import Refused
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
    stay is held none is issued, and one that nobody has touched is taken back. Where it turns out to
    be another car's, the bill of the one that it was thought to be is disowned.
    """
    stays = await work.table(Stay).load(stay_ids)
    have = await _bills_of(work, list(stays))
    for stay in stays.values():
        bills = have.get(stay.id, [])
        before = _standing(bills)
        if stay.open:
            if before is not None and not _is_for(stay, before):
                await _disown(work, before)
        elif stay.holds and (before is None or (before.untouched and not before.discounts)):
            if before is not None:
                _withdraw(work, before)
        elif before is None or not _fits(stay, before):
            await _replace(work, stay, bills, _price_of(stay))


async def bill_running_stay(work: Work, *, stay_id: str) -> Bill:
    """Bill a car that still stands for its time so far; the bill that is still good is kept.

    There is one bill a stay: who stays on after paying is billed for the whole time, and what was
    paid goes on to that bill, so that only the rest is owed and no free time is given twice.
    """
    stay = await stay_in_sight(work, stay_id=stay_id)
    if not stay.open or stay.plate is None:
        raise Refused("stay_not_running", "该停车记录当前不能预先缴费", stay_id=stay.id)
    bills = (await _bills_of(work, [stay.id])).get(stay.id, [])
    before = _standing(bills)
    same = before is not None and (before.plate, before.driver_id) == (stay.plate, stay.owner_id)
    if before is not None and same and before.holds_at(work.now):
        return before
    quote = await price_stay(work, stay=stay, until=work.now)
    price = Price(quote.amount, quote.lines)
    bill = await _replace(work, stay, bills, price)
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
            work.tell(BillUnclaimed(at=work.now, **about(bill)))
        changed = rows.save(bill.claim(owner_id))
        if owner_id is not None:
            work.tell(BillClaimed(at=work.now, **about(changed)))


async def _bills_of(work: Work, stay_ids: list[str]) -> dict[str, list[Bill]]:
    bills: dict[str, list[Bill]] = {}
    for bill in await work.table(Bill).find({"stay_id": stay_ids}, sort="revision"):
        bills.setdefault(bill.stay_id, []).append(bill)
    return bills


def _standing(bills: Sequence[Bill]) -> Bill | None:
    return bills[-1] if bills and bills[-1].standing else None


def _is_for(stay: Stay, bill: Bill) -> bool:
    return bill.is_for(plate=stay.plate, owner_id=stay.owner_id)


def _price_of(stay: Stay) -> Price:
    if stay.state is StayState.VOID:
        return Price(0, ())
    return Price(stay.amount or 0, stay.lines)


def _fits(stay: Stay, bill: Bill) -> bool:
    """Say whether a bill says what the stay says; one that is settled stands for its amount."""
    price = _price_of(stay)
    left = stay.left_at
    if stay.plate not in (None, bill.plate):
        return False  # whoever settled it did not settle another car's
    if bill.state in SETTLED and bill.valid_until and left and left <= bill.valid_until:
        return stay.state is not StayState.VOID  # the price shown was the price
    if bill.state in SETTLED:
        return bill.due == price.amount
    same = (bill.plate, bill.driver_id, bill.due) == (stay.plate, stay.owner_id, price.amount)
    return same and bill.lines == price.lines and bill.valid_until is None


async def _replace(work: Work, stay: Stay, bills: Sequence[Bill], price: Price) -> Bill | None:
    """Withdraw a bill, if there is one, and issue the next; what was paid goes with it.

    Where it was another car's, nothing does: whose money it is keeps it.
    """
    rows, number = work.table(Bill), len(bills) + 1
    kept: tuple[Discount, ...] = ()
    paid = 0
    before = _standing(bills)
    if bills and bills[-1].state is not BillState.DISOWNED and not _is_for(stay, bills[-1]):
        await _disown(work, bills[-1])
        before = None
        if stay.holds:
            return None
    if before is not None:
        paid = before.paid + before.surplus
        same_driver = stay.owner_id in (None, before.owner_id)
        kept = await _carried(work, before, price.amount, coupons_too=same_driver)
        withdrawn = _withdraw(work, before)
        taken_over = replace(before, discounts=kept)
        await book_given_up(work, withdrawn, taken_over.written_off - before.written_off)
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
    work.tell(BillIssued(at=work.now, **about(issued)))
    if issued.surplus:
        work.tell(BillOverpaid(at=work.now, surplus=issued.surplus, **about(issued)))
    return issued


async def _disown(work: Work, bill: Bill) -> None:
    """Take a bill off a car that was not there: what was paid goes back, a coupon is good again."""
    disowned = work.table(Bill).save(bill.disown())
    if not bill.standing:
        return
    await _carried(work, bill, 0, coupons_too=False)
    await book_given_up(work, disowned, -bill.written_off)
    work.tell(BillWithdrawn(at=work.now, **about(disowned)))
    if disowned.surplus:
        work.tell(BillOverpaid(at=work.now, surplus=disowned.surplus, **about(disowned)))


def _withdraw(work: Work, bill: Bill) -> Bill:
    withdrawn = work.table(Bill).save(bill.withdraw())
    work.tell(BillWithdrawn(at=work.now, **about(withdrawn)))
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
