"""Writes the daily trade bill as WeChat Pay does: yuan, Beijing time, a mark before each field."""

from collections.abc import Iterable
from datetime import date, datetime

from server.doubles.bills import BEIJING, billed_on, day_of
from server.doubles.trades import Refund, Trade

HEADER = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,"
    "退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMMARY = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
# 0.60 %: WeChat's usual rate.
RATE_PER_10000 = 60


def write_bill(
    trades: Iterable[Trade], *, day: date, app_id: str, merchant_id: str, sum_more: int = 0
) -> bytes | None:
    """Write what was paid and given back on a day of Beijing; none where nothing was.

    The sum says so much more than the lines.
    """
    lines, paid, back = [], 0, 0
    for trade in trades:
        if billed_on(trade) == day:
            lines.append(_line(trade, None, app_id, merchant_id))
            paid += trade.amount
        for refund in trade.refunds:
            if day_of(refund.at) == day:
                lines.append(_line(trade, refund, app_id, merchant_id))
                back += refund.amount
    if not lines:
        return None
    paid += sum_more
    sums = _marked(len(lines), _yuan(paid), _yuan(back), "0.00", "0.00", _yuan(paid), _yuan(back))
    return "\r\n".join(["\ufeff" + HEADER, *lines, SUMMARY, sums, ""]).encode()


def _line(trade: Trade, refund: Refund | None, app_id: str, merchant_id: str) -> str:
    at = refund.at if refund else trade.paid_at
    amount = refund.amount if refund else trade.amount
    fee = (amount * RATE_PER_10000 / 10_000 + trade.fee_more) / 100
    return _marked(
        f"{datetime.fromisoformat(at).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
        app_id,
        merchant_id,
        0,
        "",
        trade.transaction_id,
        trade.trade_no,
        trade.payer,
        trade.scene.upper(),
        "REFUND" if refund else "SUCCESS",
        "OTHERS",
        "CNY",
        _yuan(0 if refund else trade.amount),
        "0.00",
        refund.refund_id if refund else 0,
        refund.refund_no if refund else 0,
        _yuan(refund.amount if refund else 0),
        "0.00",
        "ORIGINAL" if refund else "",
        refund.state.upper() if refund else "",
        trade.description.replace(",", " "),
        "",
        f"{-fee if refund else fee:.5f}",
        "0.60%",
        _yuan(0 if refund else trade.amount),
        _yuan(refund.amount if refund else 0),
        "",
    )


def _marked(*fields: object) -> str:
    return ",".join(f"`{field}" for field in fields)


def _yuan(amount: int) -> str:
    return f"{amount / 100:.2f}"
