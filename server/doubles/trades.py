"""What a payment provider knows: trades, refunds, and how its notices go out. For both doubles."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from secrets import randbelow, token_urlsafe
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

# WeChat's own pauses, in seconds; Alipay's are longer, and nobody watches a demo for a day.
RETRY_PAUSES_S = (15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600)
NOTICE_TIMEOUT_S = 5.0
NOTICE_FAULTS = ("late", "twice", "never", "forged", "out_of_order")
ANSWER_FAULTS = ("error", "lost")
REFUND_FAULTS = ("processing", "abnormal", "closed")
# A debit fails, is not decided before somebody asks, or is lent by the provider and paid back later.
DEBIT_FAULTS = ("debit_fails", "debit_waits", "debit_lent")
# A day's bill lacks a payment, has one too many, another amount, number or fee, or has one only on the
# next day; or the file is cut, or sums up wrongly.
BILL_FAULTS = (
    *("bill_drops", "bill_adds", "bill_amount", "bill_number", "bill_fee", "bill_late"),
    *("bill_cut", "bill_sum"),
)
# Three days: yesterday's trades are compared today, and asked about until then.
KEPT = timedelta(days=3)
# 20,000 lines: 12 MB, written anew in a fifth of a second.
WRITTEN_MOST = 20_000
FAULT_KINDS = (*NOTICE_FAULTS, *ANSWER_FAULTS, *REFUND_FAULTS, *DEBIT_FAULTS, *BILL_FAULTS)


@dataclass
class Refund:
    """Money that goes back. `state` is `processing`, `success`, `abnormal` or `closed`."""

    refund_no: str
    trade_no: str
    refund_id: str
    amount: int
    at: str
    state: str = "success"
    notify_url: str = ""


@dataclass
class Trade:
    """An order that a merchant has told of. `state` is `unpaid`, `paid` or `closed`.

    It stands on the bill of `billed_at` where that is another day than it was paid on; the fee there is
    `fee_more` than usual, in fen.
    """

    trade_no: str
    amount: int
    description: str
    notify_url: str
    return_url: str
    scene: str
    token: str
    created_at: str
    expires_at: str
    payer: str = ""
    app_id: str = ""
    state: str = "unpaid"
    transaction_id: str = ""
    paid_at: str = ""
    billed_at: str = ""
    fee_more: int = 0
    refunds: list[Refund] = field(default_factory=list)

    @property
    def refunded(self) -> int:
        """Sum what has gone back, or is about to."""
        return sum(one.amount for one in self.refunds if one.state != "closed")


class NotAccepted(Exception):
    """The provider does not do it; its code is the answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Book:
    """Every trade of the last days, by number and by the token of its cashier.

    Each change is a line of a file, the last of a trade counts; so a change costs the same however
    many trades there are. What nobody compares any more is dropped as the file is read, or has grown.
    """

    def __init__(self, path: Path, *, now: Callable[[], datetime]) -> None:
        self._path = path
        self.now = now
        self.trades: dict[str, Trade] = {}
        self._by_token: dict[str, Trade] = {}
        self._written = 0
        for row in _rows(path):
            refunds = [Refund(**one) for one in row.pop("refunds")]
            self._hold(Trade(**row, refunds=refunds))
        if path.exists():
            self._write_anew()

    def order(self, **told: Any) -> Trade:
        """Take an order; the same number again must say the same."""
        known = self.trades.get(told["trade_no"])
        if known is not None:
            if known.state == "paid":
                raise NotAccepted(400, "ORDERPAID", "该订单已支付")
            if known.state == "closed" or known.amount != told["amount"]:
                raise NotAccepted(403, "OUT_TRADE_NO_USED", "商户订单号重复")
            return known
        trade = Trade(token=token_urlsafe(12), created_at=_write(self.now()), **told)
        self._hold(trade)
        self.keep(trade)
        return trade

    def find(self, trade_no: str) -> Trade:
        """Find a trade; one that ran out is closed by then."""
        trade = self.trades.get(trade_no)
        if trade is None:
            raise NotAccepted(404, "ORDER_NOT_EXIST", "订单不存在")
        if trade.state == "unpaid" and self.now() > datetime.fromisoformat(trade.expires_at):
            trade.state = "closed"
        return trade

    def at_cashier(self, token: str) -> Trade:
        """Find the trade of a cashier's page."""
        trade = self._by_token.get(token)
        return self.find(trade.trade_no if trade else "")

    def pay(self, trade: Trade) -> None:
        """Take a payer's money."""
        if trade.state != "unpaid":
            raise NotAccepted(400, "ORDER_CLOSED", "订单已关闭或已支付")
        trade.state = "paid"
        trade.paid_at = _write(self.now())
        trade.transaction_id = f"42{self.now():%Y%m%d}{randbelow(10**16):016d}"
        trade.payer = trade.payer or f"o{token_urlsafe(16)}"
        self.keep(trade)

    def close(self, trade: Trade) -> None:
        """Close a trade that nobody has paid."""
        if trade.state == "paid":
            raise NotAccepted(400, "ORDERPAID", "该订单已支付")
        trade.state = "closed"
        self.keep(trade)

    def refund(
        self, *, refund_no: str, trade_no: str, amount: int, total: int, notify_url: str, state: str
    ) -> Refund:
        """Give something back; the same number again is the same refund."""
        trade = self.find(trade_no)
        known = next((one for one in trade.refunds if one.refund_no == refund_no), None)
        if known is not None:
            if known.amount != amount:
                raise NotAccepted(400, "PARAM_ERROR", "同一退款单号的金额不一致")
            return known
        if trade.state != "paid":
            raise NotAccepted(403, "INVALID_REQUEST", "订单未支付，不能退款")
        if total != trade.amount or not 0 < amount <= trade.amount - trade.refunded:
            raise NotAccepted(403, "NOT_ENOUGH", "退款金额超过订单金额")
        if len(trade.refunds) >= 50:
            raise NotAccepted(403, "FREQUENCY_LIMITED", "一笔订单最多退款 50 次")
        refund = Refund(
            refund_no=refund_no,
            trade_no=trade_no,
            refund_id=f"50{self.now():%Y%m%d}{randbelow(10**16):016d}",
            amount=amount,
            at=_write(self.now()),
            state=state,
            notify_url=notify_url,
        )
        trade.refunds.append(refund)
        self.keep(trade)
        return refund

    def find_refund(self, refund_no: str) -> tuple[Trade, Refund]:
        """Find a refund and its trade."""
        for trade in self.trades.values():
            for refund in trade.refunds:
                if refund.refund_no == refund_no:
                    return trade, refund
        raise NotAccepted(404, "RESOURCE_NOT_EXISTS", "退款单不存在")

    def keep(self, trade: Trade) -> None:
        """Write down what became of a trade."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(_line(trade))
        self._written += 1
        if self._written >= WRITTEN_MOST:
            self._write_anew()

    def _hold(self, trade: Trade) -> None:
        self.trades[trade.trade_no] = self._by_token[trade.token] = trade

    def _write_anew(self) -> None:
        """Drop what is old, and write each of the others once."""
        oldest = _write(self.now() - KEPT)
        kept = [one for one in self.trades.values() if one.created_at >= oldest]
        self.trades, self._by_token, self._written = {}, {}, 0
        for trade in kept:
            self._hold(trade)
        fresh = self._path.with_suffix(".new")
        fresh.write_text("".join(_line(trade) for trade in kept))
        fresh.replace(self._path)


def _line(trade: Trade) -> str:
    return json.dumps(asdict(trade)) + "\n"


def _rows(path: Path) -> list[dict[str, Any]]:
    """Read the lines of a file; one that was cut as it was written is the last, and is left out."""
    if not path.exists():
        return []
    rows = []
    for line in path.read_text().splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            break
        # Before there were lines, the whole book was one list.
        rows += said if isinstance(said, list) else [said]
    return rows


@dataclass(frozen=True)
class Fault:
    """What goes wrong once: with the next notice, answer or refund, as its kind says."""

    kind: str
    seconds: float


class Faults:
    """What shall go wrong, in order, each once."""

    def __init__(self) -> None:
        self._waiting: deque[Fault] = deque()

    def add(self, body: Mapping[str, Any]) -> int:
        """Read {"kind", "seconds"?, "count"?}; ValueError when it makes no sense."""
        kind, count = body["kind"], int(body.get("count", 1))
        if kind not in FAULT_KINDS or not 1 <= count <= 1000:
            raise ValueError(f"kind is one of {', '.join(FAULT_KINDS)}, count 1 to 1000")
        self._waiting.extend([Fault(kind, float(body.get("seconds", 10)))] * count)
        return len(self._waiting)

    def take(self, *kinds: str) -> Fault | None:
        """Take the first that is of one of these kinds."""
        for fault in self._waiting:
            if fault.kind in kinds:
                self._waiting.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._waiting.clear()

    def __len__(self) -> int:
        return len(self._waiting)


Letter = Callable[[bool], tuple[Mapping[str, str], bytes]]
"""Makes a notice, signed now; told True, it makes a forged one."""
Taken = Callable[[int, bytes], bool]


class Notifier:
    """Sends notices until they are taken, as late, often and wrongly as the faults say."""

    def __init__(
        self,
        faults: Faults,
        *,
        taken: Taken,
        pauses_s: tuple[float, ...] = RETRY_PAUSES_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._faults = faults
        self._taken = taken
        self._pauses_s = pauses_s
        self._sleep = sleep
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: list[tuple[str, Letter]] = []

    def send(self, url: str, letter: Letter) -> None:
        """Send a notice in the background."""
        if not url:
            return
        fault = self._faults.take(*NOTICE_FAULTS)
        if fault and fault.kind == "out_of_order":
            self._held.append((url, letter))
            return
        waiting, self._held = self._held, []
        self._start(self._deliver(url, letter, fault, after=waiting))

    async def close(self) -> None:
        """Send nothing more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def drain(self) -> None:
        """Wait until all that was sent has been taken, or given up."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, sending: Any) -> None:
        task = asyncio.create_task(sending)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(
        self, url: str, letter: Letter, fault: Fault | None, *, after: list[tuple[str, Letter]]
    ) -> None:
        kind = fault.kind if fault else ""
        if kind == "never":
            return
        if fault and kind == "late":
            await self._sleep(fault.seconds)
        if kind == "forged":
            await self._post(url, *letter(True))
        if kind == "twice":
            await asyncio.gather(*(self._post(url, *letter(False)) for _ in range(2)))
        await self._until_taken(url, letter)
        for held_url, held in after:
            await self._until_taken(held_url, held)

    async def _until_taken(self, url: str, letter: Letter) -> None:
        for pause_s in (*self._pauses_s, None):
            if await self._post(url, *letter(False)) or pause_s is None:
                return
            await self._sleep(pause_s)

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> bool:
        request = HTTPRequest(
            url,
            method="POST",
            headers=dict(headers),
            body=body,
            request_timeout=NOTICE_TIMEOUT_S,
            follow_redirects=False,
        )
        try:
            answer = await AsyncHTTPClient().fetch(request, raise_error=False)
        except (OSError, HTTPClientError):
            return False
        return self._taken(answer.code, answer.body)


def lasting(now: datetime, minutes: int) -> str:
    """Write the instant so many minutes from now."""
    return _write(now + timedelta(minutes=minutes))


def _write(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
