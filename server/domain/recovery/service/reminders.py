"""Use cases of reminders: planned by the ladder or by hand, sent outside, and written down."""

from dataclasses import dataclass

from server.domain.identity import Account, mask_phone
from server.domain.recovery.events import ReminderIssued
from server.domain.recovery.model import RecoveryCase
from server.domain.recovery.model.reminders import Reminder, ReminderChannel, ReminderState
from server.domain.recovery.rules.reminding import (
    Channels,
    check_reminder,
    next_reminder,
    quiet_until,
    retry_at,
    text_of,
    variables_of,
)
from server.domain.recovery.service import about, case_in_sight, move
from server.domain.recovery.service.links import owed_by, sign
from server.domain.stay import policy_for
from server.kernel.nouns import replace
from server.kernel.work import Work


@dataclass(frozen=True, slots=True)
class Letter:
    """What the provider of text messages is to be given."""

    reminder_id: str
    phone: str
    variables: dict[str, str]
    token: str


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
            amount=case.amount,
            count=case.count,
            text=text_of(case),
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


async def begin_sending(work: Work, *, reminder_id: str, key: str) -> Letter | None:
    """Take a reminder up to send it; none where it is not to be sent, or not now.

    From here on it is never sent anew unless it is known that nothing has gone.
    """
    rows = work.table(Reminder)
    reminder = await rows.get(reminder_id)
    if reminder.send_at is None or work.now < reminder.send_at:
        return None
    case = await work.table(RecoveryCase).get(reminder.case_id)
    policy = await policy_for(work, organization_id=case.organization_id)
    if not case.pursued:
        rows.save(replace(reminder, state=ReminderState.CANCELLED, send_at=None))
        return None
    until = quiet_until(work.now, policy)
    if until is not None:
        rows.save(replace(reminder, send_at=until))
        return None
    account = await work.table(Account).maybe(reminder.owner_id)
    if account is None or account.phone is None:
        failed = replace(reminder, state=ReminderState.FAILED, failure="phone_unknown")
        rows.save(replace(failed, send_at=None))
        return None
    organization_id = case.organization_id
    bills = await owed_by(work, plate=case.plate, organization_id=organization_id)
    owed = {one.stay_id for one in case.standing()}
    behind = [bill for bill in bills if bill.stay_id in owed]
    signed = sign(work, behind, plate=case.plate, organization_id=organization_id, key=key)
    rows.save(
        replace(
            reminder,
            state=ReminderState.SENDING,
            attempts=reminder.attempts + 1,
            send_at=None,
            phone=mask_phone(account.phone),
        )
    )
    return Letter(reminder.id, account.phone, variables_of(case), signed.token)


async def note_sent(work: Work, *, reminder_id: str, receipt: str) -> None:
    """Write down that the provider took a reminder."""
    rows = work.table(Reminder)
    reminder = await rows.get(reminder_id)
    sent = replace(reminder, state=ReminderState.SENT, receipt=receipt, failure=None)
    rows.save(replace(sent, sent_at=work.now))


async def note_failed(work: Work, *, reminder_id: str, failure: str, again: bool) -> None:
    """Write down why a reminder was not sent; `again` says that nothing has gone for sure."""
    rows = work.table(Reminder)
    reminder = await rows.get(reminder_id)
    policy = await policy_for(work, organization_id=reminder.organization_id)
    next_at = retry_at(work.now, reminder.attempts, policy) if again else None
    failed = replace(reminder, state=ReminderState.FAILED, failure=failure)
    rows.save(replace(failed, send_at=next_at))
