"""A payment provider in memory, for tests that are about us: it keeps the contract and no secrets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from server.kernel.errors import Refused, Unavailable
from server.providers.parking import DebitOrder, EntryOrder, ProviderPage, ServiceState
from server.providers.payment import (
    BillFile,
    BillRow,
    BlockReason,
    EntryStanding,
    EntryTold,
    Forged,
    Note,
    NoticeReply,
    Order,
    RefundOrder,
    RefundStanding,
    RefundTold,
    Told,
    Trade,
    TradeState,
    note_nothing,
)
from tests.world import NOON


@dataclass
class FakeProvider:
    """Trades and refunds in dictionaries; `away` is how many calls in a row are not answered.

    `refuses` is how many refunds in a row are declined.

    `said` is what notices say that are not of a trade here.
    """

    name: str = "wechat"
    note: Note = note_nothing
    fee_bp: int | None = None
    trades: dict[str, Trade] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    refunds: dict[str, tuple[RefundOrder, RefundStanding]] = field(default_factory=dict)
    away: int = 0
    declines: str = ""
    refuses: int = 0
    refunds_end: RefundStanding = RefundStanding.SUCCEEDED
    bill_rows: list[BillRow] = field(default_factory=list)
    said: dict[str, Told] = field(default_factory=dict)

    async def prepay(self, order: Order) -> dict[str, str]:
        """Take an order."""
        self._answer()
        self.orders[order.trade_no] = order
        self.trades.setdefault(
            order.trade_no, Trade(trade_no=order.trade_no, state=TradeState.UNPAID)
        )
        return {"code_url": f"pay://{order.trade_no}"}

    async def query(self, trade_no: str) -> Trade:
        """Tell of a trade."""
        self._answer()
        return self.trades.get(trade_no) or Trade(trade_no=trade_no, state=TradeState.UNKNOWN)

    async def close(self, trade_no: str) -> None:
        """Close a trade."""
        self._answer()
        if self.trades[trade_no].state is TradeState.PAID:
            raise Refused("order_paid", "订单已支付")
        self.trades[trade_no] = replace(self.trades[trade_no], state=TradeState.CLOSED)

    async def refund(self, order: RefundOrder) -> RefundTold:
        """Give something back, as often as the same number is asked for once."""
        self._answer()
        if self.refuses:
            self.refuses -= 1
            raise Refused("not_enough", "余额不足")
        known = self.refunds.get(order.refund_no)
        if known is None:
            gone = sum(
                one.amount
                for one, state in self.refunds.values()
                if one.trade_no == order.trade_no and state is not RefundStanding.CLOSED
            )
            assert order.amount + gone <= self.trades[order.trade_no].amount, "too much back"
            self.refunds[order.refund_no] = (order, self.refunds_end)
        return RefundTold(refund_no=order.refund_no, state=RefundStanding.PROCESSING)

    async def query_refund(self, *, refund_no: str, trade_no: str) -> RefundTold:
        """Tell of a refund."""
        self._answer()
        if refund_no not in self.refunds:
            return RefundTold(refund_no=refund_no, state=RefundStanding.UNKNOWN)
        order, state = self.refunds[refund_no]
        return RefundTold(refund_no=refund_no, state=state, amount=order.amount, trade_no=trade_no)

    async def bill(self, day: date) -> BillFile:
        """Give the day's bill."""
        self._answer()
        return BillFile(day=day, digest="fake", rows=tuple(self.bill_rows))

    async def read_notice(self, headers: Mapping[str, str], body: bytes) -> Told:
        """Read a notice that `notice` made."""
        if headers.get("X-Genuine") != "yes":
            raise Forged("signature")
        number = json.loads(body)["number"]
        return self.said.get(number) or self.trades[number]

    def reply(self, *, taken: bool) -> NoticeReply:
        """Say a word."""
        status = 204 if taken else 500
        return NoticeReply(status=status, body="" if taken else "{}", content_type="text/plain")

    def pay(self, trade_no: str, *, at: datetime = NOON, amount: int | None = None) -> None:
        """Let somebody pay a trade."""
        assert self.trades[trade_no].state is TradeState.UNPAID
        self.trades[trade_no] = Trade(
            trade_no=trade_no,
            state=TradeState.PAID,
            transaction_id=f"t-{trade_no}",
            amount=self.orders[trade_no].amount if amount is None else amount,
            paid_at=at,
        )

    def notice(self, trade_no: str) -> tuple[dict[str, str], bytes]:
        """Make a notice of a trade."""
        return {"X-Genuine": "yes"}, json.dumps({"number": trade_no}).encode()

    def _answer(self) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable("fake_unavailable", "渠道暂时不可用")
        if self.declines:
            raise Refused(self.declines, "渠道拒绝")


