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
    bills_of_car,
    dispute_bill,
    grant_coupons,
    latest_bill,
    pay_bill,
    redeem_coupon,
    unpay_stay,
    waive_bill,
    write_off_bill,
)
from server.domain.billing.service.issuing import (
    bill_running_stay,
    bill_stays,
    claim_bills,
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
    "bills_of_car",
    "claim_bills",
    "dispute_bill",
    "grant_coupons",
    "latest_bill",
    "pay_bill",
    "redeem_coupon",
    "unpay_stay",
    "waive_bill",
    "write_off_bill",
]
