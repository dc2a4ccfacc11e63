"""总账 (ledger): double entry in whole fen; what is written is never changed, only reversed.

An entry is a set of postings that sum to zero. Entries stand in chains, each with the hash of the
one before, so that an edit or a gap shows. Balances are sums of postings; wallets also have a
row that refuses to fall below zero.
"""

from server.domain.ledger.model import (
    AccountKind,
    Balance,
    Chain,
    Entry,
    EntryKind,
    Posting,
    account,
)
from server.domain.ledger.rules import Fault, verify_chain
from server.domain.ledger.service import balance_of, entries_of, post, reverse

__all__ = [
    "AccountKind",
    "Balance",
    "Chain",
    "Entry",
    "EntryKind",
    "Fault",
    "Posting",
    "account",
    "balance_of",
    "entries_of",
    "post",
    "reverse",
    "verify_chain",
]
