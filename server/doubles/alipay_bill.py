"""Writes the daily trade bill as Alipay does: a zip with a table in GBK, yuan and Beijing time."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime

from server.doubles.bills import BEIJING, billed_on, day_of
from server.doubles.trades import Refund, Trade

BILL_HEADER = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,"
    "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)


def write_bill(
    trades: Sequence[Trade], *, day: date, seller_id: str, sum_more: int = 0
) -> bytes | None:
    """Write a day's bill as Alipay does: a zip with a table in GBK; none where nothing was.

    The sum says so much more than the lines.
    """
    paid = [trade for trade in trades if billed_on(trade) == day]
    back = [(trade, one) for trade in trades for one in trade.refunds if day_of(one.at) == day]
    lines = [*(_line(trade, None) for trade in paid), *(_line(*one) for one in back)]
    if not lines:
        return None
    taken = _yuan(sum(trade.amount for trade in paid) + sum_more)
    given = _yuan(-sum(one.amount for _, one in back))
    head = ["#支付宝业务明细查询", f"#账号：[{seller_id}]", "#-----业务明细列表-----", BILL_HEADER]
    tail = [
        "#-----业务明细列表结束-----",
        f"#交易合计：{len(paid)}笔，商家实收共{taken}元，商家优惠共0.00元",
        f"#退款合计：{len(back)}笔，商家实收退款共{given}元，商家优惠退款共0.00元",
        "",
    ]
    table = "\r\n".join([*head, *lines, *tail]).encode("gbk")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{seller_id}_{day:%Y%m%d}_业务明细.csv", table)
    return packed.getvalue()


def _line(trade: Trade, refund: Refund | None) -> str:
    amount = -refund.amount if refund else trade.amount
    fields = [""] * len(BILL_HEADER.split(","))
    fields[0:6] = [
        trade.transaction_id,
        trade.trade_no,
        "退款" if refund else "交易",
        trade.description.replace(",", " "),
        _local(trade.created_at),
        _local(refund.at if refund else trade.paid_at),
    ]
    fields[11] = fields[12] = _yuan(amount)
    fields[21] = refund.refund_no if refund else ""
    fields[22] = _yuan(0 if refund else -(trade.amount * 60 // 10_000 + trade.fee_more))
    return ",".join(f"{field}\t" for field in fields)


def _yuan(amount: int) -> str:
    return f"{amount / 100:.2f}"


def _local(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
