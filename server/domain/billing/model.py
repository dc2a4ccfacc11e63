"""账单 (bill) · 减免 (waiver) · 优惠券 (coupon): nouns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from server.domain.tariff import Line
from server.domain.vehicle import Plate
from server.kernel.errors import Refused
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.table import index, table, unique


class BillState(StrEnum):
    """Where a bill is in its life.

    What a written-off bill owes is pursued no longer; whoever pays it all the same may. A superseded
    bill was paid in part before its stay was priced anew; what was paid stands on the bill that took
    its place. A disowned one was another car's all along: what was paid goes back to who paid it.
    """

    DUE = "due"
    PART_PAID = "part_paid"
    PAID = "paid"
    WRITTEN_OFF = "written_off"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    DISOWNED = "disowned"


STANDING = (BillState.DUE, BillState.PART_PAID, BillState.PAID, BillState.WRITTEN_OFF)
PAYABLE = (BillState.DUE, BillState.PART_PAID)
SETTLED = (BillState.PAID, BillState.WRITTEN_OFF)


class DiscountKind(StrEnum):
    """Why less is owed."""

    WAIVER = "waiver"
    COUPON = "coupon"
    WRITE_OFF = "write_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """What is taken off a bill: by whom and why, or by which coupon."""

    kind: DiscountKind
    amount: Fen
    reference: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What is owed for one price of one stay; the lines sum to `due`.

    `paid` is what was paid for the stay and not given back, on this bill or on one before it.
    `surplus` is what was paid beyond what is owed, and waits to be given back. A bill for a car
    that still stands is good until `valid_until`: if it leaves by then, that was the price. One that
    is `claimed` had no owner when the car stood: it is whose the plate is now.
    """

    id: str
    v: int = 0
    stay_id: str
    revision: int
    state: BillState = BillState.DUE
    standing: bool = True
    plate: Plate
    owner_id: str | None
    claimed: bool = False
    organization_id: str
    place_id: str
    due: Fen
    paid: Fen = 0
    surplus: Fen = 0
    discounts: tuple[Discount, ...] = ()
    lines: tuple[Line, ...]
    issued_at: datetime
    valid_until: datetime | None = None

    @property
    def driver_id(self) -> str | None:
        """Name who drove under the plate when the car stood, if anybody had said so by then."""
        return None if self.claimed else self.owner_id

    def claim(self, owner_id: str | None) -> Self:
        """Give a bill that nobody drove for to whose the plate is now, or to nobody again."""
        assert self.driver_id is None
        return replace(self, owner_id=owner_id, claimed=owner_id is not None)

    @property
    def waived(self) -> Fen:
        """Sum what is taken off."""
        return sum(discount.amount for discount in self.discounts)

    @property
    def open(self) -> Fen:
        """Tell what is left to pay."""
        return self.due - self.waived - self.paid if self.state in PAYABLE else 0

    @property
    def written_off(self) -> Fen:
        """Sum what was given up."""
        given_up = (one for one in self.discounts if one.kind is DiscountKind.WRITE_OFF)
        return sum(one.amount for one in given_up)

    @property
    def given_up(self) -> Fen:
        """Tell what nobody asks for any more, and may be paid all the same."""
        return self.written_off if self.state is BillState.WRITTEN_OFF else 0

    @property
    def owed(self) -> Fen:
        """Tell what may be paid: what is open, or what was given up."""
        return self.written_off if self.state is BillState.WRITTEN_OFF else self.open

    @property
    def untouched(self) -> bool:
        """Say whether nothing was paid on it yet."""
        return self.state is BillState.DUE and not self.paid

    def payable_at(self, now: datetime) -> bool:
        """Say whether it may be paid then: the price of a car that still stands runs out."""
        fresh = self.valid_until is None or now <= self.valid_until
        return fresh and self.state in (*PAYABLE, BillState.WRITTEN_OFF)

    def withdraw(self) -> Self:
        """Take it back because the stay was priced anew; what is paid goes on to the next."""
        if not self.standing:
            raise Refused("bill_not_standing", "账单状态不允许撤回", bill_id=self.id)
        state = BillState.WITHDRAWN if self.untouched else BillState.SUPERSEDED
        return replace(self, state=state, standing=False)

    def is_for(self, *, plate: Plate | None, owner_id: str | None) -> bool:
        """Say whether it is for this car, or for another of the same motorist."""
        same_owner = owner_id is not None and owner_id == self.owner_id
        return plate in (None, self.plate) or same_owner

    def disown(self) -> Self:
        """Say that another car stood there: nothing is owed for it, and all that was paid goes back."""
        surplus = self.surplus + self.paid
        return replace(self, state=BillState.DISOWNED, standing=False, paid=0, surplus=surplus)

    def pay(self, amount: Fen, *, leave_by: datetime) -> Self:
        """Note a payment of at most what is owed; what was given up is recovered by it.

        A car that still stands has until then to go.
        """
        assert 0 < amount <= self.owed, f"{amount} for {self.owed} on {self.id}"
        recovered = self.recover(amount) if self.state is BillState.WRITTEN_OFF else self
        paid = replace(recovered, paid=self.paid + amount).settled()
        if paid.valid_until is None or paid.state is not BillState.PAID:
            return paid
        return replace(paid, valid_until=max(paid.valid_until, leave_by))

    def holds_at(self, now: datetime) -> bool:
        """Say whether it is the price of a car that still stands, if that leaves now."""
        return self.standing and self.valid_until is not None and now <= self.valid_until

    def recover(self, amount: Fen) -> Self:
        """Take a write-off back as far as it was paid after all, or is owed no more."""
        kept, left = [], amount
        for one in self.discounts:
            part = min(left, one.amount) if one.kind is DiscountKind.WRITE_OFF else 0
            left -= part
            if one.amount > part:
                kept.append(replace(one, amount=one.amount - part))
        assert not left, f"{amount} of {self.written_off} on {self.id}"
        return replace(self, discounts=tuple(kept))

    def unpay(self, forgiven: Discount, *, owed_again: bool) -> Self:
        """Note that something was given back, of the surplus first; the rest is forgiven, or owed."""
        amount = forgiven.amount
        assert 0 < amount <= self.paid + self.surplus, f"{amount} of {self.paid} on {self.id}"
        of_surplus = min(amount, self.surplus)
        of_paid = amount - of_surplus
        left = replace(self, surplus=self.surplus - of_surplus, paid=self.paid - of_paid)
        if not of_paid:
            return left
        if owed_again:
            return left.settled() if left.standing else left
        waiver = replace(forgiven, amount=of_paid)
        return replace(left, discounts=(*left.discounts, waiver))

    def discount(self, discount: Discount) -> Self:
        """Take something off, at most what is open."""
        if self.state not in PAYABLE:
            raise Refused("bill_not_payable", "账单状态不允许此操作", bill_id=self.id)
        if not 0 < discount.amount <= self.open:
            raise Refused("discount_too_high", "减免金额超过待付金额", open=self.open)
        return replace(self, discounts=(*self.discounts, discount)).settled()

    def settled(self) -> Self:
        """Give it the state that its sums say."""
        owed = self.due - self.waived
        if self.paid >= owed:
            surplus = self.surplus + self.paid - owed
            state = BillState.WRITTEN_OFF if self.written_off else BillState.PAID
            return replace(self, state=state, paid=owed, surplus=surplus)
        state = BillState.PART_PAID if self.paid else BillState.DUE
        return replace(self, state=state)


