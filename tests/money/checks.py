"""What must hold of a history's payments, refunds and entries once all has come to rest."""

from collections.abc import Sequence

from server.domain.billing import Bill, BillState
from server.domain.ledger import AccountKind, Entry, account
from server.domain.payment import Method, Payment, Purpose
from server.domain.payment.model import Applied
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


def cars(bills: Sequence[Bill]) -> list[list[Bill]]:
    """Part a stay's bills, in order, by the car that they are for; one motorist's cars are one."""
    parted: list[list[Bill]] = []
    for bill in bills:
        last = parted[-1][-1] if parted else None
        if last and (last.plate == bill.plate or last.owner_id == bill.owner_id):
            parted[-1].append(bill)
        else:
            parted.append([bill])
    return parted


def paid_for_last_car(bills: Sequence[Bill], payments: list[Payment]) -> dict[str, Applied]:
    """Give by payment what was paid for the car that a stay is of now."""
    standing = [one for one in cars(bills) if one[-1].standing]
    return _paid_on(standing[-1], payments) if standing else {}


def check_disowned(
    bills: Sequence[Bill], payments: list[Payment], refunds: list[Refund]
) -> list[str]:
    """Check that all that was paid for a car which was not there goes back to who paid it."""
    faults = []
    for group in cars(bills):
        if group[-1].state is not BillState.DISOWNED:
            continue
        paid = _paid_on(group, payments)
        mine = [o for o in refunds if o.stay_id == group[-1].stay_id and o.payment_id in paid]
        payers = {one.id: one.payer_id for one in payments}
        if any(one.payer_id != payers[one.payment_id] for one in mine):
            faults.append(f"bill {group[-1].id}: goes back to another")
        back = sum(one.amount for one in mine if one.state is RefundState.SUCCEEDED)
        waits = sum(one.amount for one in mine if one.state is not RefundState.SUCCEEDED)
        whole = sum(part.amount for part in paid.values())
        if back + waits != whole or group[-1].surplus != waits:
            faults.append(f"bill {group[-1].id}: of {whole} paid, {back} and {waits} go back")
    return faults


def _paid_on(bills: Sequence[Bill], payments: list[Payment]) -> dict[str, Applied]:
    ids = {bill.id for bill in bills}
    return {one.id: part for one in payments for part in one.applied if part.bill_id in ids}
