"""What goes into and comes out of the API about money, in fen."""

from marshmallow import Schema, fields, validate

from handlers.schema import Asked, Bill, Count, Text, list_of

Id = validate.Length(1, 32)
SCENES = ("jsapi", "jsapi_web", "native", "h5", "page", "wap")
Amount = validate.Range(1, 100_000_00)


class BillsPaidBody(Schema):
    """Which bills are to be paid; an amount pays them in part, the oldest first."""

    bill_ids = fields.List(Text(validate=Id), required=True, validate=validate.Length(1, 50))
    amount = Count(load_default=None, allow_none=True, validate=Amount, strict=True)


class WayBody(Schema):
    """By which provider, and where the payer is; `payer` is an openid where that needs one."""

    provider = Text(required=True, validate=validate.OneOf(["wechat", "alipay"]))
    scene = Text(required=True, validate=validate.OneOf(SCENES))
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


class PageQuery(Asked):
    """Where a list goes on."""

    cursor = Text(load_default=None, validate=Id)
    limit = Count(load_default=50, validate=validate.Range(1, 200))


class BillsQuery(PageQuery):
    """Bills by state, plate or a part of it, place, and when they were issued."""

    state = Text(load_default=None, validate=validate.Length(1, 20))
    number = Text(load_default=None, validate=validate.Length(1, 16))
    place_id = Text(load_default=None, validate=validate.Length(1, 64))
    since = fields.AwareDateTime(load_default=None, format="iso")
    until = fields.AwareDateTime(load_default=None, format="iso")


class PaymentsQuery(PageQuery):
    """Payments by provider, purpose, any of their numbers, stay, and when they came in."""

    provider = Text(load_default=None, validate=validate.Length(1, 20))
    purpose = Text(load_default=None, validate=validate.Length(1, 20))
    number = Text(load_default=None, validate=validate.Length(1, 64))
    stay_id = Text(load_default=None, validate=Id)
    since = fields.AwareDateTime(load_default=None, format="iso")
    until = fields.AwareDateTime(load_default=None, format="iso")


class RefundsQuery(PageQuery):
    """Refunds by state, payment and stay."""

    state = Text(load_default=None, validate=validate.Length(1, 20))
    payment_id = Text(load_default=None, validate=Id)
    stay_id = Text(load_default=None, validate=Id)


class ShiftsQuery(PageQuery):
    """Cash shifts that are open, or closed."""

    open = fields.Boolean(load_default=None)


class ExchangesQuery(PageQuery):
    """Exchanges about one trade or refund, with one provider, to it or from it."""

    subject = Text(load_default=None, validate=validate.Length(1, 64))
    provider = Text(load_default=None, validate=validate.Length(1, 20))
    incoming = fields.Boolean(load_default=None)


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
    for_others = Count(required=True)
    bill_ids = fields.List(Text(), required=True)
    stay_ids = fields.List(Text(), required=True)
    paid_at = fields.DateTime(required=True)


class Payments(Schema):
    """Payments, the latest first."""

    items = list_of(Payment)


class Share(Schema):
    """What of a payment went to which bill, and what of that goes back.

    It is owed to the organization; `pursued_by` collected it for that one and keeps the commission.
    """

    bill_id = Text(required=True)
    stay_id = Text(required=True)
    amount = Count(required=True)
    refunding = Count(required=True)
    organization_id = Text(required=True)
    pursued_by = Text(required=True)
    commission = Count(required=True)


class PaymentWhole(Payment):
    """A payment, as staff see it."""

    bonus = Count(required=True)
    received_at = fields.DateTime(required=True)
    parts = list_of(Share)


class PaymentsPage(Schema):
    """Payments, the latest first."""

    items = list_of(PaymentWhole)
    cursor = Text(required=True, allow_none=True)


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


class RefundWhole(Refund):
    """A refund, as staff see it."""

    stay_id = Text(required=True)
    intent_id = Text(required=True)
    paid = Count(required=True)
    of_surplus = fields.Boolean(required=True)
    failure = Text(required=True)
    requested_by = Text(required=True)
    approved_by = Text(required=True, allow_none=True)


class RefundsPage(Schema):
    """Refunds, the latest first."""

    items = list_of(RefundWhole)
    cursor = Text(required=True, allow_none=True)


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


class BillDiscount(Schema):
    """What is taken off a bill, by whom or by which coupon, and why."""

    kind = Text(required=True)
    amount = Count(required=True)
    reference = Text(required=True)
    reason = Text(required=True)
    at = fields.DateTime(required=True)


class BillWhole(Bill):
    """A bill, as staff see it."""

    place_id = Text(required=True)
    revision = Count(required=True)
    standing = fields.Boolean(required=True)
    surplus = Count(required=True)
    discounts = list_of(BillDiscount)


class BillsPage(Schema):
    """Bills, the latest first."""

    items = list_of(BillWhole)
    cursor = Text(required=True, allow_none=True)


class BillMoney(Schema):
    """A bill with what was paid for its stay, and what went back."""

    bill = fields.Nested(BillWhole, required=True)
    payments = list_of(PaymentWhole)
    refunds = list_of(RefundWhole)


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
    for_others = Count(required=True)
    counted = Count(required=True, allow_none=True)
    reason = Text(required=True)


class CashShifts(Schema):
    """Shifts, the latest first."""

    items = list_of(CashShift)
    cursor = Text(required=True, allow_none=True)


class OwnCashShift(Schema):
    """One's open shift, if there is one, and what was taken in it."""

    shift = fields.Nested(CashShift, required=True, allow_none=True)
    payments = list_of(Payment)
    confirm_above = Count(
        required=True, metadata={"description": "fen; more cash than that is confirmed twice"}
    )


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
    cursor = Text(required=True, allow_none=True)
