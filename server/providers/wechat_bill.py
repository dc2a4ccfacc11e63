"""Reads WeChat Pay's daily trade bill: CSV with a mark before each field, yuan, Beijing time."""

import csv
import hashlib
from datetime import date, datetime
from zoneinfo import ZoneInfo

from server.providers.payment import BadBill, BillFile, BillRow, by_name, read_yuan

BEIJING = ZoneInfo("Asia/Shanghai")
SUMMARY = "总交易单数"


def read_bill(content: bytes, *, day: date, digest: str) -> BillFile:
    """Read an unpacked bill whose SHA1 must be `digest`; raises BadBill."""
    found = hashlib.sha1(content).hexdigest()  # noqa: S324 - the provider's choice
    if found != digest.lower():
        raise BadBill("the file is not the one that was promised")
    try:
        lines = list(csv.reader(content.decode("utf-8-sig").splitlines()))
        rows = tuple(_rows(lines))
    except (UnicodeDecodeError, ValueError, KeyError, csv.Error) as error:
        raise BadBill(f"the file cannot be read: {error}") from error
    return BillFile(day=day, digest=found, rows=rows)


def _rows(lines: list[list[str]]) -> list[BillRow]:
    if not lines:
        raise BadBill("the file is empty")
    header = [name.strip() for name in lines[0]]
    ends = next((i for i, line in enumerate(lines) if line and line[0] == SUMMARY), None)
    if ends is None or ends + 1 >= len(lines):
        raise BadBill("the file ends before its summary")
    rows = [_row(by_name(header, _plain(line))) for line in lines[1:ends]]
    said = by_name(lines[ends], _plain(lines[ends + 1]))
    paid = sum(row.amount for row in rows if not row.refund_no)
    back = sum(row.amount for row in rows if row.refund_no)
    summed = (read_yuan(said["订单总金额"]), read_yuan(said["申请退款总金额"]))
    if int(said[SUMMARY]) != len(rows) or summed != (paid, back):
        raise BadBill("the lines are not what the summary says")
    return rows


def _plain(line: list[str]) -> list[str]:
    return [field.removeprefix("`") for field in line]


def _row(line: dict[str, str]) -> BillRow:
    refund = line["交易状态"] in ("REFUND", "REVOKED")
    # What the payer's coupons paid is in the order's amount; the merchant gets all of it.
    amount = line["申请退款金额"] if refund else line["订单金额"]
    return BillRow(
        trade_no=line["商户订单号"],
        transaction_id=line["微信订单号"],
        amount=read_yuan(amount),
        fee=_fee(line["手续费"]),
        at=datetime.strptime(line["交易时间"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING),
        refund_no=line["商户退款单号"] if refund else "",
        state=line["退款状态"] if refund else line["交易状态"],
    )


def _fee(text: str) -> int:
    """Read a fee, which is written to a thousandth of a fen; what is below a fen is dropped."""
    whole, _, cents = text.partition(".")
    return read_yuan(f"{whole}.{cents[:2] or '0'}")
