"""What goes into and comes out of the API about money, in fen."""

from marshmallow import Schema, fields, validate

from handlers.schema import Asked, Bill, Count, Text, list_of

Id = validate.Length(1, 32)
Amount = validate.Range(1, 100_000_00)


class BillsPaidBody(Schema):
    """Which bills are to be paid; an amount pays them in part, the oldest first."""

    bill_ids = fields.List(Text(validate=Id), required=True, validate=validate.Length(1, 50))
    amount = Count(load_default=None, allow_none=True, validate=Amount, strict=True)


class WayBody(Schema):
    """By which provider, and where the payer is; `payer` is an openid where that needs one."""

    provider = Text(required=True, validate=validate.OneOf(["wechat", "alipay"]))
    scene = Text(required=True, validate=validate.OneOf(["jsapi", "native", "h5", "page", "wap"]))
    payer = Text(load_default="", validate=validate.Length(0, 128))


class IntentBody(BillsPaidBody, WayBody):
    """A wish to pay bills by a provider."""


class TopUpBody(WayBody):
    """A wish to put money into the wallet."""

    amount = Count(required=True, validate=Amount, strict=True)


class CashBody(Schema):
    """Which bills cash was taken for."""

    bill_ids = fields.List(Text(validate=Id), required=True, validate=validate.Length(1, 50))


class ShiftCloseBody(Schema):
    """What was counted, and why it differs."""

    counted = Count(required=True, validate=validate.Range(0, 100_000_00), strict=True)
    reason = Text(load_default="", validate=validate.Length(0, 200))


class CouponBody(Schema):
    """Which coupon is used."""

    coupon_id = Text(required=True, validate=Id)


class WaiverBody(Schema):
    """How much is taken off, and why."""

    amount = Count(required=True, validate=Amount, strict=True)
    reason = Text(required=True, validate=validate.Length(2, 200))


class RefundBody(Schema):
    """How much of a payment goes back, for which stay, and why."""

    payment_id = Text(required=True, validate=Id)
    stay_id = Text(load_default="", validate=validate.Length(0, 32))
    amount = Count(required=True, validate=Amount, strict=True)
    reason = Text(required=True, validate=validate.Length(2, 200))


class StateQuery(Asked):
    """Those of one state."""

    state = Text(load_default=None, validate=validate.Length(1, 20))


class ProviderQuery(Asked):
    """Those of one provider."""

    provider = Text(load_default=None, validate=validate.Length(1, 20))


class SubjectQuery(Asked):
    """Those about one trade or refund."""

    subject = Text(load_default=None, validate=validate.Length(1, 64))


class Intent(Schema):
    """A wish to pay, and what the payer's phone needs to do it."""

    id = Text(required=True)
    purpose = Text(required=True)
    state = Text(required=True)
    provider = Text(required=True)
    scene = Text(required=True)
    amount = Count(required=True)
    description = Text(required=True)
    expires_at = fields.DateTime(required=True)
    client = fields.Dict(required=True)


class Payment(Schema):
    """Money that came in."""

    id = Text(required=True)
    intent_id = Text(required=True)
    purpose = Text(required=True)
    provider = Text(required=True)
    transaction_id = Text(required=True)
    amount = Count(required=True)
    refunded = Count(required=True)
    refundable = Count(required=True)
    bill_ids = fields.List(Text(), required=True)
    stay_ids = fields.List(Text(), required=True)
    paid_at = fields.DateTime(required=True)


class Payments(Schema):
    """Payments, the latest first."""

    items = list_of(Payment)


class Refund(Schema):
    """Money that goes back."""

    id = Text(required=True)
    payment_id = Text(required=True)
    state = Text(required=True)
    target = Text(required=True)
    provider = Text(required=True)
    amount = Count(required=True)
    reason = Text(required=True)
    requested_at = fields.DateTime(required=True)
    done_at = fields.DateTime(required=True, allow_none=True)


class Refunds(Schema):
    """Refunds, the latest first."""

    items = list_of(Refund)


class TopUpOffer(Schema):
    """A bonus for a top-up of at least the amount."""

    amount = Count(required=True)
    bonus = Count(required=True)


