"""账单信息: what is owed for a stay, frozen when it is issued; waivers and coupons on it."""

from server.domain.billing.events import (
    BillClaimed,
    BillDiscounted,
    BillIssued,
    BillOverpaid,
    BillPaid,
    BillRefunded,
    BillUnclaimed,
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
    claim_bills,
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
    "BillClaimed",
    "BillDiscounted",
    "BillIssued",
    "BillOverpaid",
    "BillPaid",
    "BillRefunded",
    "BillState",
    "BillUnclaimed",
    "BillWithdrawn",
    "Coupon",
    "CouponState",
    "Discount",
    "DiscountKind",
    "bill_running_stay",
    "bill_stays",
    "claim_bills",
    "grant_coupons",
    "pay_bill",
    "redeem_coupon",
    "unpay_stay",
    "waive_bill",
    "write_off_bill",
]
