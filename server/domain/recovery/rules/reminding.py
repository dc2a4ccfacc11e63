"""When somebody is reminded, how, and what is said. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from string import Formatter
from zoneinfo import ZoneInfo

from server.domain.recovery.model import RecoveryCase, RecoveryState
from server.domain.recovery.model.reminders import ReminderChannel
from server.domain.stay import Policy
from server.domain.vehicle import mask_plate
from server.kernel.errors import Invalid, Refused
from server.kernel.money import yuan

Channels = tuple[ReminderChannel, ...]
# 3 times, a minute, then ten apart: a provider that is away for longer has bigger troubles.
ATTEMPTS = 3
RETRY_AFTER_MIN = (1, 10)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the ladder: how many days after a case was opened, and how."""

    days: int
    channels: Channels


@dataclass(frozen=True, slots=True)
class Planned:
    """The next reminder: when, and how."""

    at: datetime
    channels: Channels


def ladder_of(policy: Policy) -> list[Step]:
    """Read the ladder: `0:app,3:app+sms`."""
    steps = (part.split(":") for part in policy.reminder_ladder.split(","))
    return [
        Step(int(days), tuple(ReminderChannel(one) for one in how.split("+")))
        for days, how in steps
    ]


def quiet_until(at: datetime, policy: Policy) -> datetime | None:
    """Tell when the quiet hours end in which an instant lies; none where it lies in none."""
    zone = ZoneInfo(policy.time_zone)
    local = at.astimezone(zone)
    begin, end = policy.quiet_from_h, policy.quiet_to_h
    over_midnight = begin > end
    inside = (
        (local.hour >= begin or local.hour < end) if over_midnight else (begin <= local.hour < end)
    )
    if not inside:
        return None
    day = local.date() + timedelta(days=over_midnight and local.hour >= begin)
    return datetime.combine(day, time(end), zone).astimezone(UTC)


def next_reminder(case: RecoveryCase, policy: Policy, *, now: datetime) -> Planned | None:
    """Tell when a case's next step is due, never in quiet hours; none where there is no next."""
    steps = ladder_of(policy)
    wanted = case.pursued and case.owner_id and case.own_amount >= max(1, policy.remind_least)
    if not wanted or case.steps >= len(steps) or case.reminders >= policy.reminders_max:
        return None
    step = steps[case.steps]
    at = case.opened_at + timedelta(days=step.days)
    if case.last_reminded_at is not None:
        at = max(at, case.last_reminded_at + timedelta(hours=policy.reminder_gap_h))
    return Planned(quiet_until(max(at, now), policy) or at, step.channels)


def check_reminder(
    case: RecoveryCase, channels: Channels, policy: Policy, *, now: datetime
) -> None:
    """Refuse a reminder that somebody wants now where it must not be; what makes no sound may be
    sent in quiet hours."""
    if not case.open:
        raise Refused("arrears_closed", "该追缴记录已结束", case_id=case.id)
    if case.state is RecoveryState.DISPUTED or not case.pursued:
        raise Refused("arrears_frozen", "该追缴记录已冻结", case_id=case.id)
    if case.owner_id is None:
        raise Refused("owner_unknown", "车主未绑定，无法催缴", case_id=case.id)
    if case.own_amount < max(1, policy.remind_least):
        raise Refused("amount_too_small", "欠费金额未达到催缴起点", least=policy.remind_least)
    if case.reminders >= policy.reminders_max:
        raise Refused("reminders_exhausted", "催缴次数已达上限", most=policy.reminders_max)
    if case.last_reminded_at is not None:
        again = case.last_reminded_at + timedelta(hours=policy.reminder_gap_h)
        if now < again:
            raise Refused("reminder_too_soon", "距上次催缴时间过短", next_at=again.isoformat())
    until = quiet_until(now, policy)
    if until is not None and ReminderChannel.SMS in channels:
        raise Refused("quiet_hours", "免打扰时段不能发送短信", until=until.isoformat())


def retry_at(now: datetime, attempts: int, policy: Policy) -> datetime | None:
    """Tell when a message that failed is tried again, never in quiet hours; none at the last try."""
    if attempts >= ATTEMPTS:
        return None
    at = now + timedelta(minutes=RETRY_AFTER_MIN[min(attempts, len(RETRY_AFTER_MIN)) - 1])
    return quiet_until(at, policy) or at


# Most are reported within seconds; a phone that is off is given up by its network after two days.
ASK_AFTER_S = (10, 60, 300, 1_800, 7_200, 43_200, 86_400, 86_400)


def asked_again_at(now: datetime, asks: int) -> datetime | None:
    """Tell when to ask next whether a message arrived, after so many times; none after the last."""
    return now + timedelta(seconds=ASK_AFTER_S[asks]) if asks < len(ASK_AFTER_S) else None


VARIABLES = frozenset({"plate", "count", "amount"})
SCENES: Mapping[RecoveryState, str] = {
    RecoveryState.DUE: "您的车辆{plate}有{count}笔停车费待缴，共{amount}，请及时缴纳。",
    RecoveryState.REMINDED: "您的车辆{plate}仍有{count}笔停车费未缴，共{amount}，请尽快缴纳。",
    RecoveryState.OVERDUE: "您的车辆{plate}有{count}笔停车费已逾期，共{amount}，请尽快缴清。",
    RecoveryState.RESTRICTED: "您的车辆{plate}欠缴停车费{count}笔，共{amount}，停车将受限，请立即缴清。",
}


def check_scene(text: str) -> str:
    """Give a scene's text if it names each variable, and no other; refuses it otherwise."""
    named = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    if named != VARIABLES:
        wrong = sorted(named ^ VARIABLES)
        raise Invalid("template_invalid", "模板变量不正确", variables=wrong)
    return text


def variables_of(case: RecoveryCase) -> dict[str, str]:
    """Give what a reminder says of a case; whoever else reads the phone learns no whole plate."""
    return {
        "plate": mask_plate(case.plate.number),
        "count": str(case.own_count),
        "amount": yuan(case.own_amount),
    }


def text_of(case: RecoveryCase) -> str:
    """Write what a person reads, by how the case stands."""
    return check_scene(SCENES[case.state]).format(**variables_of(case))
