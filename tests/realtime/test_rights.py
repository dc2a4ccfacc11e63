"""What a token says is asked about: at connect, when ordered, and when an order may have been lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
import pytest_asyncio

from realtime import codes, rights
from realtime.broker_memory import MemoryBroker
from realtime.codes import Refused
from realtime.hub import Hub
from realtime.limits import Limits
from realtime.namespaces import Actor
from tests.realtime.fakes import FakeTransport
from tests.realtime.node import BOOK, KEY, token, until


class Registry:
    """Says who is still somebody, and to what; can be away, and can hold its answers back."""

    def __init__(self) -> None:
        self.invited: dict[str, list[str] | None] = {"ann": ["club:1", "club:2"]}
        self.away = False
        self.open = asyncio.Event()
        self.open.set()
        self.asked = 0

    async def vouch(self, actor: Actor) -> Actor | None:
        self.asked += 1
        if self.away:
            raise Refused(codes.INTERNAL)
        invited = self.invited.get(actor.user)
        await self.open.wait()
        return None if invited is None else replace(actor, meta={"invited": invited})


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(rights, "ASK_AGAIN_S", 0.01)
    return


@pytest_asyncio.fixture
async def hub(registry: Registry) -> AsyncIterator[Hub]:
    started = Hub(
        BOOK, MemoryBroker(), token_key=KEY, vouch=registry.vouch, limits=Limits(closing_s=0.1)
    )
    await started.start()
    yield started
    await started.close()


def subscribe(channel: str) -> dict[str, object]:
    return {"id": 2, "subscribe": {"channel": channel}}


async def test_a_token_of_somebody_who_is_nobody_now_opens_nothing(
    hub: Hub, registry: Registry
) -> None:
    registry.invited["ann"] = None
    transport = FakeTransport(hub)

    await transport.sign_in("ann")

    assert transport.closed == (3500, "invalid token")


async def test_a_connection_has_the_rights_of_now_and_not_those_of_its_token(hub: Hub) -> None:
    transport = FakeTransport(hub)
    await transport.sign_in("ann", meta={"invited": ["club:9"]})

    refused = await transport.say(subscribe("club:9"))
    heard = await transport.say(subscribe("club:1"))

    assert refused["error"]["code"] == 103
    assert "error" not in heard


async def test_a_connect_is_refused_for_now_when_nobody_can_say(
    hub: Hub, registry: Registry
) -> None:
    registry.away = True
    transport = FakeTransport(hub)

    answer = await transport.sign_in("ann")

    assert answer["error"] == {"code": 100, "message": "internal server error", "temporary": True}


async def test_an_order_ends_what_is_lost_and_leaves_the_rest(hub: Hub, registry: Registry) -> None:
    transport = FakeTransport(hub)
    await transport.sign_in("ann")
    await transport.say(subscribe("club:1"), {**subscribe("club:2"), "id": 3})
    registry.invited["ann"] = ["club:1"]

    await hub.recheck(user="ann")

    await until(lambda: transport.pushes("unsubscribe"))
    assert set(transport.session.subscriptions) == {"club:1"}
    assert transport.closed is None


async def test_an_order_ends_the_connection_of_one_who_is_nobody_now(
    hub: Hub, registry: Registry
) -> None:
    transport = FakeTransport(hub)
    await transport.sign_in("ann")
    registry.invited["ann"] = None

    await hub.recheck(user="ann")

    await until(lambda: transport.closed)
    assert transport.closed == (3500, "invalid token")


@pytest.mark.usefixtures("impatient")
async def test_an_order_that_nobody_can_answer_now_is_carried_out_later(
    hub: Hub, registry: Registry
) -> None:
    transport = FakeTransport(hub)
    await transport.sign_in("ann")
    registry.invited["ann"], registry.away = None, True
    asked = registry.asked

    await hub.recheck(user="ann")
    await until(lambda: registry.asked > asked + 2)
    assert transport.closed is None
    registry.away = False

    await until(lambda: transport.closed)


async def test_everybody_is_looked_at_again_when_an_order_may_have_been_lost(
    hub: Hub, registry: Registry
) -> None:
    transport = FakeTransport(hub)
    await transport.sign_in("ann")
    registry.invited["ann"] = None

    hub.doubt()

    await until(lambda: transport.closed)


async def test_an_order_during_the_connect_is_not_missed(hub: Hub, registry: Registry) -> None:
    transport = FakeTransport(hub)
    registry.open.clear()
    signing_in = asyncio.create_task(transport.sign_in("ann"))
    await until(lambda: registry.asked == 1)

    # the first answer is on its way when the account goes
    registry.invited["ann"] = None
    await hub.recheck(user="ann")
    await until(lambda: registry.asked == 2)
    registry.open.set()
    await signing_in

    await until(lambda: transport.closed)


async def test_a_right_that_goes_while_a_subscribe_is_under_way_goes_for_it_too(
    hub: Hub, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport = FakeTransport(hub)
    await transport.sign_in("ann")
    opening, held = asyncio.Event(), asyncio.Event()
    subscribed = hub.broker.subscribe

    async def slow(channel: str) -> None:
        opening.set()
        await held.wait()
        await subscribed(channel)

    monkeypatch.setattr(hub.broker, "subscribe", slow)
    asking = asyncio.create_task(transport.say(subscribe("club:1")))
    await opening.wait()

    registry.invited["ann"] = []
    asked = registry.asked
    await hub.recheck(user="ann")
    await until(lambda: registry.asked > asked)
    held.set()

    assert (await asking)["error"]["code"] == 103
    assert transport.session.subscriptions == {}


async def test_a_refresh_brings_no_more_than_the_rights_of_now(
    hub: Hub, registry: Registry
) -> None:
    transport = FakeTransport(hub)
    await transport.sign_in("ann", lasts_s=60)
    registry.invited["ann"] = []

    await transport.say({"id": 2, "refresh": {"token": token("ann", meta={"invited": ["club:1"]})}})
    refused = await transport.say({**subscribe("club:1"), "id": 3})

    assert refused["error"]["code"] == 103


async def test_a_refresh_that_nobody_can_vouch_for_now_changes_nothing(
    hub: Hub, registry: Registry
) -> None:
    transport = FakeTransport(hub)
    await transport.sign_in("ann", lasts_s=60)
    before = transport.session.actor
    registry.away = True

    answer = await transport.say({"id": 2, "refresh": {"token": token("ann", lasts_s=600)}})

    assert answer["error"]["code"] == 100
    assert transport.session.actor is before