@dataclass
class FakeParking:
    """A provider of debits in memory: it accepts, and decides when it is told to.

    `away` is how many calls in a row are not answered, `lost` how many do what is asked and are not
    heard of; `declines` names what it refuses: `enter` or `debit`.
    """

    name: str = "wechat"
    block: BlockReason | None = None
    entries: dict[str, EntryOrder] = field(default_factory=dict)
    debits: dict[str, DebitOrder] = field(default_factory=dict)
    trades: dict[str, Trade] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    away: int = 0
    lost: int = 0
    declines: str = ""

    async def find_service(
        self, *, number: str, color: str, payer: str, web: bool = False
    ) -> ServiceState:
        """Tell that every plate has the service."""
        self._answer("find", "")
        return ServiceState.NORMAL

    def service_page(self, *, number: str, color: str, payer: str) -> ProviderPage:
        """Name a page."""
        told = {"plate": f"{color} {number}", "payer": payer}
        return ProviderPage(app_id="app-of-fake", path="service", told=told)

    def repay_page(self, *, payer: str) -> ProviderPage:
        """Name a page."""
        return ProviderPage(app_id="app-of-fake", path="repay", told={"payer": payer})

    async def enter(self, order: EntryOrder) -> EntryTold:
        """Take a car; told again, it must be the same car."""
        self._answer("enter", order.entry_no)
        assert self.entries.setdefault(order.entry_no, order) == order
        self._lose()
        return self.told(order.entry_no)

    async def debit(self, order: DebitOrder) -> Trade:
        """Accept a debit: once an entry, saying what the entry says, and of the past."""
        self._answer("debit", order.trade_no)
        entry_no = order.parking_id.removeprefix("p-")
        assert self.entries[entry_no].parked == order.parked
        assert order.parked.arrived_at < order.left_at
        others = [one for one in self.debits.values() if one.parking_id == order.parking_id]
        assert all(one.trade_no == order.trade_no for one in others), "debited twice"
        self.debits[order.trade_no] = order
        fresh = Trade(trade_no=order.trade_no, state=TradeState.UNPAID)
        trade = self.trades.setdefault(order.trade_no, fresh)
        self._lose()
        return trade

    async def query_debit(self, trade_no: str) -> Trade:
        """Tell of a debit."""
        self._answer("query", trade_no)
        return self.trades.get(trade_no) or Trade(trade_no=trade_no, state=TradeState.UNKNOWN)

    def told(self, entry_no: str, *, at: datetime | None = None) -> EntryTold:
        """Say how an entry stands."""
        standing = EntryStanding.BLOCKED if self.block else EntryStanding.NORMAL
        return EntryTold(
            entry_no=entry_no,
            parking_id=f"p-{entry_no}",
            standing=standing,
            reason=self.block,
            at=at,
        )

    def decide(self, trade_no: str, state: TradeState = TradeState.PAID) -> Trade:
        """Debit, or fail to."""
        paid = state is TradeState.PAID
        self.trades[trade_no] = Trade(
            trade_no=trade_no,
            state=state,
            transaction_id=f"t-{trade_no}" if paid else "",
            amount=self.debits[trade_no].amount if paid else 0,
            paid_at=NOON if paid else None,
        )
        return self.trades[trade_no]

    def _answer(self, what: str, number: str) -> None:
        self.asked.append(f"{what} {number}".strip())
        if self.away:
            self.away -= 1
            raise Unavailable("fake_unavailable", "渠道暂时不可用")
        if self.declines == what:
            raise Refused("fake_declined", "渠道拒绝")

    def _lose(self) -> None:
        if self.lost:
            self.lost -= 1
            raise Unavailable("fake_unavailable", "渠道暂时不可用")
