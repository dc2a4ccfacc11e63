"""A day's bill as it should be, or spoilt in one of the ways in which bills are: for both doubles."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from server.doubles.trades import BILL_FAULTS, Book, Faults, Trade

BEIJING = ZoneInfo("Asia/Shanghai")
LINES = tuple(kind for kind in BILL_FAULTS if kind not in ("bill_cut", "bill_sum"))


def billed_on(trade: Trade) -> date | None:
    """Tell on which day's bill a payment stands."""
    at = trade.billed_at or trade.paid_at
    return day_of(at) if at else None


def day_of(at: str) -> date:
    """Tell an instant's day in Beijing."""
    return datetime.fromisoformat(at).astimezone(BEIJING).date()


def as_billed(book: Book, faults: Faults, *, day: date) -> list[Trade]:
    """Give the trades as a day's bill shows them; each fault that waits is done to one payment of it."""
    trades = list(book.trades.values())
    untouched = [one for one in trades if billed_on(one) == day]
    while untouched and (fault := faults.take(*LINES)):
        chosen = untouched.pop()
        trades += _spoilt(fault.kind, chosen, book, day)
        if fault.kind != "bill_adds":
            trades.remove(chosen)
    return trades


def _spoilt(kind: str, trade: Trade, book: Book, day: date) -> Iterable[Trade]:
    if kind == "bill_late":  # from now on it stands on the next day's
        midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), BEIJING)
        trade.billed_at = (midnight + timedelta(seconds=1)).isoformat(timespec="milliseconds")
        book.keep(trade)
        return [trade]
    changed = {
        "bill_drops": None,
        "bill_adds": replace(
            trade, trade_no=f"x{trade.trade_no}"[:32], transaction_id="4299999", refunds=[]
        ),
        "bill_amount": replace(trade, amount=trade.amount + 1),
        "bill_number": replace(trade, transaction_id="4200000"),
        "bill_fee": replace(trade, fee_more=10),
    }[kind]
    return [changed] if changed else []


def cut(content: bytes, faults: Faults) -> bytes:
    """Give a file, or half of it where that fault waits."""
    return content[: len(content) // 2] if faults.take("bill_cut") else content
