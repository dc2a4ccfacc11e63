"""Reads of bills for screens."""

from server.domain.billing.model import Bill, BillState
from server.kernel.work import Work


async def bills_of(work: Work, *, owner_id: str, limit: int = 50) -> list[Bill]:
    """List an owner's bills that stand, the latest first."""
    where = {"owner_id": owner_id, "state": [BillState.DUE, BillState.PAID]}
    return await work.table(Bill).find(where, sort="-issued_at", limit=limit)


async def bills_of_stay(work: Work, *, stay_id: str) -> list[Bill]:
    """List the bills that a stay has had, the first one first."""
    return await work.table(Bill).find({"stay_id": stay_id}, sort="revision")
