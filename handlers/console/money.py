"""Money as finance watches it: bills, payments, refunds, shifts, and what providers said."""

from handlers import money_schema as schema
from handlers import schema as common
from handlers.base import Handler, action
from handlers.money_shows import show_exchange, show_payment, show_refund, show_shift
from handlers.shows import Shown, show_bill
from server.domain.billing import waive_bill
from server.domain.billing.queries import bills_in_sight
from server.domain.payment.queries import exchanges, payments_in_sight, shifts_in_sight
from server.domain.refund import approve_refund, open_refund, pay_out_refund, redirect_refund
from server.domain.refund.queries import refunds_in_sight
from server.kernel.access import Audience


class Bills(Handler):
    """`/bills`."""

    path = "/api/console/bills"
    audience = Audience.CONSOLE

    @action("账单", permit="money.watch", query=schema.StateQuery, answer=common.Bills)
    async def get(self, state: str | None) -> Shown:
        """List the bills in sight."""
        return {"items": [show_bill(one) for one in await self.run(bills_in_sight, state=state)]}


class Waivers(Handler):
    """`/bills/{bill_id}/waivers`."""

    path = "/api/console/bills/{bill_id}/waivers"
    audience = Audience.CONSOLE

    @action(
        "账单减免",
        permit="bills.waive",
        body=schema.WaiverBody,
        answer=schema.BillAnswer,
        once=True,
    )
    async def post(self, bill_id: str, amount: int, reason: str) -> Shown:
        """Take something off a bill."""
        bill = await self.run(waive_bill, bill_id=bill_id, amount=amount, reason=reason)
        return {"bill": show_bill(bill)}


class Payments(Handler):
    """`/payments`."""

    path = "/api/console/payments"
    audience = Audience.CONSOLE

    @action("支付流水", permit="money.watch", query=schema.ProviderQuery, answer=schema.Payments)
    async def get(self, provider: str | None) -> Shown:
        """List the payments in sight."""
        found = await self.run(payments_in_sight, provider=provider)
        return {"items": [show_payment(one) for one in found]}


class Refunds(Handler):
    """`/refunds`."""

    path = "/api/console/refunds"
    audience = Audience.CONSOLE

    @action("退款流水", permit="money.watch", query=schema.StateQuery, answer=schema.Refunds)
    async def get(self, state: str | None) -> Shown:
        """List the refunds in sight."""
        found = await self.run(refunds_in_sight, state=state)
        return {"items": [show_refund(one) for one in found]}

    @action(
        "申请退款",
        permit="refunds.request",
        body=schema.RefundBody,
        answer=schema.Refund,
        status=201,
        once=True,
    )
    async def post(self, **wish: object) -> Shown:
        """Ask for a refund; another person has to approve it."""
        key = self.request_key
        return show_refund(await self.run(open_refund, request_key=key, **wish))


class RefundApproval(Handler):
    """`/refunds/{refund_id}/approval`."""

    path = "/api/console/refunds/{refund_id}/approval"
    audience = Audience.CONSOLE

    @action("复核退款", permit="refunds.approve", answer=schema.Refund, once=True)
    async def post(self, refund_id: str) -> Shown:
        """Let a refund go that somebody else asked for."""
        return show_refund(await self.run(approve_refund, refund_id=refund_id))


class RefundRedirection(Handler):
    """`/refunds/{refund_id}/redirection`."""

    path = "/api/console/refunds/{refund_id}/redirection"
    audience = Audience.CONSOLE

    @action("改退至钱包", permit="refunds.approve", answer=schema.Refund, once=True)
    async def post(self, refund_id: str) -> Shown:
        """Give into the wallet what could not go back where it came from."""
        return show_refund(await self.run(redirect_refund, refund_id=refund_id))


class RefundPayOut(Handler):
    """`/refunds/{refund_id}/pay-out`."""

    path = "/api/console/refunds/{refund_id}/pay-out"
    audience = Audience.CONSOLE

    @action("现金退款已付", permit="refunds.approve", answer=schema.Refund, once=True)
    async def post(self, refund_id: str) -> Shown:
        """Note that a refund of cash was paid out."""
        return show_refund(await self.run(pay_out_refund, refund_id=refund_id))


class CashShifts(Handler):
    """`/cash-shifts`."""

    path = "/api/console/cash-shifts"
    audience = Audience.CONSOLE

    @action("现金班次", permit="money.watch", answer=schema.CashShifts)
    async def get(self) -> Shown:
        """List the cash shifts in sight."""
        return {"items": [show_shift(one) for one in await self.run(shifts_in_sight)]}


class Exchanges(Handler):
    """`/provider-exchanges`."""

    path = "/api/console/provider-exchanges"
    audience = Audience.CONSOLE

    @action("支付日志", permit="money.watch", query=schema.SubjectQuery, answer=schema.Exchanges)
    async def get(self, subject: str | None) -> Shown:
        """List what was said to providers and by them."""
        found = await self.run(exchanges, subject=subject)
        return {"items": [show_exchange(one) for one in found]}
