"""What makes an entry sound, and what shows that a chain was tampered with. Pure."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from server.domain.ledger.model import Entry, EntryKind, Posting
from server.kernel.money import Fen
from server.kernel.period import to_ms

# 64 chains: of two payments at one instant, one in 64 waits for the other and tries again.
CHAINS = 64


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an entry or a balance."""

    where: str
    what: str


def chain_of(reference: str) -> str:
    """Choose the chain by what caused the entry, so that a retry comes to the same one."""
    return f"{int.from_bytes(hashlib.sha256(reference.encode()).digest()[:4]) % CHAINS:02}"


def joined(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """Join the postings of one account; those that come to nothing are left out."""
    sums: dict[str, Fen] = {}
    for posting in postings:
        sums[posting.account] = sums.get(posting.account, 0) + posting.amount
    return tuple(Posting(name, amount) for name, amount in sums.items() if amount)


def balanced(postings: Sequence[Posting]) -> bool:
    """Say whether the postings are whole fen and sum to zero."""
    return (
        len(postings) > 1
        and all(type(posting.amount) is int for posting in postings)
        and sum(posting.amount for posting in postings) == 0
    )


def hash_entry(
    *,
    chain: str,
    number: int,
    at: datetime,
    kind: EntryKind,
    reference: str,
    postings: Sequence[Posting],
    reverses: str | None,
    previous: str,
) -> str:
    """Hash all that an entry says, and the hash of the one before it."""
    said = [
        *(chain, number, to_ms(at), kind.value, reference, reverses, previous),
        [[posting.account, posting.amount] for posting in postings],
    ]
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify_chain(
    chain: str,
    entries: Sequence[Entry],
    *,
    length: int,
    head: str,
    fresh_since: datetime | None = None,
) -> list[Fault]:
    """List what is wrong with a chain, given its entries by number and what its end says.

    Entries that are `fresh` may stand beyond the end: they came after that was read.
    """
    faults: list[Fault] = []
    previous, at_end = "", ""
    for number, entry in enumerate(entries, 1):
        if entry.number != number:
            return [*faults, Fault(entry.id, f"stands at {entry.number}, not {number}")]
        if not balanced(entry.postings):
            faults.append(Fault(entry.id, "does not sum to zero"))
        if entry.previous != previous or entry.hash != _hash_of(entry):
            faults.append(Fault(entry.id, "was altered, or the one before it"))
        previous = entry.hash
        if number == length:
            at_end = previous
    beyond = entries[length:]
    fresh = fresh_since is not None and all(entry.at >= fresh_since for entry in beyond)
    if len(entries) < length or at_end != head or (beyond and not fresh):
        faults.append(Fault(chain, "does not end where it says"))
    return faults


def _hash_of(entry: Entry) -> str:
    return hash_entry(
        chain=entry.chain,
        number=entry.number,
        at=entry.at,
        kind=entry.kind,
        reference=entry.reference,
        postings=entry.postings,
        reverses=entry.reverses,
        previous=entry.previous,
    )
