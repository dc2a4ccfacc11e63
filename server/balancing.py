"""Compares each day with the providers' bills: fetches, mends what can be mended, writes it down."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from server.domain.reconciliation import (
    BillLine,
    Difference,
    DiscrepancyKind,
    Reconciliation,
    finish_day,
    keep_lines,
)
from server.domain.reconciliation.queries import days_to_compare, differences_of, of_day
from server.kernel.access import system
from server.kernel.errors import DomainError, Refused
from server.paying import Desk
from server.providers.payment import BadBill, BillFile, BillRow, Forged
from server.store.mongo import Store

log = structlog.get_logger(__name__)
BEIJING = ZoneInfo("Asia/Shanghai")
# 10:30: WeChat's bill is there after 10, Alipay's after 9.
FROM_HOUR, FROM_MINUTE = 10, 30
# 1,000 lines a unit of work: half a second of inserts, and a crash loses no more than that.
LINES_AT_ONCE = 1_000
# A week: a worker that was away over holidays catches up; providers keep bills for three months.
DAYS_BACK = 7
LOOK_EVERY = timedelta(minutes=1)
# Ten minutes: a bill that is not there yet, or cannot be read, is not asked for each second.
TRY_AGAIN_AFTER = timedelta(minutes=10)
MENDABLE = (DiscrepancyKind.MISSING_HERE, DiscrepancyKind.STATUS)


class Balancer:
    """Reconciles days with the desk's providers."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self._store = store
        self._desk = desk
        self._not_before: dict[str, datetime] = {}

    async def reconcile(self, name: str, day: date) -> Reconciliation:
        """Compare a day with a provider's bill; again, it says the same.

        Raises `Unavailable` when the bill cannot be had, and `Refused` when it cannot be read.
        """
        try:
            bill = await self._desk.bill(name, day)
        except BadBill as error:
            raise Refused("bill_unreadable", "对账单无法读取", cause=str(error)) from error
        await self._keep(name, bill)
        before = await self._differences(name, day)
        for one in before:
            if one.kind in MENDABLE:
                await self._mend(name, one)
        after = await self._differences(name, day) if before else before
        done = await self._finish(name, day, bill.digest, before, after)
        await self._look_again(name, day - timedelta(days=1))
        return done

    async def _look_again(self, name: str, day: date) -> None:
        """Compare the day before once more: what its bill has not may stand on this one."""
        known = await self._run(of_day, id=f"{name}:{day}")
        if known is not None and known.open:
            differences = await self._differences(name, day)
            await self._finish(name, day, known.digest, differences, differences)

    async def _finish(
        self,
        name: str,
        day: date,
        digest: str,
        before: Sequence[Difference],
        after: Sequence[Difference],
    ) -> Reconciliation:
        done: Reconciliation = await self._run(
            finish_day,
            provider=name,
            day=day.isoformat(),
            digest=digest,
            before=before,
            after=after,
        )
        return done

    async def catch_up(self, now: datetime) -> None:
        """Compare yesterday once its bills are there, and any of the days before that was missed."""
        local = now.astimezone(BEIJING)
        if (local.hour, local.minute) < (FROM_HOUR, FROM_MINUTE):
            return
        yesterday = local.date() - timedelta(days=1)
        for name in self._desk.names:
            if now < self._not_before.get(name, now):
                continue
            # Read once a minute, and not at all while a bill is waited for.
            self._not_before[name] = now + LOOK_EVERY
            missed = await self._run(
                days_to_compare, provider=name, until=yesterday, back=DAYS_BACK
            )
            for day in missed:
                try:
                    await self.reconcile(name, day)
                except DomainError as refusal:
                    self._not_before[name] = now + TRY_AGAIN_AFTER
                    log.warning("Day not compared", provider=name, day=str(day), cause=str(refusal))

    async def _keep(self, name: str, bill: BillFile) -> None:
        lines = [_line(name, bill.day, row) for row in bill.rows]
        for start in range(0, len(lines), LINES_AT_ONCE):
            await self._run(keep_lines, lines=lines[start : start + LINES_AT_ONCE])

    async def _mend(self, name: str, one: Difference) -> None:
        """Ask the provider itself, and take what it says: a notice was lost."""
        try:
            if one.refund:
                await self._desk.learn_refund(name, refund_no=one.number, trade_no=one.trade_no)
            else:
                await self._desk.learn(name, one.number)
        except (DomainError, Forged) as refusal:
            log.warning("Difference not mended", number=one.number, cause=str(refusal))

    async def _differences(self, name: str, day: date) -> list[Difference]:
        fee_bp = self._desk.fee_bp(name)
        found: list[Difference] = await self._run(
            differences_of, provider=name, day=day, fee_bp=fee_bp
        )
        return found

    async def _run(self, use_case: Any, **arguments: Any) -> Any:
        return await self._store.run(system("balancer"), lambda work: use_case(work, **arguments))


def _line(name: str, day: date, row: BillRow) -> BillLine:
    kind: Mapping[bool, str] = {True: "refund", False: "payment"}
    number = row.refund_no or row.trade_no
    return BillLine(
        id=f"{name}:{day}:{kind[bool(row.refund_no)]}:{number}",
        provider=name,
        day=day.isoformat(),
        trade_no=row.trade_no,
        transaction_id=row.transaction_id,
        refund_no=row.refund_no,
        amount=row.amount,
        fee=row.fee,
        at=row.at,
        state=row.state,
    )
