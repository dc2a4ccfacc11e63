"""账单信息: what is owed for a stay, frozen when it is issued."""

from server.domain.billing.events import BillIssued, BillWithdrawn
from server.domain.billing.model import Bill, BillState

__all__ = ["Bill", "BillIssued", "BillState", "BillWithdrawn"]
