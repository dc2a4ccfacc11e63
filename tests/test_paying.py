"""The desk between payments and providers: notices, questions, refunds, and what gets lost."""

from datetime import timedelta

import pytest

from server.domain.billing import BillState
from server.domain.payment import Intent, IntentState, Payment, ProviderExchange, close_intent
from server.domain.refund import RefundState, retry_refund
from server.kernel.errors import DomainError, Refused, Unavailable
from server.paying import Desk
from server.providers.payment import RefundOrder, RefundStanding, RefundTold, TradeState
from tests.domain.money import (
    CHIEF,
    OWNER,
    bill_of,
    billed,
    priced,
    react,
    refunds,
    rows,
    sound,
    wish,
)
from tests.paying import FakeProvider
from tests.world import World


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def desk(world: World, provider: FakeProvider) -> Desk:
    alipay = FakeProvider(name="alipay")
    return Desk(world.store, [provider, alipay], public_url="http://city")


async def begun(world: World, desk: Desk) -> Intent:
    """Let the owner begin to pay four yuan."""
    [bill] = await billed(world, 400)
    return await desk.start(await wish(world, bill))


async def intent(world: World) -> Intent:
    [found] = await rows(world, Intent)
    assert isinstance(found, Intent)
    return found


async def test_a_notice_is_taken_and_said_again_is_taken_again(
    world: World, desk: Desk, provider: FakeProvider
) -> None:
    pending = await begun(world, desk)
    assert (pending.state, pending.client) == (
        IntentState.PENDING,
        {"code_url": f"pay://{pending.id}"},
    )
    provider.pay(pending.id)

    replies = [await desk.hear("wechat", *provider.notice(pending.id)) for _ in range(2)]

    assert [reply.status for reply in replies] == [204, 204]
    assert (await bill_of(world, "stay1")).state is BillState.PAID
    assert len(await rows(world, Payment)) == 1
    assert [one.verdict for one in await rows(world, ProviderExchange)] == ["taken", "taken"]
    await sound(world)


async def test_a_forged_notice_and_one_with_another_amount_move_nothing_and_are_kept(
    world: World, desk: Desk, provider: FakeProvider
) -> None:
    pending = await begun(world, desk)
    provider.pay(pending.id, amount=399)
    _, body = provider.notice(pending.id)

    forged = await desk.hear("wechat", {}, body)
    differing = await desk.hear("wechat", *provider.notice(pending.id))

    assert (forged.status, differing.status) == (500, 500)
    assert await rows(world, Payment) == []
    assert [one.verdict for one in await rows(world, ProviderExchange)] == [
        "forged: signature",
        "payment_amount_differs",
    ]
    with pytest.raises(DomainError):
        await desk.hear("unionpay", {}, b"")


async def test_a_notice_that_never_came_is_found_by_asking(
    world: World, desk: Desk, provider: FakeProvider
) -> None:
    pending = await begun(world, desk)
    provider.pay(pending.id)

    assert await desk.ask() == 0
    world.now += timedelta(seconds=5)
    assert await desk.ask() == 1

    assert (await intent(world)).state is IntentState.SUCCEEDED
    assert await desk.ask() == 0
    await sound(world)


async def test_questions_come_ever_more_rarely_until_it_expires(
    world: World, desk: Desk, provider: FakeProvider
) -> None:
    pending = await begun(world, desk)
    asked = []
    began = world.now

    while (await intent(world)).ask_at is not None:
        world.now += timedelta(seconds=5)
        if await desk.ask():
            asked.append(int((world.now - began).total_seconds()))

    assert asked == [5, 35, 155, 755, 1355]
    assert (await intent(world)).state is IntentState.EXPIRED
    assert provider.trades[pending.id].state is TradeState.CLOSED


