"""Checks the books against themselves: payments, refunds and bills against the ledger and one another.

The whole is looked through by the store; what looks wrong is then read in one snapshot and judged, so
that what somebody writes meanwhile is no fault.
"""

from typing import Any

from server.domain.billing import Bill, BillState
from server.domain.ledger import Entry, Fault
from server.domain.payment import Payment
from server.domain.reconciliation.rules import faults_of_bill, faults_of_payment
from server.domain.refund import Refund, RefundState
from server.kernel.work import Work

DONE = RefundState.SUCCEEDED.value


async def payments_astray(work: Work) -> list[str]:
    """List the payments that do not fit their entries, refunds or parts, or did not a moment ago."""
    back = _sum_of("refunds", {"payment_id": "$_id"}, {"state": DONE}, "$amount")
    found = await work.table(Payment).aggregate(
        [
            _entries_of("$_id", ["payment", "top_up"], "entries"),
            back,
            {"$addFields": {"split": {"$sum": "$applied.amount"}, "back": {"$sum": "$found.sum"}}},
            {
                "$match": {
                    "$expr": {
                        "$or": [
                            {"$ne": [{"$size": "$entries"}, 1]},
                            {"$ne": ["$refunded", "$back"]},
                            {"$gt": ["$refunded", "$amount"]},
                            {
                                "$and": [
                                    {"$eq": ["$purpose", "bills"]},
                                    {"$ne": ["$split", "$amount"]},
                                ]
                            },
                        ]
                    }
                }
            },
            {"$project": {"_id": 1}},
        ]
    )
    lost = await work.table(Refund).aggregate(
        [
            {"$match": {"state": DONE}},
            _entries_of("$_id", ["refund"], "entries"),
            {"$match": {"$expr": {"$ne": [{"$size": "$entries"}, 1]}}},
            {"$project": {"payment_id": 1}},
        ]
    )
    return sorted({row["_id"] for row in found} | {row["payment_id"] for row in lost})


async def bills_astray(work: Work) -> list[str]:
    """List the bills that do not say what was paid for their stay, or did not a moment ago.

    What was paid stands on the bill that stands, and on those that were another car's.
    """
    holding = {"$or": [{"standing": True}, {"state": BillState.DISOWNED.value}]}
    held = {"$add": ["$paid", "$surplus"]}
    parts = {
        "$lookup": {
            "from": "payments",
            "localField": "stay_id",
            "foreignField": "applied.stay_id",
            "as": "payments",
        }
    }
    mine = {
        "$sum": {
            "$map": {
                "input": "$payments",
                "as": "one",
                "in": {
                    "$sum": {
                        "$map": {
                            "input": {
                                "$filter": {
                                    "input": "$$one.applied",
                                    "as": "part",
                                    "cond": {"$eq": ["$$part.stay_id", "$stay_id"]},
                                }
                            },
                            "as": "part",
                            "in": "$$part.amount",
                        }
                    }
                },
            }
        }
    }
    found = await work.table(Bill).aggregate(
        [
            {"$match": holding},
            parts,
            _sum_of("refunds", {"stay_id": "$stay_id"}, {"state": DONE}, "$amount"),
            {"$addFields": {"in": mine, "back": {"$sum": "$found.sum"}}},
            _sum_of("bills", {"stay_id": "$stay_id"}, holding, held),
            {"$addFields": {"says": {"$sum": "$found.sum"}}},
            {"$match": {"$expr": {"$ne": ["$says", {"$subtract": ["$in", "$back"]}]}}},
            {"$project": {"_id": 1}},
        ]
    )
    return sorted(row["_id"] for row in found)


async def check_payment(work: Work, *, payment_id: str) -> list[Fault]:
    """List what is wrong with one payment; exact within one snapshot."""
    payment = await work.table(Payment).maybe(payment_id)
    refunds = await work.table(Refund).find({"payment_id": payment_id})
    if payment is None:
        return [Fault(payment_id, "is gone, and was given back")]
    references = [payment_id, *(one.id for one in refunds)]
    entries = await work.table(Entry).find({"reference": references})
    return faults_of_payment(payment, refunds, entries)


async def check_bill(work: Work, *, bill_id: str) -> list[Fault]:
    """List what is wrong with one bill; exact within one snapshot."""
    bill = await work.table(Bill).get(bill_id)
    payments = await work.table(Payment).find({"applied.stay_id": [bill.stay_id]})
    refunds = await work.table(Refund).find({"stay_id": bill.stay_id})
    bills = await work.table(Bill).find({"stay_id": bill.stay_id})
    return faults_of_bill(bill, bills, payments, refunds)


def _entries_of(reference: str, kinds: list[str], name: str) -> dict[str, Any]:
    """Look up the entries that something caused."""
    match = {"kind": {"$in": kinds}, "$expr": {"$eq": ["$reference", "$$reference"]}}
    return {
        "$lookup": {
            "from": "ledger_entries",
            "let": {"reference": reference},
            "pipeline": [{"$match": match}, {"$project": {"_id": 1}}],
            "as": name,
        }
    }


def _sum_of(table: str, by: dict[str, str], where: dict[str, Any], amount: Any) -> dict[str, Any]:
    """Look up a sum over the rows of a table that belong to a row."""
    [(field, value)] = by.items()
    return {
        "$lookup": {
            "from": table,
            "let": {"wanted": value},
            "pipeline": [
                {"$match": {**where, "$expr": {"$eq": [f"${field}", "$$wanted"]}}},
                {"$group": {"_id": None, "sum": {"$sum": amount}}},
            ],
            "as": "found",
        }
    }
