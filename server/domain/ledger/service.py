"""Use cases of the ledger: to post, and to reverse. Nothing else writes to it."""

from collections.abc import Sequence

from server.domain.ledger.model import GUARDED, Balance, Chain, Entry, EntryKind, Posting, kind_of
from server.domain.ledger.rules import balanced, chain_of, hash_entry, joined
from server.kernel.errors import Refused
from server.kernel.money import Fen
from server.kernel.work import Work


async def post(
    work: Work,
    *,
    kind: EntryKind,
    reference: str,
    postings: Sequence[Posting],
    reverses: str | None = None,
) -> Entry:
    """Write an entry; refuses with `balance_too_low` to overdraw a wallet.

    Of a kind and a reference there is one entry: a second is refused with `entry_posted` when it
    is committed.
    """
    whole = joined(postings)
    assert balanced(whole), f"{reference} does not sum to zero"
    for posting in whole:
        if kind_of(posting.account) in GUARDED:
            await _move(work, posting)
    chains = work.table(Chain)
    end = await chains.maybe(chain_of(reference)) or chains.add(Chain(id=chain_of(reference)))
    said = {
        "chain": end.id,
        "number": end.length + 1,
        "at": work.now,
        "kind": kind,
        "reference": reference,
        "postings": whole,
        "reverses": reverses,
        "previous": end.head,
    }
    entry = Entry(id=work.new_id(), hash=hash_entry(**said), **said)  # type: ignore[arg-type]
    chains.save(end.extend(entry.hash))
    return work.table(Entry).add(entry)


async def reverse(work: Work, *, entry_id: str) -> Entry:
    """Undo an entry by one that says the opposite; it can be undone once."""
    entry = await work.table(Entry).get(entry_id)
    if entry.kind is EntryKind.REVERSAL:
        raise Refused("entry_is_reversal", "冲正分录不能再冲正", entry_id=entry.id)
    opposite = [Posting(one.account, -one.amount) for one in entry.postings]
    return await post(
        work, kind=EntryKind.REVERSAL, reference=entry.id, postings=opposite, reverses=entry.id
    )


async def balance_of(work: Work, *, account: str) -> Fen:
    """Tell what we owe on a guarded account."""
    held = await work.table(Balance).maybe(account)
    return held.amount if held else 0


async def _move(work: Work, posting: Posting) -> None:
    """Bring a guarded account's row in line; a credit means that we owe more."""
    rows = work.table(Balance)
    held = await rows.maybe(posting.account) or rows.add(Balance(id=posting.account))
    rows.save(held.add(-posting.amount))


async def entries_of(work: Work, *, accounts: Sequence[str], limit: int = 50) -> list[Entry]:
    """List the entries that touch any of these accounts, the latest first."""
    where = {"postings.account": list(accounts)}
    return await work.table(Entry).find(where, sort="-at", limit=limit)
