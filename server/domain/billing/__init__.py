"""账单信息: what is owed for a stay, frozen when it is issued; waivers and coupons on it."""

from server.domain.billing.events import (
    BillDiscounted,
    BillIssued,
    BillOverpaid,
    BillPaid,
    BillRefunded,
    BillWithdrawn,
)
from server.domain.billing.model import (
    PAYABLE,
    Bill,
    BillState,
    Coupon,
    CouponState,
    Discount,
    DiscountKind,
)
from server.domain.billing.service import (
    bill_running_stay,
    bill_stays,
    grant_coupons,
    pay_bill,
    redeem_coupon,
    unpay_stay,
    waive_bill,
    write_off_bill,
)

__all__ = [
    "PAYABLE",
    "Bill",
    "BillDiscounted",
    "BillIssued",
    "BillOverpaid",
    "BillPaid",
    "BillRefunded",
    "BillState",
    "BillWithdrawn",
    "Coupon",
    "CouponState",
    "Discount",
    "DiscountKind",
    "bill_running_stay",
    "bill_stays",
    "grant_coupons",
    "pay_bill",
    "redeem_coupon",
    "unpay_stay",
    "waive_bill",
    "write_off_bill",
]
