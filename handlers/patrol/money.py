"""How an officer collects: what a plate owes, cash into a shift, a code to pay by."""

from collections.abc import Sequence

from handlers import money_schema as schema
from handlers import schema as common
from handlers.base import Handler, action
from handlers.money_shows import show_payment, show_shift
from handlers.paying import PayingHandler
from handlers.shows import Shown, show_bill
from server.domain.billing.queries import bills_of_plate
from server.domain.payment import begin_payment, close_shift, open_shift, pay_by_cash
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
        return show_payment(await self.run(pay_by_cash, bill_ids=bill_ids, request_key=key))


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
        return await self.begin(begin_payment, payer=payer, provider=provider, **wish)


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
