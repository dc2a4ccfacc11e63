"""How an officer collects: what a plate owes, cash into a shift, a code to pay by."""

from collections.abc import Sequence

from handlers import money_schema as schema
from handlers import schema as common
from handlers.base import Handler, action
from handlers.money_shows import (
    show_intent,
    show_own_shift,
    show_payment,
    show_running_fee,
    show_shift,
)
from handlers.paying import PayingHandler
from handlers.shows import Shown, show_bill
from server.domain.billing import bill_running_stay
from server.domain.billing.queries import bills_of_plate, running_fee
from server.domain.payment import close_intent, close_shift, open_shift
from server.domain.payment.queries import intent_of, own_shift
from server.domain.recovery import begin_collecting, collect_by_cash
from server.domain.stay import policy_for
from server.domain.vehicle import read_plate
from server.kernel.access import Audience


class PlateBills(Handler):
    """`/bills`."""

    path = "/api/patrol/bills"
    audience = Audience.PATROL

    @action("车牌待缴账单", permit="patrol.collect", query=common.PlateQuery, answer=common.Bills)
    async def get(self, number: str, color: str) -> Shown:
        """List what a plate owes."""
        found = await self.run(bills_of_plate, plate=read_plate(number, color))
        return {"items": [show_bill(bill) for bill in found]}


class CashShifts(Handler):
    """`/cash-shifts`."""

    path = "/api/patrol/cash-shifts"
    audience = Audience.PATROL

    @action("开班", permit="patrol.collect", answer=schema.CashShift, status=201, once=True)
    async def post(self) -> Shown:
        """Begin to take cash."""
        return show_shift(await self.run(open_shift))


class CashPayments(Handler):
    """`/cash-payments`."""

    path = "/api/patrol/cash-payments"
    audience = Audience.PATROL

    @action(
        "现金收款",
        permit="patrol.collect",
        body=schema.CashBody,
        answer=schema.Payment,
        status=201,
        once=True,
    )
    async def post(self, bill_ids: Sequence[str]) -> Shown:
        """Take cash for bills."""
        key = self.request_key
        return show_payment(await self.run(collect_by_cash, bill_ids=bill_ids, request_key=key))


class CodePayments(PayingHandler):
    """`/intents`."""

    path = "/api/patrol/intents"
    audience = Audience.PATROL

    @action(
        "扫码收款",
        permit="patrol.collect",
        body=schema.IntentBody,
        answer=schema.Intent,
        status=201,
        once=True,
    )
    async def post(self, payer: str, provider: str, **wish: object) -> Shown:
        """Begin a payment whose code the driver scans."""
        return await self.begin(begin_collecting, payer=payer, provider=provider, **wish)


class CurrentShift(Handler):
    """`/cash-shifts/current/close`."""

    path = "/api/patrol/cash-shifts/current/close"
    audience = Audience.PATROL

    @action(
        "交班",
        permit="patrol.collect",
        body=schema.ShiftCloseBody,
        answer=schema.CashShift,
        once=True,
    )
    async def post(self, counted: int, reason: str) -> Shown:
        """Count the bag and end the shift."""
        return show_shift(await self.run(close_shift, counted=counted, reason=reason))


class OwnShift(Handler):
    """`/cash-shifts/current`."""

    path = "/api/patrol/cash-shifts/current"
    audience = Audience.PATROL

    @action("当前班次", permit="patrol.collect", answer=schema.OwnCashShift)
    async def get(self) -> Shown:
        """Show the own open shift, and what was taken in it."""
        policy = await self.run(policy_for, organization_id=self.actor.organization_id)
        return show_own_shift(await self.run(own_shift), confirm_above=policy.cash_confirm_above)


class CodePayment(Handler):
    """`/intents/{intent_id}`."""

    path = "/api/patrol/intents/{intent_id}"
    audience = Audience.PATROL

    @action("收款单状态", permit="patrol.collect", answer=schema.Intent)
    async def get(self, intent_id: str) -> Shown:
        """Show what became of a code that one has shown."""
        return show_intent(await self.run(intent_of, intent_id=intent_id))

    @action("取消收款", permit="patrol.collect", answer=schema.Intent)
    async def delete(self, intent_id: str) -> Shown:
        """Take a code back that one has shown."""
        return show_intent(await self.run(close_intent, intent_id=intent_id))


class RunningFee(Handler):
    """`/stays/{stay_id}/fee`."""

    path = "/api/patrol/stays/{stay_id}/fee"
    audience = Audience.PATROL

    @action("在停费用", permit="patrol.watch", answer=schema.RunningFee)
    async def get(self, stay_id: str) -> Shown:
        """Price a car that still stands, and say when it will cost more."""
        return show_running_fee(await self.run(running_fee, stay_id=stay_id))


class RunningBill(Handler):
    """`/stays/{stay_id}/bill`."""

    path = "/api/patrol/stays/{stay_id}/bill"
    audience = Audience.PATROL

    @action("预先缴费报价", permit="patrol.collect", answer=schema.BillAnswer, once=True)
    async def post(self, stay_id: str) -> Shown:
        """Bill a car that still stands; the price holds until `valid_until`."""
        return {"bill": show_bill(await self.run(bill_running_stay, stay_id=stay_id))}
