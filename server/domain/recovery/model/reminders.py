"""催缴 (reminder): nouns."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.domain.vehicle import Plate
from server.kernel.money import Fen
from server.kernel.table import index, table


class ReminderChannel(StrEnum):
    """站内信 · 短信."""

    APP = "app"
    SMS = "sms"


class ReminderState(StrEnum):
    """Where a reminder is in its life. One that is sending is never sent anew: it may have gone.

    A text message is sent when the provider has taken it, and delivered when the phone has it.
    """

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One reminder of a case; its id is the case's with its number, so that there is one a step.

    `by` is whoever wanted it beyond the ladder. It has the provider's `receipt`, or the code of its
    `failure`: ours where it was not taken, the provider's where it did not arrive. `send_at` is when
    it is to be sent, or tried again; `ask_at` when the provider is asked whether it arrived, after
    `asks` times. Phones are kept masked.
    """

    id: str
    v: int = 0
    case_id: str
    number: int
    plate: Plate
    organization_id: str
    owner_id: str
    channels: tuple[ReminderChannel, ...]
    state: ReminderState
    amount: Fen
    count: int
    text: str
    by: str | None = None
    planned_at: datetime
    send_at: datetime | None = None
    attempts: int = 0
    sent_at: datetime | None = None
    phone: str | None = None
    receipt: str | None = None
    failure: str | None = None
    template: str | None = None
    division_codes: tuple[str, ...] = ()
    ask_at: datetime | None = None
    asks: int = 0
    reported_at: datetime | None = None

    @property
    def by_sms(self) -> bool:
        """Say whether it goes to a phone."""
        return ReminderChannel.SMS in self.channels


REMINDERS = table(
    Reminder,
    "reminders",
    index("case_id", "number"),
    index("organization_id", "-_id"),
    index("send_at", where={"send_at": {"$type": "date"}}),
    index("ask_at", where={"ask_at": {"$type": "date"}}),
)
