"""Steps of a history that are rarer: coupons, links, voided stays, another driver, refunds declined."""

from datetime import timedelta
from random import Random
from typing import Any

from server.domain.billing import (
    Bill,
    Coupon,
    CouponState,
    DiscountKind,
    grant_coupons,
    redeem_coupon,
)
from server.domain.recovery import link_plate, pay_behind_link
from server.domain.refund import Refund, RefundState, retry_refund
from server.kernel.access import Actor
from tests.domain.money import CHIEF, PLATE
from tests.money.checks import PROVIDERS
from tests.paying import FakeProvider

KEY = "key-of-links"
COUPON = 120
# Who tops up by 500 gets 70: odd, so that what is spent of it never hides.
BONUS = 70


class Byways:
    """What a history may do beside the common."""

    clock: Any
    random: Random
    owner: Actor
    patrol: Actor
    passer: Actor
    providers: dict[str, FakeProvider]
    stays: list[str]
    run: Any
    key: Any
    bills: Any
    start: Any
    rows: Any
    refunds: Any

    async def coupon(self) -> None:
        """Use a coupon on a bill, at times one that was used before."""
        bills = await self.bills()
        known: list[Coupon] = await self.rows(Coupon, "owner_id")
        if not known or self.random.random() < 0.7:
            now = self.clock.now
            fresh = Coupon(
                id=self.key(),
                owner_id=self.owner.id,
                name="停车券",
                amount=COUPON,
                valid_from=now - timedelta(days=1),
                valid_to=now + timedelta(days=30),
            )
            await self.run(grant_coupons, CHIEF, coupons=[fresh])
            known = [fresh]
        if bills:
            named = {
                "bill_id": self.random.choice(bills).id,
                "coupon_id": self.random.choice(known).id,
            }
            await self.run(redeem_coupon, self.owner, **named)

    async def by_link(self) -> None:
        """Begin to pay behind a link that an officer has made, without a login."""
        bills = [bill for bill in await self.bills() if bill.valid_until is None]
        if not bills:
            return
        named = {"plate": PLATE, "key": KEY, "bill_ids": [bill.id for bill in bills]}
        signed = await self.run(link_plate, self.patrol, **named)
        if signed is None:
            return
        intent = await self.run(
            pay_behind_link,
            self.passer,
            token=signed.token,
            key=KEY,
            bill_ids=[],
            provider=self.random.choice(PROVIDERS),
            scene="native",
            request_key=self.key(),
        )
        await self.start(intent)

    async def decline(self) -> None:
        """Let providers decline the next refunds, some times or until a person looks."""
        for provider in self.providers.values():
            provider.refuses = self.random.choice((0, 2, 9))

    async def look_after(self) -> None:
        """Let a person ask again for what was declined too often."""
        for refund in await self.refunds():
            if refund.state is RefundState.ABNORMAL:
                await self.run(retry_refund, CHIEF, refund_id=refund.id)

    async def check_coupons(self) -> list[str]:
        """Check that a coupon is used where a standing bill says so, by its driver, and nowhere else."""
        bills = [one for stay_id in self.stays for one in await self.rows(Bill, "stay_id", stay_id)]
        used = [
            one.reference
            for bill in bills
            if bill.standing and bill.owner_id == self.owner.id
            for one in bill.discounts
            if one.kind is DiscountKind.COUPON
        ]
        faults = [] if len(used) == len(set(used)) else ["a coupon is used twice"]
        faults += [
            f"coupon {coupon.id} is {coupon.state}, used {coupon.id in used}"
            for coupon in await self.rows(Coupon, "owner_id")
            if (coupon.state is CouponState.REDEEMED) != (coupon.id in used)
        ]
        return faults

    def check_declined(self, refunds: list[Refund]) -> list[str]:
        """Check that nothing waits for a person any more, nor was left behind."""
        return [
            f"refund {one.id} is {one.state}"
            for one in refunds
            if one.state is RefundState.ABNORMAL
        ]
