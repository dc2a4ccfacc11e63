"""Reads of the ledger: balances as sums of postings, and its own check."""

from server.domain.ledger.model import GUARDED, Balance, Chain, Entry, kind_of
from server.domain.ledger.rules import Fault, verify_chain
from server.kernel.money import Fen
from server.kernel.work import Work


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
    """List all that is wrong: chains that were altered, a sum that is not zero, wallets astray."""
    faults: list[Fault] = []
    for chain in await work.table(Chain).find({}):
        entries = await work.table(Entry).find({"chain": chain.id}, sort="number")
        faults += verify_chain(chain.id, entries, length=chain.length, head=chain.head)
    sums = await balances(work)
    if sum(sums.values()):
        faults.append(Fault("ledger", f"sums to {sum(sums.values())}"))
    held = {row.id: row.amount for row in await work.table(Balance).find({})}
    guarded = {name: -amount for name, amount in sums.items() if kind_of(name) in GUARDED}
    for name in held.keys() | guarded.keys():
        if held.get(name, 0) != guarded.get(name, 0):
            said = f"says {held.get(name, 0)}, its postings {guarded.get(name, 0)}"
            faults.append(Fault(name, said))
        if held.get(name, 0) < 0:
            faults.append(Fault(name, "is below zero"))
    return faults
