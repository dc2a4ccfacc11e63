"""支付: how money comes in. Intents to pay, payments that succeeded, wallets, cash and its shifts.

An intent says what is to be paid and by whom, and holds its bills while it lives. A payment is what
a provider has said was paid; it is written once, in one unit of work with the ledger and the bills.
Money that finds no bill is kept as unapplied, and given back.
"""

from server.domain.payment.events import (
    IntentEnded,
    PaymentSucceeded,
    PaymentUnapplied,
    WalletChanged,
)
from server.domain.payment.model import (
    CashShift,
    Intent,
    IntentState,
    Method,
    Payment,
    ProviderExchange,
    Purpose,
    Receipt,
    Share,
    TopUpOffer,
)
from server.domain.payment.rules import later
from server.domain.payment.service import (
    DEBIT,
    begin_payment,
    begin_top_up,
    offer_top_ups,
    pay_from_wallet,
    take_payment,
    tell_wallet,
)
from server.domain.payment.service.intents import (
    close_intent,
    end_intent,
    note_exchange,
    put_off,
    tell_client,
)
from server.domain.payment.service.shifts import close_shift, open_shift, pay_by_cash

__all__ = [
    "DEBIT",
    "CashShift",
    "Intent",
    "IntentEnded",
    "IntentState",
    "Method",
    "Payment",
    "PaymentSucceeded",
    "PaymentUnapplied",
    "ProviderExchange",
    "Purpose",
    "Receipt",
    "Share",
    "TopUpOffer",
    "WalletChanged",
    "begin_payment",
    "begin_top_up",
    "close_intent",
    "close_shift",
    "end_intent",
    "later",
    "note_exchange",
    "offer_top_ups",
    "open_shift",
    "pay_by_cash",
    "pay_from_wallet",
    "put_off",
    "take_payment",
    "tell_client",
    "tell_wallet",
]
