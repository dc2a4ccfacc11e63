"""Carries reminders to the provider of text messages, and its answers back.

Nothing is sent inside a unit of work: that a message is taken up is committed first, what became of
it after. One that may have gone is never sent anew, so that nobody gets two. Whether it arrived is
asked later: the provider's answer is signed for, while a notice from outside could be anybody's.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from pymongo.errors import PyMongoError

from server.domain.recovery import (
    Letter,
    Question,
    begin_asking,
    begin_sending,
    note_failed,
    note_report,
    note_sent,
)
from server.domain.recovery.queries import reminders_to_ask, reminders_to_send
from server.kernel.access import system
from server.kernel.errors import DomainError, Invalid, Unavailable
from server.providers import SmsReport
from server.store.lease import Lease
from server.store.mongo import Store
from server.store.stopping import stop_if_cancelled

log = logging.getLogger(__name__)
POST = system("reminders")
# 2 s: nobody waits for a reminder.
EVERY_S = 2.0
LEASE_S = 10.0


class Sender(Protocol):
    """Sends a text message by a provider's template."""

    async def send(self, *, phone: str, template: str, params: Mapping[str, str]) -> str:
        """Send it; gives the provider's id of the message."""
        ...

    async def report(self, *, phone: str, message_id: str, sent_at: datetime) -> SmsReport:
        """Ask what became of it."""
        ...


class Post:
    """Sends the reminders that are due."""

    def __init__(self, store: Store, sms: Sender, *, template: str, key: str) -> None:
        self._store = store
        self._sms = sms
        self._template = template
        self._key = key

    async def send_due(self) -> int:
        """Send all that is due now; gives how many were given to the provider."""
        sent = 0
        for reminder in await self._run(reminders_to_send):
            try:
                letter = await self._run(
                    begin_sending,
                    reminder_id=reminder.id,
                    key=self._key,
                    default=self._template,
                )
            except DomainError as refusal:  # its bills are being paid this very moment
                log.warning("Reminder put off", extra={"cause": refusal.code})
                continue
            if letter is not None:
                await self._send(letter)
                sent += 1
        return sent

    async def ask_due(self) -> int:
        """Ask about all whose receipt is due; gives of how many is known what became of them."""
        known = 0
        for reminder in await self._run(reminders_to_ask):
            question = await self._run(begin_asking, reminder_id=reminder.id)
            known += question is not None and await self._ask(question)
        return known

    async def run(self, *, holder: str) -> None:
        """Send what is due until cancelled, in one process at a time."""
        lease = Lease(self._store.database, name="reminders", holder=holder, lasts_s=LEASE_S)
        while True:
            stop_if_cancelled()
            try:
                if await lease.take():
                    await self.send_due()
                    await self.ask_due()
            except (PyMongoError, Unavailable):
                log.warning("Reminders wait: the store is away")
            await asyncio.sleep(EVERY_S)

    async def _send(self, letter: Letter) -> None:
        named = {"reminder_id": letter.reminder_id}
        try:
            receipt = await self._sms.send(
                phone=letter.phone, template=letter.template, params=letter.variables
            )
        except DomainError as refusal:
            surely_not_sent = not refusal.fields.get("unanswered")
            again = surely_not_sent and not isinstance(refusal, Invalid)
            await self._run(note_failed, failure=refusal.code, again=again, **named)
            return
        await self._run(note_sent, receipt=receipt, **named)

    async def _ask(self, question: Question) -> bool:
        try:
            report = await self._sms.report(
                phone=question.phone, message_id=question.receipt, sent_at=question.sent_at
            )
        except DomainError:
            return False  # it is asked again in any case
        if report.delivered is None:
            return False
        said = {"delivered": report.delivered, "failure": report.failure, "at": report.at}
        await self._run(note_report, reminder_id=question.reminder_id, **said)
        return True

    async def _run(self, use_case: Any, **arguments: Any) -> Any:
        return await self._store.run(POST, lambda work: use_case(work, **arguments))
