"""科目 (account) · 分录 (entry, posting) · 余额 (balance): nouns."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from server.kernel.errors import Refused
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.table import index, table, unique


class AccountKind(StrEnum):
    """What an account holds; its name is `<kind>:<whose>`.

    We own: `provider` (with a payment provider), `cash` (in a patroller's bag), `fees` and
    `promotion` (spent), and `discrepancy` (what two people agreed that a provider has more or less of
    ours than we had booked; above zero it is lost). We owe: `wallet` and `bonus` (to a motorist), `collected` (to whom the
    clearing will say), `unapplied` (paid to us for nothing that is due), `payable` (to a
    settlement party) and `payout` (on its way to a bank). What is owed to an organization is no
    entry; what of it was given up stands on `written_off`, and against it on `receivable`.
    """

    PROVIDER = "provider"
    CASH = "cash"
    FEES = "fees"
    PROMOTION = "promotion"
    DISCREPANCY = "discrepancy"
    WALLET = "wallet"
    BONUS = "bonus"
    COLLECTED = "collected"
    UNAPPLIED = "unapplied"
    PAYABLE = "payable"
    PAYOUT = "payout"
    WRITTEN_OFF = "written_off"
    RECEIVABLE = "receivable"


GUARDED = frozenset({AccountKind.WALLET, AccountKind.BONUS})
"""Accounts that must never be overdrawn, and so have a balance row of their own."""


class EntryKind(StrEnum):
    """Why an entry was written."""

    PAYMENT = "payment"
    TOP_UP = "top_up"
    REFUND = "refund"
    TRANSFER = "transfer"
    FEE = "fee"
    ADJUSTMENT = "adjustment"
    REVERSAL = "reversal"
    WRITE_OFF = "write_off"
    RECOVERY = "recovery"


def account(kind: AccountKind, whose: str) -> str:
    """Name an account."""
    assert whose
    return f"{kind.value}:{whose}"


def kind_of(name: str) -> AccountKind:
    """Tell an account's kind by its name."""
    return AccountKind(name.partition(":")[0])


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of an entry: a debit is above zero, a credit below."""

    account: str
    amount: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Postings that sum to zero, at their place in a chain; written once.

    `reference` names what caused it; of each kind there is one entry a reference.
    """

    id: str
    v: int = 0
    chain: str
    number: int
    at: datetime
    kind: EntryKind
    reference: str
    postings: tuple[Posting, ...]
    reverses: str | None = None
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The end of a chain: how long it is, and the hash of its last entry."""

    id: str
    v: int = 0
    length: int = 0
    head: str = ""

    def extend(self, head: str) -> Self:
        """Move the end to a new entry."""
        return replace(self, length=self.length + 1, head=head)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What we owe on a guarded account, whose name is the id; never below zero."""

    id: str
    v: int = 0
    amount: Fen = 0

    def add(self, amount: Fen) -> Self:
        """Owe more, or less where the amount is negative; refuses to owe less than nothing."""
        if self.amount + amount < 0:
            raise Refused("balance_too_low", "余额不足", account=self.id, balance=self.amount)
        return replace(self, amount=self.amount + amount)


ENTRIES = table(
    Entry,
    "ledger_entries",
    unique("chain", "number", code="chain_extended", message="账簿繁忙，请稍后再试"),
    unique("kind", "reference", code="entry_posted", message="该笔分录已入账"),
    index("postings.account", "-at"),
    append_only=True,
)
CHAINS = table(Chain, "ledger_chains")
BALANCES = table(Balance, "ledger_balances")
