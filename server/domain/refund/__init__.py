"""退款: money that goes back, at most as much as came in, and once.

What is given back is set aside on its payment first, then asked of the provider under one number
that never changes, however often it is asked. Only when it has surely gone back do ledger and bill
say so.
"""

from server.domain.refund.events import RefundFailed, RefundOpened, RefundSucceeded
from server.domain.refund.model import Refund, RefundState, Target
from server.domain.refund.rules import RefundAnswer
from server.domain.refund.service import (
    approve_refund,
    ask_later,
    hear_refund,
    note_declined,
    open_refund,
    pay_out_refund,
    redirect_refund,
    refund_surplus,
    retry_refund,
)

__all__ = [
    "Refund",
    "RefundAnswer",
    "RefundFailed",
    "RefundOpened",
    "RefundState",
    "RefundSucceeded",
    "Target",
    "approve_refund",
    "ask_later",
    "hear_refund",
    "note_declined",
    "open_refund",
    "pay_out_refund",
    "redirect_refund",
    "refund_surplus",
    "retry_refund",
]
