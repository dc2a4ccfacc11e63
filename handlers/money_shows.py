"""What clients see of money."""

from collections.abc import Sequence

from handlers.shows import Shown, show_bill
from server.domain.billing import Bill, Coupon
from server.domain.billing.queries import RunningFee
from server.domain.payment import CashShift, Intent, Payment, ProviderExchange, TopUpOffer
from server.domain.payment.queries import WalletEntry
from server.domain.reconciliation import BooksCheck, Discrepancy
from server.domain.reconciliation.queries import DayCompared
from server.domain.refund import Refund
from server.domain.refund.queries import StayMoney
from server.kernel.money import Fen
from server.kernel.pages import Page


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
        "for_others": payment.for_others,
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


def show_bill_whole(bill: Bill) -> Shown:
    """Show a bill to staff, with what was taken off it and by whom."""
    discounts = [
        {
            "kind": one.kind.value,
            "amount": one.amount,
            "reference": one.reference,
            "reason": one.reason,
            "at": one.at,
        }
        for one in bill.discounts
    ]
    return {
        **show_bill(bill),
        "place_id": bill.place_id,
        "revision": bill.revision,
        "standing": bill.standing,
        "surplus": bill.surplus,
        "discounts": discounts,
    }


def show_payment_whole(payment: Payment) -> Shown:
    """Show a payment to staff, part by part."""
    parts = [
        {
            "bill_id": part.bill_id,
            "stay_id": part.stay_id,
            "amount": part.amount,
            "refunding": part.refunding,
            "organization_id": part.organization_id,
            "pursued_by": part.pursued_by,
            "commission": part.commission - part.returning,
        }
        for part in payment.applied
    ]
    return {
        **show_payment(payment),
        "bonus": payment.bonus,
        "received_at": payment.received_at,
        "parts": parts,
    }


def show_refund_whole(refund: Refund) -> Shown:
    """Show a refund to staff, with who asked for it and who agreed."""
    return {
        **show_refund(refund),
        "stay_id": refund.stay_id,
        "intent_id": refund.intent_id,
        "paid": refund.paid,
        "of_surplus": refund.of_surplus,
        "failure": refund.failure,
        "requested_by": refund.requested_by,
        "approved_by": refund.approved_by,
    }


def show_bills_page(page: Page[Bill]) -> Shown:
    """Show a page of bills to staff."""
    return {"items": [show_bill_whole(one) for one in page.items], "cursor": page.cursor}


def show_payments_page(page: Page[Payment]) -> Shown:
    """Show a page of payments to staff."""
    return {"items": [show_payment_whole(one) for one in page.items], "cursor": page.cursor}


def show_refunds_page(page: Page[Refund]) -> Shown:
    """Show a page of refunds to staff."""
    return {"items": [show_refund_whole(one) for one in page.items], "cursor": page.cursor}


def show_bill_money(bill: Bill, money: StayMoney) -> Shown:
    """Show a bill to staff, with what was paid for its stay and what went back."""
    return {
        "bill": show_bill_whole(bill),
        "payments": [show_payment_whole(one) for one in money.payments],
        "refunds": [show_refund_whole(one) for one in money.refunds],
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
        "for_others": shift.for_others,
        "counted": shift.counted,
        "reason": shift.reason,
    }


def show_shifts_page(page: Page[CashShift]) -> Shown:
    """Show a page of cash shifts to staff."""
    return {"items": [show_shift(one) for one in page.items], "cursor": page.cursor}


def show_exchanges_page(page: Page[ProviderExchange]) -> Shown:
    """Show a page of exchanges to staff."""
    return {"items": [show_exchange(one) for one in page.items], "cursor": page.cursor}


def show_own_shift(
    found: tuple[CashShift, Sequence[Payment]] | None, *, confirm_above: Fen
) -> Shown:
    """Show an officer his open shift, if he has one, what he took, and when he confirms twice."""
    shift, payments = found or (None, ())
    return {
        "shift": show_shift(shift) if shift else None,
        "payments": [show_payment(one) for one in payments],
        "confirm_above": confirm_above,
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


def show_reconciliation(compared: DayCompared) -> Shown:
    """Show a day that was compared to staff."""
    day = compared.day
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
        "paid_here": compared.paid_here,
        "refunded_here": compared.refunded_here,
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
        "explained_by": found.explained_by,
        "approved_by": found.approved_by,
    }


def show_books_check(check: BooksCheck) -> Shown:
    """Show what a check of the books has found to staff."""
    faults = [{"where": one.where, "what": one.what} for one in check.faults]
    return {"id": check.id, "at": check.at, "found": check.found, "faults": faults}
