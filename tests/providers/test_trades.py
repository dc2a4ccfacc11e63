"""What a double keeps of its trades: over a restart, over a cut, and not for ever."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.doubles import trades
from server.doubles.trades import Book, Trade

NOON = datetime(2053, 7, 2, 4, tzinfo=UTC)


class Clock:
    """A clock that is set."""

    now = NOON

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now


def ordered(book: Book, number: str) -> Trade:
    return book.order(
        trade_no=number,
        amount=400,
        description="停车费",
        notify_url="",
        return_url="",
        scene="native",
        expires_at=(NOON + timedelta(days=30)).isoformat(),
    )


def test_trades_are_kept_over_a_restart_with_what_became_of_them(tmp_path: Path) -> None:
    book = Book(tmp_path / "trades.json", now=Clock())
    paid, closed = ordered(book, "paid"), ordered(book, "closed")
    book.pay(paid)
    book.close(closed)
    book.refund(
        refund_no="r1", trade_no="paid", amount=100, total=400, notify_url="", state="success"
    )

    again = Book(tmp_path / "trades.json", now=Clock())

    assert again.trades == book.trades
    assert again.at_cashier(paid.token).refunded == 100


def test_a_line_that_was_cut_is_left_out_and_the_next_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "trades.json"
    ordered(Book(path, now=Clock()), "whole")
    with path.open("a") as file:
        file.write('{"trade_no": "cut", "amo')

    book = Book(path, now=Clock())
    ordered(book, "next")

    assert [*Book(path, now=Clock()).trades] == ["whole", "next"]


def test_old_trades_are_dropped_when_there_are_many_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trades, "WRITTEN_MOST", 3)
    path, clock = tmp_path / "trades.json", Clock()
    book = Book(path, now=clock)
    ordered(book, "old")
    clock.now = NOON + timedelta(days=3, seconds=1)
    young = ordered(book, "young")

    book.pay(young)

    assert [*book.trades] == ["young"]
    assert len(path.read_text().splitlines()) == 1
