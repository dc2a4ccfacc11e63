"""Reminders: never at night, never too many, never twice, never while frozen; sent and written down."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.identity import Organization, enrol
from server.domain.recovery import (
    Debt,
    DebtState,
    Freeze,
    RecoveryCase,
    RecoveryState,
    Reminder,
    ReminderChannel,
    ReminderIssued,
    ReminderState,
    freeze_case,
    open_link,
    remind_now,
)
from server.domain.recovery.jobs import advance_arrears
from server.domain.recovery.model import ENDS, MOVES
from server.domain.recovery.rules import follow
from server.domain.recovery.rules.reminding import (
    SCENES,
    check_scene,
    ladder_of,
    next_reminder,
    quiet_until,
)
from server.domain.stay import Policy, change_policy
from server.kernel.access import ANYONE
from server.kernel.errors import DomainError, Invalid, Unavailable
from server.providers import SmsReport
from server.reminding import Post
from tests.domain.arrears import CLERK, after_grace, people, stayed, the_case
from tests.domain.money import PLATE, rows
from tests.world import NOON, World

CITY = ZoneInfo("Asia/Shanghai")
KEY = "a key of the tests that is long enough"


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Draw how an operator wants arrears to be pursued."""
    days = sorted(draw(st.lists(st.integers(0, 60), min_size=1, max_size=6)))
    ways = [draw(st.sampled_from(["app", "sms", "app+sms"])) for _ in days]
    return Policy(
        reminder_ladder=",".join(f"{day}:{way}" for day, way in zip(days, ways, strict=True)),
        reminders_max=draw(st.integers(0, 6)),
        reminder_gap_h=draw(st.integers(0, 100)),
        quiet_from_h=draw(st.integers(0, 23)),
        quiet_to_h=draw(st.integers(0, 23)),
        remind_least=draw(st.integers(0, 800)),
        overdue_days=draw(st.integers(1, 30)),
        restrict_days=draw(st.integers(1, 90)),
        restrict_amount=draw(st.integers(1, 2_000)),
    )


def debt(number: int, amount: int, at: datetime) -> Debt:
    """Make a debt of so much."""
    return Debt(
        stay_id=f"s{number}",
        bill_id=f"b{number}",
        owner_id="m",
        place_id="s1",
        place_name="福华路",
        division_code="440304",
        berth_code="440304001",
        arrived_at=at,
        left_at=at,
        owed_since=at,
        past_due_at=at,
        due=amount,
        paid=0,
        waived=0,
        open=amount,
    )


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 100 * 60)),
        st.tuples(st.just("owe"), st.integers(1, 900)),
        st.tuples(st.just("dispute"), st.integers(0, 5)),
        st.tuples(st.just("pay"), st.integers(0, 5)),
        st.tuples(st.just("freeze"), st.just(0)),
        st.tuples(st.just("thaw"), st.just(0)),
    ),
    max_size=40,
)


@dataclass
class Life:
    """A case's life by the clock: what happens to it, and the reminders that come of that."""

    policy: Policy
    case: RecoveryCase
    now: datetime = NOON
    made: list[tuple[datetime, int, RecoveryCase]] = field(default_factory=list)
    states: list[RecoveryState] = field(default_factory=list)

    def happen(self, what: str, number: int) -> None:
        """Let one thing happen."""
        debts = self.case.debts
        if what == "wait":
            self.now += timedelta(minutes=number)
        elif what == "owe":
            debts = (*debts, debt(len(debts), number, self.now))
        elif what in ("dispute", "pay") and number < len(debts):
            state = DebtState.FROZEN if what == "dispute" else DebtState.PAID
            changed = replace(debts[number], state=state)
            debts = (*debts[:number], changed, *debts[number + 1 :])
        elif what == "freeze" and self.case.freeze is None:
            frozen = (*self.case.freezes, Freeze(reason="r", by="c", at=self.now))
            self.case = replace(self.case, freezes=frozen)
        elif what == "thaw" and self.case.freeze is not None:
            over = replace(self.case.freezes[-1], until=self.now)
            self.case = replace(self.case, freezes=(*self.case.freezes[:-1], over))
        self.follow(debts)

    def follow(self, debts: tuple[Debt, ...]) -> None:
        """Say anew how the case stands, and remind where it is time."""
        if not self.case.open:
            return
        before = self.case.state
        self.case = follow(self.case, debts, self.policy, now=self.now)
        self.states.append(self.case.state)
        assert self.case.state is before or self.case.state in MOVES[before]
        due = next_reminder(self.case, self.policy, now=self.now)
        if due is not None and due.at <= self.now:
            self.made.append((self.now, self.case.reminders + 1, self.case))
            counted = replace(
                self.case,
                reminders=self.case.reminders + 1,
                steps=self.case.steps + 1,
                last_reminded_at=self.now,
            )
            self.case = follow(counted, debts, self.policy, now=self.now)


