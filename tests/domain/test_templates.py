"""Templates of messages by kind, and what the provider says became of a message."""

from datetime import timedelta
from typing import Any

import pytest

from server.domain.identity import Account
from server.domain.recovery import (
    MessageKind,
    Reminder,
    ReminderChannel,
    ReminderReported,
    ReminderState,
    drop_template,
    remind_now,
    set_template,
)
from server.domain.recovery.jobs import advance_arrears
from server.domain.recovery.queries import case_file, own_templates
from server.domain.recovery.queries.lists import reminders_in_scope
from server.domain.recovery.queries.timeline import timeline_of
from server.domain.recovery.rules.reminding import ASK_AFTER_S
from server.domain.recovery.rules.templates import check_text, example_of
from server.kernel.access import Scope
from server.kernel.errors import DomainError, Unavailable
from server.kernel.nouns import replace
from server.providers import SmsReport
from server.reminding import Post
from tests.domain.arrears import CLERK, the_case
from tests.domain.money import rows
from tests.domain.test_reminding import KEY, Phone, post, reminded, reminder
from tests.world import World

WHOLE = "车辆${plate}在${operator}欠${count}笔共${amount}，请缴清：https://p.cn/d/${link}"
SHORT = "车辆${plate}欠${amount}：https://p.cn/d/${link}"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("车辆${plate}欠${amount}，请尽快缴清", "template_variable_missing"),
        ("请尽快缴清停车费", "template_variable_missing"),
        (SHORT + "${owner}", "template_variable_unknown"),
        (SHORT + "${}", "template_variable_unknown"),
        (SHORT + "${plate", "template_malformed"),
        (SHORT + "$5", "template_malformed"),
    ],
)
def test_a_text_whose_variables_are_wrong_is_refused(text: str, code: str) -> None:
    with pytest.raises(DomainError) as refusal:
        check_text(text)

    assert refusal.value.code == code


@pytest.mark.parametrize("text", [WHOLE, SHORT])
def test_a_text_that_says_which_car_how_much_and_how_to_pay_is_taken(text: str) -> None:
    assert check_text(text) == text
    assert example_of(text).startswith("车辆粤B·**345")
    assert "$" not in example_of(text)


async def choose(world: World, kind: str, code: str, text: str = SHORT, v: int = 0) -> None:
    """Let a clerk choose a template."""
    said = {"kind": MessageKind(kind), "code": code, "text": text, "v": v}
    await world.run(set_template, actor=CLERK, **said)


async def refused(world: World, use_case: Any, **arguments: Any) -> str:
    """Run what must be refused; gives its code."""
    with pytest.raises(DomainError) as refusal:
        await world.run(use_case, **arguments)
    return refusal.value.code


async def test_a_kind_is_sent_by_its_own_template_and_given_no_more_than_it_names(
    world: World,
) -> None:
    await reminded(world, overdue_days=4, restrict_days=8, reminder_gap_h=1)
    await choose(world, "reminder", "SMS_1", SHORT)
    await choose(world, "overdue", "SMS_2", WHOLE)
    phone = Phone()

    await post(world, phone).send_due()
    for days in (4, 4):
        world.now += timedelta(days=days)
        await world.job(advance_arrears)
        case = await the_case(world)
        if not any(one.send_at for one in await rows(world, Reminder)):
            sms = (ReminderChannel.SMS,)
            await world.run(remind_now, actor=CLERK, case_id=case.id, channels=sms)
        await post(world, phone).send_due()

    assert phone.templates == ["SMS_1", "SMS_2", "SMS_REMINDER"]
    assert [set(params) for _, params in phone.sent] == [
        {"plate", "amount", "link"},
        {"plate", "amount", "link", "count", "operator"},
        {"plate", "amount", "link", "count"},
    ]
    assert phone.sent[1][1]["operator"] == "鹏城停车"
    assert [one.template for one in await rows(world, Reminder)] == phone.templates


async def test_where_nobody_has_set_a_template_nothing_is_sent_and_it_says_so(
    world: World,
) -> None:
    await reminded(world)
    phone = Phone()

    await Post(world.store, phone, template="", key=KEY).send_due()

    kept = await reminder(world)
    assert phone.sent == []
    assert (kept.state, kept.failure) == (ReminderState.FAILED, "template_not_set")


async def test_a_template_is_changed_by_who_saw_the_last_one_and_is_one_operator_s(
    world: World,
) -> None:
    await choose(world, "overdue", "SMS_2")
    said = {"kind": MessageKind.OVERDUE, "code": "SMS_3", "text": WHOLE}
    bay = replace(CLERK, organization_id="bay")

    assert await refused(world, set_template, actor=CLERK, v=0, **said) == "template_changed"
    assert await refused(world, drop_template, actor=bay, kind=MessageKind.OVERDUE, v=1) == (
        "template_not_found"
    )
    await world.run(set_template, actor=CLERK, v=1, **said)
    held = (await world.run(own_templates, actor=CLERK))[MessageKind.OVERDUE]
    await world.run(drop_template, actor=CLERK, kind=MessageKind.OVERDUE, v=held.v)
    dropped = (await world.run(own_templates, actor=CLERK))[MessageKind.OVERDUE]
    await choose(world, "overdue", "SMS_4", v=dropped.v)

    assert (held.code, held.changed_by) == ("SMS_3", CLERK.id)
    assert (dropped.code, dropped.text) == ("", "")
    assert await world.run(own_templates, actor=bay) == {}


