"""How a motorist pays: bills one by one or together, by a provider or out of the wallet."""

from collections.abc import Sequence

from handlers import money_schema as schema
from handlers.base import Handler, Permit, action
from handlers.money_shows import (
    show_coupon,
    show_intent,
    show_payment,
    show_refund,
    show_running_fee,
    show_wallet,
    show_wallet_entry,
)
from handlers.paying import PayingHandler
from handlers.shows import Shown, show_bill
from server.domain.billing import bill_running_stay, redeem_coupon
from server.domain.billing.queries import coupons_of, running_fee
from server.domain.payment import (
    begin_payment,
    begin_top_up,
    close_intent,
    pay_from_wallet,
)
from server.domain.payment.queries import (
    intent_of,
    payments_of,
    top_up_offers,
    wallet_entries,
    wallet_of,
)
from server.domain.refund.queries import refunds_of
from server.kernel.access import Audience


class Intents(PayingHandler):
    """`/intents`."""

    path = "/api/motorist/intents"
    audience = Audience.MOTORIST

    @action(
        "发起支付",
        permit=Permit.LOGGED_IN,
        body=schema.IntentBody,
        answer=schema.Intent,
        status=201,
        once=True,
    )
    async def post(self, payer: str, provider: str, **wish: object) -> Shown:
        """Begin to pay one, several or all bills, or a part of them."""
        return await self.begin(begin_payment, payer=payer, provider=provider, **wish)


class Intent(Handler):
    """`/intents/{intent_id}`."""

    path = "/api/motorist/intents/{intent_id}"
    audience = Audience.MOTORIST

    @action("支付单状态", permit=Permit.LOGGED_IN, answer=schema.Intent)
    async def get(self, intent_id: str) -> Shown:
        """Show what became of an own intent."""
        return show_intent(await self.run(intent_of, intent_id=intent_id))

    @action("取消支付", permit=Permit.LOGGED_IN, answer=schema.Intent)
    async def delete(self, intent_id: str) -> Shown:
        """End an own intent."""
        return show_intent(await self.run(close_intent, intent_id=intent_id))


class Payments(Handler):
    """`/payments`."""

    path = "/api/motorist/payments"
    audience = Audience.MOTORIST

    @action("我的支付记录", permit=Permit.LOGGED_IN, answer=schema.Payments)
    async def get(self) -> Shown:
        """List own payments."""
        return {"items": [show_payment(one) for one in await self.run(payments_of)]}


class Refunds(Handler):
    """`/refunds`."""

    path = "/api/motorist/refunds"
    audience = Audience.MOTORIST

    @action("我的退款", permit=Permit.LOGGED_IN, answer=schema.Refunds)
    async def get(self) -> Shown:
        """List what is given back to oneself."""
        return {"items": [show_refund(one) for one in await self.run(refunds_of)]}


class Wallet(Handler):
    """`/wallet`."""

    path = "/api/motorist/wallet"
    audience = Audience.MOTORIST

    @action("我的钱包", permit=Permit.LOGGED_IN, answer=schema.Wallet)
    async def get(self) -> Shown:
        """Show the own wallet."""
        return show_wallet(await self.run(wallet_of), await self.run(top_up_offers))


class WalletEntries(Handler):
    """`/wallet/entries`."""

    path = "/api/motorist/wallet/entries"
    audience = Audience.MOTORIST

    @action("钱包明细", permit=Permit.LOGGED_IN, answer=schema.WalletEntries)
    async def get(self) -> Shown:
        """List what changed the own wallet."""
        return {"items": [show_wallet_entry(one) for one in await self.run(wallet_entries)]}


class WalletPayments(Handler):
    """`/wallet/payments`."""

    path = "/api/motorist/wallet/payments"
    audience = Audience.MOTORIST

    @action(
        "钱包支付",
        permit=Permit.LOGGED_IN,
        body=schema.BillsPaidBody,
        answer=schema.Payment,
        status=201,
        once=True,
    )
    async def post(self, bill_ids: Sequence[str], amount: int | None) -> Shown:
        """Pay bills out of the own wallet."""
        key = self.request_key
        wish = {"bill_ids": bill_ids, "amount": amount, "request_key": key}
        return show_payment(await self.run(pay_from_wallet, **wish))


class TopUps(PayingHandler):
    """`/top-ups`."""

    path = "/api/motorist/top-ups"
    audience = Audience.MOTORIST

    @action(
        "钱包充值",
        permit=Permit.LOGGED_IN,
        body=schema.TopUpBody,
        answer=schema.Intent,
        status=201,
        once=True,
    )
    async def post(self, payer: str, provider: str, **wish: object) -> Shown:
        """Begin to put money into the own wallet."""
        return await self.begin(begin_top_up, payer=payer, provider=provider, **wish)


class Coupons(Handler):
    """`/coupons`."""

    path = "/api/motorist/coupons"
    audience = Audience.MOTORIST

    @action("我的优惠券", permit=Permit.LOGGED_IN, answer=schema.Coupons)
    async def get(self) -> Shown:
        """List own coupons that are still to be used."""
        found = await self.run(coupons_of, owner_id=self.actor.id)
        return {"items": [show_coupon(one) for one in found]}


class BillCoupon(Handler):
    """`/bills/{bill_id}/coupon`."""

    path = "/api/motorist/bills/{bill_id}/coupon"
    audience = Audience.MOTORIST

    @action(
        "使用优惠券",
        permit=Permit.LOGGED_IN,
        body=schema.CouponBody,
        answer=schema.BillAnswer,
        once=True,
    )
    async def post(self, bill_id: str, coupon_id: str) -> Shown:
        """Use a coupon on an own bill."""
        bill = await self.run(redeem_coupon, bill_id=bill_id, coupon_id=coupon_id)
        return {"bill": show_bill(bill)}


class RunningBill(Handler):
    """`/stays/{stay_id}/bill`."""

    path = "/api/motorist/stays/{stay_id}/bill"
    audience = Audience.MOTORIST

    @action("预先缴费报价", permit=Permit.LOGGED_IN, answer=schema.BillAnswer, once=True)
    async def post(self, stay_id: str) -> Shown:
        """Bill an own car that still stands; the price holds until `valid_until`."""
        return {"bill": show_bill(await self.run(bill_running_stay, stay_id=stay_id))}


class RunningFee(Handler):
    """`/stays/{stay_id}/fee`."""

    path = "/api/motorist/stays/{stay_id}/fee"
    audience = Audience.MOTORIST

    @action("在停费用", permit=Permit.LOGGED_IN, answer=schema.RunningFee)
    async def get(self, stay_id: str) -> Shown:
        """Price an own car that still stands, and say when it will cost more."""
        return show_running_fee(await self.run(running_fee, stay_id=stay_id))
