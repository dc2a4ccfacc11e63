"""What must hold of a history's payments, refunds and entries once all has come to rest."""

from server.domain.ledger import AccountKind, Entry, account
from server.domain.payment import Method, Payment, Purpose
from server.domain.refund import Refund, RefundState

PROVIDERS = (Method.WECHAT, Method.ALIPAY)
# Another operator, whose officer collects what is owed to ours.
COLLECTOR = "elsewhere"
# Of that, in ten-thousandths; it divides no amount evenly.
COMMISSION_BP = 333


def check_payments(
    payments: list[Payment], refunds: list[Refund], entries: list[Entry]
) -> list[str]:
    """Check each payment's parts, refunds and entries."""
    faults = []
    posted = [entry.reference for entry in entries]
    done = [one for one in refunds if one.state is RefundState.SUCCEEDED]
    if sorted(posted) != sorted(one.id for one in (*payments, *done)):
        faults.append("entries are not one a payment and refund")
    if any(sum(posting.amount for posting in entry.postings) for entry in entries):
        faults.append("an entry does not sum to zero")
    for payment in payments:
        split = sum(part.amount for part in payment.applied)
        if payment.purpose is Purpose.BILLS and split != payment.amount:
            faults.append(f"payment {payment.id}: split into {split} of {payment.amount}")
        back = sum(one.amount for one in done if one.payment_id == payment.id)
        if payment.refunded != back or back > payment.amount:
            faults.append(f"payment {payment.id}: refunded {payment.refunded}, {back} went")
        for part in payment.applied:
            origin = payment.provider in PROVIDERS
            if not part.stay_id and payment.purpose is Purpose.BILLS and origin:
                given = sum(o.amount for o in done if o.payment_id == payment.id and not o.stay_id)
                if given != part.amount:
                    faults.append(f"payment {payment.id}: {part.amount} unapplied, {given} back")
    return faults


def check_commissions(
    payments: list[Payment], refunds: list[Refund], entries: list[Entry]
) -> list[str]:
    """Check that who collects for another keeps his part of what was not given back, and no more."""
    faults, collector = [], account(AccountKind.COLLECTED, COLLECTOR)
    done = [one for one in refunds if one.state is RefundState.SUCCEEDED]
    for payment in payments:
        back = [one for one in done if one.payment_id == payment.id]
        kept = -sum(
            posting.amount
            for entry in entries
            if entry.reference in (payment.id, *(one.id for one in back))
            for posting in entry.postings
            if posting.account == collector
        )
        whole = sum(part.amount for part in payment.applied if part.pursued_by)
        left = whole - sum(one.amount for one in back if one.pursued_by)
        # Each refund gives back a floor: what is kept is less than a fen a refund too much.
        least = left * COMMISSION_BP // 10_000
        if not least <= kept <= least + len(back) or (left == 0 and kept):
            faults.append(f"payment {payment.id}: {kept} kept of {left}")
    return faults