async def test_who_ended_it_has_it_closed_there_and_what_was_paid_before_is_taken(
    world: World, desk: Desk, provider: FakeProvider
) -> None:
    pending = await begun(world, desk)
    await world.run(close_intent, actor=OWNER, intent_id=pending.id)
    provider.pay(pending.id)

    await desk.ask()

    assert (await intent(world)).state is IntentState.SUCCEEDED
    await sound(world)


async def test_a_provider_that_is_away_is_asked_again_under_the_same_number(
    world: World, desk: Desk, provider: FakeProvider
) -> None:
    [bill] = await billed(world, 400)
    wished = await wish(world, bill)
    provider.away = 1

    with pytest.raises(Unavailable):
        await desk.start(wished)
    again = await desk.start(await wish(world, bill))

    assert (again.id, list(provider.orders)) == (wished.id, [wished.id])


async def test_what_the_provider_declines_is_ended(
    world: World, desk: Desk, provider: FakeProvider
) -> None:
    [bill] = await billed(world, 400)
    provider.declines = "no_auth"

    with pytest.raises(Refused):
        await desk.start(await wish(world, bill))

    assert (await intent(world)).live is False


async def surplus(world: World, desk: Desk, provider: FakeProvider) -> None:
    """Let four yuan be paid for what then costs one."""
    pending = await begun(world, desk)
    provider.pay(pending.id)
    await desk.hear("wechat", *provider.notice(pending.id))
    await priced(world, "stay1", 100)
    await react(world)


async def test_a_refund_is_asked_for_then_asked_about_and_then_in_the_books(
    world: World, desk: Desk, provider: FakeProvider
) -> None:
    await surplus(world, desk, provider)

    await desk.ask()
    [asked] = await refunds(world)
    world.now += timedelta(minutes=1)
    await desk.ask()

    [done] = await refunds(world)
    assert (asked.state, done.state) == (RefundState.PROCESSING, RefundState.SUCCEEDED)
    assert [order.amount for order, _ in provider.refunds.values()] == [300]
    assert (await bill_of(world, "stay1")).surplus == 0
    await sound(world)


async def test_a_refund_whose_answer_was_lost_is_asked_for_again_under_the_same_number(
    world: World, desk: Desk, provider: FakeProvider
) -> None:
    await surplus(world, desk, provider)
    provider.away = 2

    await desk.ask()
    for _ in range(4):
        world.now += timedelta(minutes=30)
        await desk.ask()

    [done] = await refunds(world)
    assert (done.state, list(provider.refunds)) == (RefundState.SUCCEEDED, [done.id])
    await sound(world)


@pytest.mark.parametrize("end", [RefundStanding.ABNORMAL, RefundStanding.CLOSED])
async def test_a_refund_that_fails_waits_for_a_person(
    world: World, desk: Desk, provider: FakeProvider, end: RefundStanding
) -> None:
    provider.refunds_end = end
    await surplus(world, desk, provider)

    for _ in range(2):
        await desk.ask()
        world.now += timedelta(minutes=1)

    [failed] = await refunds(world)
    assert (failed.state.value, failed.ask_at) == (end.value, None)
    await sound(world)


async def test_a_refund_that_is_declined_is_asked_for_some_times_and_then_left_to_a_person(
    world: World, desk: Desk, provider: FakeProvider
) -> None:
    await surplus(world, desk, provider)
    provider.refund = _decline  # type: ignore[method-assign]

    asked = 0
    for _ in range(40):
        asked += await desk.ask()
        world.now += timedelta(minutes=31)

    [left] = await refunds(world)
    assert (left.state, left.failure) == (RefundState.ABNORMAL, "not_enough")
    assert asked == 6
    del provider.refund  # type: ignore[method-assign]
    await world.run(retry_refund, actor=CHIEF, refund_id=left.id)
    await desk.ask()
    world.now += timedelta(minutes=5)
    await desk.ask()
    [done] = await refunds(world)
    assert (done.state, list(provider.refunds)) == (RefundState.SUCCEEDED, [done.id])
    await sound(world)


async def _decline(_: RefundOrder) -> RefundTold:
    raise Refused("not_enough", "余额不足")
