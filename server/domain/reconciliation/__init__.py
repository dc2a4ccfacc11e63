"""对账 (reconciliation): each day, the provider's bill against our books, line by line.

Every difference gets a name, what can be mended is mended, and what is left waits for a person to
say why, and for another to agree.
"""

from server.domain.reconciliation.model import (
    BillLine,
    BooksCheck,
    Discrepancy,
    DiscrepancyKind,
    DiscrepancyState,
    Reconciliation,
)
from server.domain.reconciliation.rules import Difference
from server.domain.reconciliation.service import (
    approve_cause,
    explain_discrepancy,
    finish_day,
    keep_lines,
    note_check,
)

__all__ = [
    "BillLine",
    "BooksCheck",
    "Difference",
    "Discrepancy",
    "DiscrepancyKind",
    "DiscrepancyState",
    "Reconciliation",
    "approve_cause",
    "explain_discrepancy",
    "finish_day",
    "keep_lines",
    "note_check",
]
