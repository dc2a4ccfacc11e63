"""Use cases of reminders: planned by the ladder or by hand, sent outside, and written down."""

from dataclasses import dataclass
from datetime import datetime

from server.domain.identity import Account, Organization, mask_phone
from server.domain.recovery.events import ReminderIssued, ReminderReported
from server.domain.recovery.model import RecoveryCase
from server.domain.recovery.model.reminders import Reminder, ReminderChannel, ReminderState
from server.domain.recovery.model.templates import MessageTemplate
from server.domain.recovery.rules.reminding import (
    Channels,
    asked_again_at,
    check_reminder,
    next_reminder,
    quiet_until,
    retry_at,
    text_of,
    variables_of,
)
from server.domain.recovery.rules.templates import chosen, kind_for
from server.domain.recovery.service import about, case_in_sight, move
from server.domain.recovery.service.links import owed_by, sign
from server.domain.recovery.service.templates import template_id
from server.domain.stay import policy_for
from server.kernel.nouns import replace
from server.kernel.work import Work


@dataclass(frozen=True, slots=True)
class Letter:
    """What the provider of text messages is to be given: its template, and the variables of it."""

    reminder_id: str
    phone: str
    template: str
    variables: dict[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """What the provider is asked: whether this message arrived at this phone."""

    reminder_id: str
    phone: str
    receipt: str
    sent_at: datetime


async def remind_now(work: Work, *, case_id: str, channels: Channels) -> Reminder:
    """Remind beyond the ladder, within its limits."""
    case = await case_in_sight(work, case_id=case_id)
    policy = await policy_for(work, organization_id=case.organization_id)
    check_reminder(case, channels, policy, now=work.now)
    return await _remind(work, case, channels, by=work.actor.id)


async def act_on(work: Work, case: RecoveryCase) -> None:
    """Do what the time has come for: a reminder, or another state."""
    policy = await policy_for(work, organization_id=case.organization_id)
    due = next_reminder(case, policy, now=work.now)
    if due is not None and due.at <= work.now:
        await _remind(work, case, due.channels, by=None)
    else:
        await move(work, case, case)


async def _remind(
    work: Work, case: RecoveryCase, channels: Channels, *, by: str | None
) -> Reminder:
    """Make the next reminder of a case; the owner's screen has it at once, the phone a little later."""
    assert case.owner_id is not None
    by_sms = ReminderChannel.SMS in channels
    number = case.reminders + 1
    reminder = work.table(Reminder).add(
        Reminder(
            id=f"{case.id}:{number}",
            case_id=case.id,
            number=number,
            plate=case.plate,
            organization_id=case.organization_id,
            owner_id=case.owner_id,
            channels=channels,
            state=ReminderState.PLANNED if by_sms else ReminderState.SENT,
            amount=case.own_amount,
            count=case.own_count,
            text=text_of(case),
            division_codes=tuple(dict.fromkeys(one.division_code for one in case.standing())),
            by=by,
            planned_at=work.now,
            send_at=work.now if by_sms else None,
            sent_at=None if by_sms else work.now,
        )
    )
    counted = replace(
        case,
        reminders=number,
        steps=case.steps + (by is None),
        last_reminded_at=work.now,
    )
    moved = await move(work, case, counted)
    work.tell(
        ReminderIssued(at=work.now, reminder_id=reminder.id, text=reminder.text, **about(moved))
    )
    return reminder


async def begin_sending(work: Work, *, reminder_id: str, key: str, default: str) -> Letter | None:
    """Take a reminder up to send it; none where it is not to be sent, or not now.

    From here on it is never sent anew unless it is known that nothing has gone. `default` is the
    template of whoever has none of his own.
    """
    rows = work.table(Reminder)
    reminder = await rows.get(reminder_id)
    if reminder.send_at is None or work.now < reminder.send_at:
        return None
    case = await work.table(RecoveryCase).get(reminder.case_id)
    policy = await policy_for(work, organization_id=case.organization_id)
    if not case.pursued or case.owner_id != reminder.owner_id:
        rows.save(replace(reminder, state=ReminderState.CANCELLED, send_at=None))
        return None
    until = quiet_until(work.now, policy)
    if until is not None:
        rows.save(replace(reminder, send_at=until))
        return None
    phone = await _phone_of(work, reminder)
    template = await _template_for(work, case, default)
    if phone is None or template is None:
        failure = "phone_unknown" if phone is None else "template_not_set"
        failed = replace(reminder, state=ReminderState.FAILED, failure=failure)
        _tell(work, rows.save(replace(failed, send_at=None)))
        return None
    code, named = template
    values = await _values(work, case, key=key)
    rows.save(
        replace(
            reminder,
            state=ReminderState.SENDING,
            attempts=reminder.attempts + 1,
            send_at=None,
            phone=mask_phone(phone),
            template=code,
        )
    )
    return Letter(reminder.id, phone, code, {name: values[name] for name in named})


async def _phone_of(work: Work, reminder: Reminder) -> str | None:
    account = await work.table(Account).maybe(reminder.owner_id)
    return account.phone if account else None


async def _template_for(
    work: Work, case: RecoveryCase, default: str
) -> tuple[str, tuple[str, ...]] | None:
    id = template_id(case.organization_id, kind_for(case.state))
    return chosen(await work.table(MessageTemplate).maybe(id), default)


async def _values(work: Work, case: RecoveryCase, *, key: str) -> dict[str, str]:
    """Give all that a message may say of a case, with a link that opens its debts."""
    organization_id = case.organization_id
    bills = await owed_by(work, plate=case.plate, organization_id=organization_id)
    owed = {one.stay_id for one in case.own}
    behind = [bill for bill in bills if bill.stay_id in owed]
    signed = sign(work, behind, plate=case.plate, organization_id=organization_id, key=key)
    operator = await work.table(Organization).maybe(organization_id)
    named = {"link": signed.token, "operator": operator.name if operator else ""}
    return {**variables_of(case), **named}


async def note_sent(work: Work, *, reminder_id: str, receipt: str) -> None:
    """Write down that the provider took a reminder; it is asked soon whether it arrived."""
    rows = work.table(Reminder)
    reminder = await rows.get(reminder_id)
    sent = replace(reminder, state=ReminderState.SENT, receipt=receipt, failure=None)
    ask_at = asked_again_at(work.now, 0)
    _tell(work, rows.save(replace(sent, sent_at=work.now, ask_at=ask_at, asks=0)))


async def note_failed(work: Work, *, reminder_id: str, failure: str, again: bool) -> None:
    """Write down why a reminder was not sent; `again` says that nothing has gone for sure."""
    rows = work.table(Reminder)
    reminder = await rows.get(reminder_id)
    policy = await policy_for(work, organization_id=reminder.organization_id)
    next_at = retry_at(work.now, reminder.attempts, policy) if again else None
    failed = replace(reminder, state=ReminderState.FAILED, failure=failure)
    _tell(work, rows.save(replace(failed, send_at=next_at)))


async def begin_asking(work: Work, *, reminder_id: str) -> Question | None:
    """Take a reminder up to ask whether it arrived; none where nobody is to be asked, or not now.

    It is asked again later whatever comes of this, until the provider says so or time is up.
    """
    rows = work.table(Reminder)
    reminder = await rows.get(reminder_id)
    if reminder.ask_at is None or work.now < reminder.ask_at:
        return None
    asks = reminder.asks + 1
    phone = await _phone_of(work, reminder)
    known = phone is not None and mask_phone(phone) == reminder.phone
    ask_at = asked_again_at(work.now, asks) if known else None
    rows.save(replace(reminder, asks=asks, ask_at=ask_at))
    if phone is None or not known or reminder.receipt is None or reminder.sent_at is None:
        return None
    return Question(reminder.id, phone, reminder.receipt, reminder.sent_at)


async def note_report(
    work: Work, *, reminder_id: str, delivered: bool, failure: str | None, at: datetime | None
) -> None:
    """Write down what the provider says became of a message; said again, it changes nothing.

    What did not arrive is not sent anew: the phone is off, barred or gone, and a case has other steps.
    """
    rows = work.table(Reminder)
    reminder = await rows.get(reminder_id)
    if reminder.state is not ReminderState.SENT:
        return
    state = ReminderState.DELIVERED if delivered else ReminderState.FAILED
    told = replace(reminder, state=state, failure=failure, ask_at=None)
    _tell(work, rows.save(replace(told, reported_at=at or work.now)))


def _tell(work: Work, reminder: Reminder) -> None:
    work.tell(
        ReminderReported(
            at=work.now,
            reminder_id=reminder.id,
            case_id=reminder.case_id,
            organization_id=reminder.organization_id,
            state=reminder.state,
            failure=reminder.failure,
        )
    )