@given(policy=policies(), events=EVENTS)
def test_whatever_happens_reminders_keep_to_their_limits(
    policy: Policy, events: list[tuple[str, int]]
) -> None:
    first = debt(0, 500, NOON)
    blank = RecoveryCase(
        id="c", plate=PLATE, organization_id="city", owner_id="m", oldest_at=NOON, opened_at=NOON
    )
    life = Life(policy, blank)
    life.follow((first,))
    for what, number in events:
        life.happen(what, number)

    assert len(life.made) <= min(policy.reminders_max, len(ladder_of(policy)))
    assert len({number for _, number, _ in life.made}) == len(life.made)
    for at, _, case in life.made:
        assert quiet_until(at, policy) is None
        assert case.state is not RecoveryState.DISPUTED
        assert case.amount >= max(1, policy.remind_least)
        assert case.freeze is None
    gap = timedelta(hours=policy.reminder_gap_h)
    for (before, _, _), (after, _, _) in zip(life.made, life.made[1:], strict=False):
        assert after - before >= gap
    assert life.case.amount == sum(
        one.open for one in life.case.debts if one.state is DebtState.OPEN
    )
    assert life.case.open is (life.case.state not in ENDS)


@given(minutes=st.integers(0, 400 * 1_440), begin=st.integers(0, 23), end=st.integers(0, 23))
def test_quiet_hours_are_the_city_s_and_end_within_a_day(
    minutes: int, begin: int, end: int
) -> None:
    instant = NOON + timedelta(minutes=minutes)
    policy = Policy(quiet_from_h=begin, quiet_to_h=end)
    hours = {(begin + n) % 24 for n in range((end - begin) % 24)}

    until = quiet_until(instant, policy)

    assert (until is not None) == (instant.astimezone(CITY).hour in hours)
    if until is not None:
        assert timedelta(0) < until - instant <= timedelta(days=1)
        assert until.astimezone(CITY).hour == end
        assert quiet_until(until, policy) is None


def test_each_scene_names_each_variable_and_no_other() -> None:
    assert all(check_scene(text) for text in SCENES.values())
    for wrong in ("欠费{amount}", "{plate}{count}{amount}{link}", "没有变量"):
        with pytest.raises(Invalid):
            check_scene(wrong)


@dataclass
class Phone:
    """A provider of text messages that can be made to fail."""

    fails: list[DomainError] = field(default_factory=list)
    sent: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    templates: list[str] = field(default_factory=list)
    reports: list[SmsReport | DomainError] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def send(self, *, phone: str, template: str, params: Mapping[str, str]) -> str:
        """Take a message, or refuse it."""
        if self.fails:
            raise self.fails.pop()
        self.templates.append(template)
        self.sent.append((phone, params))
        return f"biz-{len(self.sent)}"

    async def report(self, *, phone: str, message_id: str, sent_at: datetime) -> SmsReport:
        """Say what became of a message, or nothing yet."""
        self.asked.append((phone, message_id))
        answer = self.reports.pop(0) if self.reports else SmsReport(None)
        if isinstance(answer, DomainError):
            raise answer
        return answer


def post(world: World, phone: Phone) -> Post:
    return Post(world.store, phone, template="SMS_REMINDER", key=KEY)


async def reminded(world: World, **values: object) -> None:
    """Let a case have come to the first step of a ladder that is sent as a text message."""
    await people(world)
    told = {"reminder_ladder": "0:app+sms,3:app+sms", **values}
    await world.run(change_policy, scope="city", values=told, v=0)
    await stayed(world, "a", 500)
    await after_grace(world)
    await world.job(advance_arrears)


async def reminder(world: World) -> Reminder:
    [one] = await rows(world, Reminder)
    assert isinstance(one, Reminder)
    return one


