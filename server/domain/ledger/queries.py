"""Reads of the ledger: balances as sums of postings, and its own check."""

from datetime import timedelta

from server.domain.ledger.model import GUARDED, Balance, Chain, Entry
from server.domain.ledger.rules import Fault, verify_chain
from server.kernel.money import Fen
from server.kernel.work import Work

# A minute: no unit of work takes as long, so that what is older belongs to the chain's end.
FRESH = timedelta(minutes=1)


async def balances(work: Work, *, prefix: str = "") -> dict[str, Fen]:
    """Sum the postings of each account whose name begins so; debits are above zero."""
    within = {"postings.account": {"$gte": prefix, "$lt": f"{prefix}\uffff"}}
    found = await work.table(Entry).aggregate(
        [
            {"$match": within},
            {"$unwind": "$postings"},
            {"$match": within},
            {"$group": {"_id": "$postings.account", "amount": {"$sum": "$postings.amount"}}},
        ]
    )
    return {row["_id"]: int(row["amount"]) for row in found}


async def check_ledger(work: Work) -> list[Fault]:
    """List all that is wrong: chains that were altered, a sum that is not zero, wallets astray.

    Nobody may write meanwhile; `check_chain` and `check_wallet` are for a ledger that is in use.
    """
    faults: list[Fault] = []
    for chain_id in await chain_ids(work):
        faults += await check_chain(work, chain_id=chain_id)
    sums = await balances(work)
    if sum(sums.values()):
        faults.append(Fault("ledger", f"sums to {sum(sums.values())}"))
    for name in await wallets_astray(work):
        faults += await check_wallet(work, account=name)
    return faults


async def chain_ids(work: Work) -> list[str]:
    """List the chains: those that say where they end, and those that entries stand in."""
    ends = {chain.id for chain in await work.table(Chain).find({})}
    found = await work.table(Entry).aggregate([{"$group": {"_id": "$chain"}}])
    return sorted(ends | {str(row["_id"]) for row in found})


async def check_chain(work: Work, *, chain_id: str) -> list[Fault]:
    """List what is wrong with a chain; entries that were written since its end was read may follow."""
    end = await work.table(Chain).maybe(chain_id) or Chain(id=chain_id)
    entries = await work.table(Entry).find({"chain": chain_id}, sort="number")
    return verify_chain(
        chain_id, entries, length=end.length, head=end.head, fresh_since=work.now - FRESH
    )


async def wallets_astray(work: Work) -> list[str]:
    """List the guarded accounts whose row differs from their postings, or did a moment ago."""
    held = {row.id: row.amount for row in await work.table(Balance).find({})}
    sums: dict[str, Fen] = {}
    for kind in GUARDED:
        sums |= await balances(work, prefix=f"{kind.value}:")
    names = held.keys() | sums.keys()
    return sorted(
        name for name in names if held.get(name, 0) != -sums.get(name, 0) or held.get(name, 0) < 0
    )


async def check_wallet(work: Work, *, account: str) -> list[Fault]:
    """List what is wrong with one guarded account; exact within one snapshot."""
    row = await work.table(Balance).maybe(account)
    entries = await work.table(Entry).find({"postings.account": [account]})
    said = row.amount if row else 0
    owed = -sum(one.amount for entry in entries for one in entry.postings if one.account == account)
    faults = []
    if said != owed:
        faults.append(Fault(account, f"says {said}, its postings {owed}"))
    if said < 0:
        faults.append(Fault(account, "is below zero"))
    return faults