def of_one_car(bill: Bill, bills: Sequence[Bill]) -> list[Bill]:
    """Pick those for the same car as a bill from all bills of its stay, which are in order.

    A disowned bill is the last one of its car; what was paid on one of them stands on the last.
    """
    ends = [one.revision for one in bills if one.state is BillState.DISOWNED]
    after = max((end for end in ends if end < bill.revision), default=0)
    until = min((end for end in ends if end >= bill.revision), default=bills[-1].revision)
    return [one for one in bills if after < one.revision <= until]


class CouponState(StrEnum):
    """Where a coupon is in its life."""

    GRANTED = "granted"
    REDEEMED = "redeemed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """So much off one bill of at least `least`, for one motorist, within `[valid_from, valid_to)`."""

    id: str
    v: int = 0
    owner_id: str
    name: str
    amount: Fen
    least: Fen = 0
    valid_from: datetime
    valid_to: datetime
    state: CouponState = CouponState.GRANTED
    bill_id: str | None = None

    def redeem(self, *, bill: Bill, now: datetime) -> Self:
        """Use it on a bill."""
        if self.state is not CouponState.GRANTED:
            raise Refused("coupon_redeemed", "优惠券已使用", coupon_id=self.id)
        if not self.valid_from <= now < self.valid_to:
            raise Refused("coupon_not_valid", "优惠券不在有效期内", coupon_id=self.id)
        if bill.due < self.least:
            raise Refused("coupon_needs_more", "未达到优惠券使用门槛", least=self.least)
        if any(one.kind is DiscountKind.COUPON for one in bill.discounts):
            raise Refused("bill_has_coupon", "每张账单限用一张优惠券", bill_id=bill.id)
        return replace(self, state=CouponState.REDEEMED, bill_id=bill.id)

    def give_back(self) -> Self:
        """Make it good again: its bill was withdrawn."""
        return replace(self, state=CouponState.GRANTED, bill_id=None)


BILLS = table(
    Bill,
    "bills",
    unique("stay_id", "revision", code="stay_billed", message="该停车记录已出账"),
    unique("stay_id", code="stay_has_bill", message="该停车记录已有账单", where={"standing": True}),
    index("owner_id", "-issued_at"),
    index("plate.number", "state"),
    index("organization_id", "-issued_at"),
)
COUPONS = table(Coupon, "coupons", index("owner_id", "state"))
