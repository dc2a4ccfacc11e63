"""Reads Alipay's daily trade bill: a zip with a GBK table of details, in yuan and Beijing time."""

import csv
import hashlib
import io
import re
import zipfile
from datetime import date, datetime
from zoneinfo import ZoneInfo

from server.providers.payment import BadBill, BillFile, BillRow, by_name, read_yuan

BEIJING = ZoneInfo("Asia/Shanghai")
# 64 MiB: a city's busiest day is 20; whatever unpacks to more is not a bill.
MOST = 64 * 1024**2
_SUMMARY = re.compile(r"#(交易|退款)合计：(\d+)笔(?:，商家实收(?:退款)?共(-?[\d.]+)元)?")


def read_bill(content: bytes, *, day: date) -> BillFile:
    """Read a bill as it was downloaded; raises BadBill."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            details = [one for one in packed.infolist() if _name(one).endswith("业务明细.csv")]
            if len(details) != 1 or details[0].file_size > MOST:
                raise BadBill("there is no table of details")
            text = packed.read(details[0]).decode("gbk")
        rows = tuple(_rows(text))
    except (zipfile.BadZipFile, UnicodeDecodeError, ValueError, KeyError, csv.Error) as error:
        raise BadBill(f"the file cannot be read: {error}") from error
    return BillFile(day=day, digest=hashlib.sha256(content).hexdigest(), rows=rows)


def _name(entry: zipfile.ZipInfo) -> str:
    """Read a name that was written in GBK, which a zip does not say of itself."""
    unicode_flag = 0x800
    if entry.flag_bits & unicode_flag:
        return entry.filename
    return entry.filename.encode("cp437").decode("gbk")


def _rows(text: str) -> list[BillRow]:
    said = {kind: (int(count), sum_) for kind, count, sum_ in _SUMMARY.findall(text)}
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines or said.keys() != {"交易", "退款"}:
        raise BadBill("the table ends before its summary")
    header, *table = csv.reader(lines)
    rows = [_row(by_name(_plain(header), _plain(line))) for line in table]
    for kind, (count, total) in said.items():
        amounts = [row.amount for row in rows if bool(row.refund_no) is (kind == "退款")]
        # Not every file names the sums; those that do are held to them.
        if len(amounts) != count or (total and abs(read_yuan(total)) != sum(amounts)):
            raise BadBill("the lines are not what the summary says")
    return rows


def _plain(line: list[str]) -> list[str]:
    return [field.strip() for field in line]


def _row(line: dict[str, str]) -> BillRow:
    refund = line["业务类型"] == "退款"
    finished = datetime.fromisoformat(line["完成时间"])
    return BillRow(
        trade_no=line["商户订单号"],
        transaction_id=line["支付宝交易号"],
        amount=abs(read_yuan(line["订单金额（元）"])),
        # A fee stands below zero, and above where it comes back with a refund.
        fee=-read_yuan(line["服务费（元）"]),
        at=finished.replace(tzinfo=BEIJING),
        refund_no=line["退款批次号/请求号"] if refund else "",
        state="SUCCESS",
    )
