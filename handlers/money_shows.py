"""What clients see of money."""

from collections.abc import Sequence

from handlers.shows import Shown, show_bill
from server.domain.billing import Coupon
from server.domain.billing.queries import RunningFee
from server.domain.payment import CashShift, Intent, Payment, ProviderExchange, TopUpOffer
from server.domain.payment.queries import WalletEntry
from server.domain.reconciliation import Discrepancy, Reconciliation
from server.domain.refund import Refund


def show_intent(intent: Intent) -> Shown:
    """Show an intent to whoever is to pay it."""
    return {
        "id": intent.id,
        "purpose": intent.purpose.value,
        "state": intent.state.value,
        "provider": intent.provider.value,
        "scene": intent.scene,
        "amount": intent.amount,
        "description": intent.description,
        "expires_at": intent.expires_at,
        "client": intent.client,
    }


def show_payment(payment: Payment) -> Shown:
    """Show a payment to its payer, or to staff of whom it was paid to."""
    return {
        "id": payment.id,
        "intent_id": payment.intent_id,
        "purpose": payment.purpose.value,
        "provider": payment.provider.value,
        "transaction_id": payment.transaction_id,
        "amount": payment.amount,
        "refunded": payment.refunded,
        "refundable": payment.refundable,
        "bill_ids": [part.bill_id for part in payment.applied if part.bill_id],
        "stay_ids": [part.stay_id for part in payment.applied if part.stay_id],
        "paid_at": payment.paid_at,
    }


def show_refund(refund: Refund) -> Shown:
    """Show a refund to whom it goes, or to staff."""
    return {
        "id": refund.id,
        "payment_id": refund.payment_id,
        "state": refund.state.value,
        "target": refund.target.value,
        "provider": refund.provider.value,
        "amount": refund.amount,
        "reason": refund.reason,
        "requested_at": refund.requested_at,
        "done_at": refund.done_at,
    }


def show_wallet(wallet: tuple[int, int], offers: Sequence[TopUpOffer]) -> Shown:
    """Show a wallet to whose it is, with the bonuses that are offered."""
    shown = [{"amount": offer.amount, "bonus": offer.bonus} for offer in offers]
    return {"balance": wallet[0], "bonus": wallet[1], "offers": shown}


def show_wallet_entry(entry: WalletEntry) -> Shown:
    """Show a change of a wallet to whose it is."""
    return {
        "id": entry.id,
        "at": entry.at,
        "kind": entry.kind.value,
        "amount": entry.amount,
        "bonus": entry.bonus,
    }


def show_running_fee(fee: RunningFee) -> Shown:
    """Show what a car that still stands costs, to its driver or to staff in scope."""
    forecast = fee.forecast
    return {
        "at": forecast.at,
        "amount": forecast.quote.amount,
        "open": fee.open,
        "over_s": forecast.quote.over_s,
        "lines": [
            {
                "text": line.text,
                "amount": line.amount,
                "kind": line.kind.value,
                "seconds": line.seconds,
                "units": line.units,
            }
            for line in forecast.quote.lines
        ],
        "changes_at": forecast.changes_at,
        "next_amount": forecast.next_amount,
        "bill": show_bill(fee.bill) if fee.bill else None,
    }


def show_coupon(coupon: Coupon) -> Shown:
    """Show a coupon to whose it is."""
    return {
        "id": coupon.id,
        "name": coupon.name,
        "amount": coupon.amount,
        "least": coupon.least,
        "valid_to": coupon.valid_to,
    }


def show_shift(shift: CashShift) -> Shown:
    """Show a cash shift to whose it is, or to staff."""
    return {
        "id": shift.id,
        "patroller_id": shift.patroller_id,
        "opened_at": shift.opened_at,
        "closed_at": shift.closed_at,
        "expected": shift.expected,
        "counted": shift.counted,
        "reason": shift.reason,
    }


def show_own_shift(found: tuple[CashShift, Sequence[Payment]] | None) -> Shown:
    """Show an officer his open shift, if he has one, and what he took."""
    shift, payments = found or (None, ())
    return {
        "shift": show_shift(shift) if shift else None,
        "payments": [show_payment(one) for one in payments],
    }


def show_exchange(exchange: ProviderExchange) -> Shown:
    """Show an exchange to staff; it was masked before it was kept."""
    return {
        "id": exchange.id,
        "at": exchange.at,
        "provider": exchange.provider,
        "operation": exchange.operation,
        "incoming": exchange.incoming,
        "subject": exchange.subject,
        "verdict": exchange.verdict,
        "status": exchange.status,
        "said": exchange.said,
        "answered": exchange.answered,
    }


def show_reconciliation(day: Reconciliation) -> Shown:
    """Show a day that was compared to staff."""
    return {
        "id": day.id,
        "provider": day.provider,
        "day": day.day,
        "lines": day.lines,
        "paid": day.paid,
        "refunded": day.refunded,
        "fee": day.fee,
        "open": day.open,
        "repaired": day.repaired,
        "compared_at": day.compared_at,
    }


def show_discrepancy(found: Discrepancy) -> Shown:
    """Show a difference to staff."""
    return {
        "id": found.id,
        "provider": found.provider,
        "day": found.day,
        "kind": found.kind.value,
        "number": found.number,
        "refund": found.refund,
        "here": found.here,
        "there": found.there,
        "state": found.state.value,
        "cause": found.cause,
    }
