"""Money as finance watches it: bills, payments, refunds, shifts, and what providers said."""

from typing import Any

from handlers import money_schema as schema
from handlers.base import Handler, action
from handlers.money_shows import (
    show_bill_money,
    show_bills_page,
    show_exchanges_page,
    show_payments_page,
    show_refund_whole,
    show_refunds_page,
    show_shifts_page,
)
from handlers.shows import Shown, show_bill
from server.domain.billing import waive_bill
from server.domain.billing.queries import bill_in_sight, bills_in_sight
from server.domain.payment.queries import exchanges, payments_in_sight, shifts_in_sight
from server.domain.refund import (
    approve_refund,
    open_refund,
    pay_out_refund,
    redirect_refund,
    retry_refund,
)
from server.domain.refund.queries import money_of_stay, refunds_in_sight
from server.kernel.access import Audience


class Bills(Handler):
    """`/bills`."""

    path = "/api/console/bills"
    audience = Audience.CONSOLE

    @action("账单", permit="money.watch", query=schema.BillsQuery, answer=schema.BillsPage)
    async def get(self, **asked: Any) -> Shown:
        """List the bills in sight."""
        return show_bills_page(await self.run(bills_in_sight, **asked))


class Bill(Handler):
    """`/bills/{bill_id}`."""

    path = "/api/console/bills/{bill_id}"
    audience = Audience.CONSOLE

    @action("账单详情", permit="money.watch", answer=schema.BillMoney)
    async def get(self, bill_id: str) -> Shown:
        """Show a bill with what was paid for its stay."""
        bill = await self.run(bill_in_sight, bill_id=bill_id)
        return show_bill_money(bill, await self.run(money_of_stay, stay_id=bill.stay_id))


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

    @action(
        "支付流水", permit="money.watch", query=schema.PaymentsQuery, answer=schema.PaymentsPage
    )
    async def get(self, **asked: Any) -> Shown:
        """List the payments in sight."""
        return show_payments_page(await self.run(payments_in_sight, **asked))


class Refunds(Handler):
    """`/refunds`."""

    path = "/api/console/refunds"
    audience = Audience.CONSOLE

    @action("退款流水", permit="money.watch", query=schema.RefundsQuery, answer=schema.RefundsPage)
    async def get(self, **asked: Any) -> Shown:
        """List the refunds in sight."""
        return show_refunds_page(await self.run(refunds_in_sight, **asked))

    @action(
        "申请退款",
        permit="refunds.request",
        body=schema.RefundBody,
        answer=schema.RefundWhole,
        status=201,
        once=True,
    )
    async def post(self, **wish: object) -> Shown:
        """Ask for a refund; another person has to approve it."""
        key = self.request_key
        return show_refund_whole(await self.run(open_refund, request_key=key, **wish))


class RefundApproval(Handler):
    """`/refunds/{refund_id}/approval`."""

    path = "/api/console/refunds/{refund_id}/approval"
    audience = Audience.CONSOLE

    @action("复核退款", permit="refunds.approve", answer=schema.RefundWhole, once=True)
    async def post(self, refund_id: str) -> Shown:
        """Let a refund go that somebody else asked for."""
        return show_refund_whole(await self.run(approve_refund, refund_id=refund_id))


class RefundRedirection(Handler):
    """`/refunds/{refund_id}/redirection`."""

    path = "/api/console/refunds/{refund_id}/redirection"
    audience = Audience.CONSOLE

    @action("改退至钱包", permit="refunds.approve", answer=schema.RefundWhole, once=True)
    async def post(self, refund_id: str) -> Shown:
        """Give into the wallet what could not go back where it came from."""
        return show_refund_whole(await self.run(redirect_refund, refund_id=refund_id))


class RefundRetry(Handler):
    """`/refunds/{refund_id}/retry`."""

    path = "/api/console/refunds/{refund_id}/retry"
    audience = Audience.CONSOLE

    @action("重新发起退款", permit="refunds.approve", answer=schema.RefundWhole, once=True)
    async def post(self, refund_id: str) -> Shown:
        """Ask the provider once more for what it could not give back."""
        return show_refund_whole(await self.run(retry_refund, refund_id=refund_id))


class RefundPayOut(Handler):
    """`/refunds/{refund_id}/pay-out`."""

    path = "/api/console/refunds/{refund_id}/pay-out"
    audience = Audience.CONSOLE

    @action("退款已线下付出", permit="refunds.approve", answer=schema.RefundWhole, once=True)
    async def post(self, refund_id: str) -> Shown:
        """Note that a refund was paid out by hand."""
        return show_refund_whole(await self.run(pay_out_refund, refund_id=refund_id))


class CashShifts(Handler):
    """`/cash-shifts`."""

    path = "/api/console/cash-shifts"
    audience = Audience.CONSOLE

    @action("现金班次", permit="money.watch", query=schema.ShiftsQuery, answer=schema.CashShifts)
    async def get(self, **asked: Any) -> Shown:
        """List the cash shifts in sight."""
        return show_shifts_page(await self.run(shifts_in_sight, **asked))


class Exchanges(Handler):
    """`/provider-exchanges`."""

    path = "/api/console/provider-exchanges"
    audience = Audience.CONSOLE

    @action("支付日志", permit="money.watch", query=schema.ExchangesQuery, answer=schema.Exchanges)
    async def get(self, **asked: Any) -> Shown:
        """List what was said to providers and by them."""
        return show_exchanges_page(await self.run(exchanges, **asked))