async def test_a_reminder_is_sent_once_with_a_link_that_opens_that_debt(world: World) -> None:
    await reminded(world)
    phone = Phone()

    for _ in range(3):
        await world.job(advance_arrears)
        await post(world, phone).send_due()

    [(number, params)] = phone.sent
    kept = await reminder(world)
    assert number == "13800000001"
    assert (params["count"], params["amount"]) == ("1", "¥5")
    assert PLATE.number not in str(params)
    assert (kept.state, kept.receipt, kept.phone) == (ReminderState.SENT, "biz-1", "138****0001")
    assert phone.templates == ["SMS_REMINDER"]
    assert len(await world.facts(ReminderIssued)) == 1
    behind = await world.run(open_link, actor=ANYONE, token=params["link"], key=KEY)
    assert [bill.stay_id for bill in behind.bills] == ["a"]
    assert (await the_case(world)).state is RecoveryState.REMINDED


async def test_a_refused_message_is_tried_again_three_times_at_most(world: World) -> None:
    await reminded(world)
    phone = Phone(fails=[Unavailable("sms_unavailable", "") for _ in range(9)])

    for _ in range(9):
        await post(world, phone).send_due()
        world.now += timedelta(minutes=11)

    kept = await reminder(world)
    assert (kept.state, kept.attempts, kept.failure) == (
        ReminderState.FAILED,
        3,
        "sms_unavailable",
    )
    assert len(phone.fails) == 6


@pytest.mark.parametrize(
    "failure",
    [
        Unavailable("sms_unavailable", "", unanswered=True),  # it may have gone
        Invalid("phone_not_accepted", ""),
    ],
)
async def test_what_may_have_gone_or_cannot_go_is_not_sent_again(
    world: World, failure: DomainError
) -> None:
    await reminded(world)
    phone = Phone(fails=[failure])

    for _ in range(3):
        await post(world, phone).send_due()
        world.now += timedelta(minutes=11)

    assert phone.sent == []
    assert (await reminder(world)).state is ReminderState.FAILED


async def test_a_planned_message_waits_for_the_morning(world: World) -> None:
    await reminded(world)
    world.now = world.now.replace(hour=15)  # 23:00 in the city
    phone = Phone()

    await post(world, phone).send_due()
    kept = await reminder(world)
    world.now += timedelta(hours=9)
    await post(world, phone).send_due()

    assert (kept.state, kept.send_at) == (
        ReminderState.PLANNED,
        world.now,
    )
    assert len(phone.sent) == 1


async def test_a_message_of_a_debt_that_was_frozen_meanwhile_is_never_sent(world: World) -> None:
    await reminded(world)
    case = await the_case(world)
    await world.run(freeze_case, actor=CLERK, case_id=case.id, reason="来电核实")
    phone = Phone()

    await post(world, phone).send_due()

    assert phone.sent == []
    assert (await reminder(world)).state is ReminderState.CANCELLED


async def refusal(world: World, *channels: str) -> str:
    case = await the_case(world)
    how = tuple(ReminderChannel(one) for one in channels)
    with pytest.raises(DomainError) as refused:
        await world.run(remind_now, actor=CLERK, case_id=case.id, channels=how)
    return refused.value.code


async def test_a_reminder_by_hand_keeps_to_the_limits_too(world: World) -> None:
    await reminded(world, reminders_max=2)
    case = await the_case(world)

    soon = await refusal(world, "app")
    world.now = (world.now + timedelta(days=2)).replace(hour=15, minute=0)
    at_night = await refusal(world, "app", "sms")
    quietly = await world.run(
        remind_now, actor=CLERK, case_id=case.id, channels=(ReminderChannel.APP,)
    )
    world.now += timedelta(days=3)
    enough = await refusal(world, "app")
    await world.run(freeze_case, actor=CLERK, case_id=case.id, reason="来电核实")
    frozen = await refusal(world, "app")

    assert (soon, at_night) == ("reminder_too_soon", "quiet_hours")
    assert (quietly.number, quietly.by, quietly.state) == (2, CLERK.id, ReminderState.SENT)
    assert (enough, frozen) == ("reminders_exhausted", "arrears_frozen")


async def test_whom_nobody_knows_nobody_reminds(world: World) -> None:
    await stayed(world, "a", 500, owner_id=None)
    city = Organization(id="city", name="鹏城停车")
    await world.run(enrol, organizations=[city], accounts=[])
    await after_grace(world)
    await world.job(advance_arrears)

    assert list(await rows(world, Reminder)) == []
    assert await refusal(world, "app") == "owner_unknown"
