"""What is said of a bill in every fact about it, and what of it is booked as given up."""

from collections.abc import Mapping
from typing import Any

from server.domain.billing.model import (
    Bill,
)
from server.domain.ledger import AccountKind, EntryKind, Posting, account, post
from server.kernel.money import Fen
from server.kernel.work import Work


async def book_given_up(work: Work, bill: Bill, amount: Fen) -> None:
    """Book that so much more of a bill is given up, or less where it is below zero."""
    if amount:
        organization_id = bill.organization_id
        await post(
            work,
            kind=EntryKind.WRITE_OFF if amount > 0 else EntryKind.RECOVERY,
            reference=f"{bill.id}:{bill.v}",
            postings=[
                Posting(account(AccountKind.WRITTEN_OFF, organization_id), amount),
                Posting(account(AccountKind.RECEIVABLE, organization_id), -amount),
            ],
        )


def about(bill: Bill) -> Mapping[str, Any]:
    return {
        "bill_id": bill.id,
        "stay_id": bill.stay_id,
        "plate": bill.plate,
        "owner_id": bill.owner_id,
        "organization_id": bill.organization_id,
        "place_id": bill.place_id,
        "due": bill.due,
        "bill": bill,
    }