async def sent(world: World, *reports: SmsReport | DomainError) -> tuple[Post, Phone]:
    """Let a reminder have been sent, of which the provider will say so one after the other."""
    await reminded(world)
    phone = Phone(reports=list(reports))
    desk = post(world, phone)
    await desk.send_due()
    return desk, phone


async def ask(world: World, desk: Post, *, after_s: float = 10) -> int:
    """Wait, and let the provider be asked."""
    world.now += timedelta(seconds=after_s)
    return await desk.ask_due()


async def test_a_message_is_sent_then_delivered_and_the_case_tells_both(world: World) -> None:
    desk, phone = await sent(world, SmsReport(None), SmsReport(True))
    before = await desk.ask_due()

    first, second = await ask(world, desk), await ask(world, desk, after_s=60)
    third = await ask(world, desk, after_s=100_000)

    kept = await reminder(world)
    assert (before, first, second, third) == (0, 0, 1, 0)
    assert phone.asked == [("13800000001", "biz-1")] * 2
    assert (kept.state, kept.failure, kept.ask_at) == (ReminderState.DELIVERED, None, None)
    facts = await world.facts(ReminderReported)
    assert [one.state for one in facts] == [ReminderState.SENT, ReminderState.DELIVERED]
    case = await the_case(world)
    told = timeline_of(await world.run(case_file, actor=CLERK, case_id=case.id))
    kinds = [one.kind for one in told if one.kind.startswith("remind")]
    assert kinds == ["reminder_delivered", "reminder_sent", "reminded"]


async def test_a_message_that_did_not_arrive_says_why_and_is_not_sent_anew(world: World) -> None:
    at = None
    desk, phone = await sent(world, SmsReport(False, failure="MOBILE_NOT_ON_SERVICE", at=at))

    await ask(world, desk)
    world.now += timedelta(hours=1)
    await desk.send_due()

    kept = await reminder(world)
    assert (kept.state, kept.failure) == (ReminderState.FAILED, "MOBILE_NOT_ON_SERVICE")
    assert len(phone.sent) == 1
    case = await the_case(world)
    told = timeline_of(await world.run(case_file, actor=CLERK, case_id=case.id))
    [failed] = [one for one in told if one.kind == "reminder_failed"]
    assert failed.said["failure"] == "MOBILE_NOT_ON_SERVICE"
    assert failed.said["phone"] == "138****0001"


async def test_a_provider_that_never_knows_or_never_answers_is_asked_ever_more_rarely_then_let_be(
    world: World,
) -> None:
    desk, phone = await sent(world, *[Unavailable("sms_unavailable", "")] * 3)
    asked = []

    for wait_s in ASK_AFTER_S:
        await ask(world, desk, after_s=wait_s - 1)
        early = len(phone.asked)
        await ask(world, desk, after_s=1)
        asked.append((early, len(phone.asked)))
    await ask(world, desk, after_s=10 * 86_400)

    assert asked == [(n, n + 1) for n in range(len(ASK_AFTER_S))]
    kept = await reminder(world)
    assert (kept.state, kept.ask_at, len(phone.asked)) == (ReminderState.SENT, None, 8)


async def test_a_phone_that_was_changed_meanwhile_is_not_asked_about(world: World) -> None:
    desk, phone = await sent(world)

    async def change(work: Any) -> None:
        accounts = work.table(Account)
        owner = await accounts.get((await reminder(world)).owner_id)
        accounts.save(replace(owner, phone="13900000009"))

    await world.run(change)
    await ask(world, desk)

    assert phone.asked == []
    assert (await reminder(world)).ask_at is None


async def test_the_log_of_what_was_sent_is_one_operator_s_and_of_one_s_divisions(
    world: World,
) -> None:
    desk, _ = await sent(world, SmsReport(True))
    await ask(world, desk)
    here = replace(CLERK, scope=Scope(division_codes=frozenset({"440304"})))
    far = replace(CLERK, scope=Scope(division_codes=frozenset({"440303"})))
    bay = replace(CLERK, organization_id="bay")

    async def seen(actor: Any, **asked: Any) -> int:
        return len((await world.run(reminders_in_scope, actor=actor, **asked)).items)

    assert [await seen(one) for one in (CLERK, here, far, bay)] == [1, 1, 0, 0]
    assert await seen(CLERK, state=ReminderState.DELIVERED) == 1
    assert await seen(CLERK, state=ReminderState.FAILED) == 0
    assert await seen(CLERK, channel=ReminderChannel.SMS) == 1