class Wallet(Schema):
    """What a wallet holds; the bonus is kept apart."""

    balance = Count(required=True)
    bonus = Count(required=True)
    offers = list_of(TopUpOffer)


class Coupon(Schema):
    """So much off one bill."""

    id = Text(required=True)
    name = Text(required=True)
    amount = Count(required=True)
    least = Count(required=True)
    valid_to = fields.DateTime(required=True)


class Coupons(Schema):
    """Coupons that are still to be used."""

    items = list_of(Coupon)


class BillAnswer(Schema):
    """One bill."""

    bill = fields.Nested(Bill, required=True)


class FeeLine(Schema):
    """One reason of a fee: of which kind, for how long, and for how many units."""

    text = Text(required=True)
    amount = Count(required=True)
    kind = Text(required=True)
    seconds = Count(required=True)
    units = Count(required=True)


class RunningFee(Schema):
    """What a car that still stands costs now, when it will cost more, and what is left to pay."""

    at = fields.DateTime(required=True)
    amount = Count(required=True)
    open = Count(required=True)
    over_s = Count(required=True)
    lines = list_of(FeeLine)
    changes_at = fields.DateTime(required=True, allow_none=True)
    next_amount = Count(required=True, allow_none=True)
    bill = fields.Nested(Bill, required=True, allow_none=True)


class WalletEntry(Schema):
    """One change of a wallet; what came in is above zero."""

    id = Text(required=True)
    at = fields.DateTime(required=True)
    kind = Text(required=True)
    amount = Count(required=True)
    bonus = Count(required=True)


class WalletEntries(Schema):
    """Changes of a wallet, the latest first."""

    items = list_of(WalletEntry)


class CashShift(Schema):
    """A time with a bag of cash."""

    id = Text(required=True)
    patroller_id = Text(required=True)
    opened_at = fields.DateTime(required=True)
    closed_at = fields.DateTime(required=True, allow_none=True)
    expected = Count(required=True)
    counted = Count(required=True, allow_none=True)
    reason = Text(required=True)


class CashShifts(Schema):
    """Shifts, the latest first."""

    items = list_of(CashShift)


class OwnCashShift(Schema):
    """One's open shift, if there is one, and what was taken in it."""

    shift = fields.Nested(CashShift, required=True, allow_none=True)
    payments = list_of(Payment)


class Exchange(Schema):
    """What was said to a provider or by it, masked."""

    id = Text(required=True)
    at = fields.DateTime(required=True)
    provider = Text(required=True)
    operation = Text(required=True)
    incoming = fields.Boolean(required=True)
    subject = Text(required=True)
    verdict = Text(required=True)
    status = Count(required=True)
    said = Text(required=True)
    answered = Text(required=True)


class Exchanges(Schema):
    """Exchanges, the latest first."""

    items = list_of(Exchange)


class ReconcileBody(Schema):
    """Which provider's day is compared."""

    provider = Text(required=True, validate=validate.OneOf(["wechat", "alipay"]))
    day = fields.Date(required=True)


class CauseBody(Schema):
    """Why something differs."""

    cause = Text(required=True, validate=validate.Length(2, 500))


class Reconciliation(Schema):
    """One provider's day, compared."""

    id = Text(required=True)
    provider = Text(required=True)
    day = Text(required=True)
    lines = Count(required=True)
    paid = Count(required=True)
    refunded = Count(required=True)
    fee = Count(required=True)
    open = Count(required=True)
    repaired = Count(required=True)
    compared_at = fields.DateTime(required=True)


class Reconciliations(Schema):
    """Days that were compared, the latest first."""

    items = list_of(Reconciliation)


class Discrepancy(Schema):
    """One difference of a day."""

    id = Text(required=True)
    provider = Text(required=True)
    day = Text(required=True)
    kind = Text(required=True)
    number = Text(required=True)
    refund = fields.Boolean(required=True)
    here = Count(required=True)
    there = Count(required=True)
    state = Text(required=True)
    cause = Text(required=True)


class Discrepancies(Schema):
    """Differences, the latest day first."""

    items = list_of(Discrepancy)
