"""Reconciliation as finance does it: days compared, differences explained by one, agreed by another."""

from datetime import date
from typing import Any

from handlers import reconciliation_schema as schema
from handlers.base import Handler, action
from handlers.money_shows import show_books_check, show_discrepancy, show_reconciliation
from handlers.shows import Shown
from server.auditing import Auditor
from server.balancing import Balancer
from server.domain.reconciliation import approve_cause, explain_discrepancy
from server.domain.reconciliation.queries import (
    books_checks,
    discrepancies,
    reconciliation_of,
    reconciliations,
)
from server.kernel.access import Audience


class Reconciliations(Handler):
    """`/reconciliations`."""

    path = "/api/console/reconciliations"
    audience = Audience.CONSOLE

    @action("对账日", permit="money.watch", answer=schema.Reconciliations)
    async def get(self) -> Shown:
        """List the days that were compared."""
        return {"items": [show_reconciliation(one) for one in await self.run(reconciliations)]}

    @action(
        "执行对账",
        permit="money.reconcile",
        body=schema.ReconcileBody,
        answer=schema.Reconciliation,
        once=True,
    )
    async def post(self, provider: str, day: date) -> Shown:
        """Compare a provider's day, again or for the first time."""
        balancer = Balancer(self.app.store, self.app.desk)
        done = await balancer.reconcile(provider, day)
        return show_reconciliation(await self.run(reconciliation_of, id=done.id))


class Discrepancies(Handler):
    """`/discrepancies`."""

    path = "/api/console/discrepancies"
    audience = Audience.CONSOLE

    @action(
        "对账差异",
        permit="money.watch",
        query=schema.DiscrepanciesQuery,
        answer=schema.Discrepancies,
    )
    async def get(self, **asked: Any) -> Shown:
        """List differences."""
        found = await self.run(discrepancies, **asked)
        return {"items": [show_discrepancy(one) for one in found]}


class BooksChecks(Handler):
    """`/books-checks`."""

    path = "/api/console/books-checks"
    audience = Audience.CONSOLE

    @action("账簿核查", permit="money.watch", answer=schema.BooksChecks)
    async def get(self) -> Shown:
        """List when the books were checked against themselves, and what was found."""
        return {"items": [show_books_check(one) for one in await self.run(books_checks)]}

    @action("立即核查账簿", permit="money.reconcile", answer=schema.BooksCheck, once=True)
    async def post(self) -> Shown:
        """Check them now."""
        auditor = Auditor(self.app.store)
        return show_books_check(await auditor.check_and_note(self.request_key))


class DiscrepancyCause(Handler):
    """`/discrepancies/{discrepancy_id}/cause`."""

    path = "/api/console/discrepancies/{discrepancy_id}/cause"
    audience = Audience.CONSOLE

    @action(
        "说明差异原因",
        permit="money.reconcile",
        body=schema.CauseBody,
        answer=schema.Discrepancy,
        once=True,
    )
    async def post(self, discrepancy_id: str, cause: str) -> Shown:
        """Say why something differs."""
        found = await self.run(explain_discrepancy, discrepancy_id=discrepancy_id, cause=cause)
        return show_discrepancy(found)


class DiscrepancyApproval(Handler):
    """`/discrepancies/{discrepancy_id}/approval`."""

    path = "/api/console/discrepancies/{discrepancy_id}/approval"
    audience = Audience.CONSOLE

    @action("复核差异", permit="money.reconcile", answer=schema.Discrepancy, once=True)
    async def post(self, discrepancy_id: str) -> Shown:
        """Agree to what somebody else has said."""
        return show_discrepancy(await self.run(approve_cause, discrepancy_id=discrepancy_id))
