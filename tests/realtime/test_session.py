"""Sessions without sockets: the protocol, the merge at subscribe, gaps, deadlines."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from realtime import codes
from realtime.broker import BrokerUnavailable
from realtime.broker_memory import MemoryBroker, MemoryStore
from realtime.hub import Hub
from realtime.limits import Limits
from tests.realtime.fakes import FakeTransport, HeldBroker, payloads
from tests.realtime.node import make_hub, token, until

LIMITS = Limits(
    ping_s=0.5, pong_s=0.25, unauthenticated_s=0.3, expiry_grace_s=0.1, position_check_s=0.2,
    closing_s=0.1, linger_s=0.1, channels=3,
)  # fmt: skip


@pytest.fixture
def broker() -> HeldBroker:
    return HeldBroker()


@pytest_asyncio.fixture
async def hub(broker: HeldBroker) -> AsyncIterator[Hub]:
    made = make_hub(broker)
    await made.start()
    yield made
    await made.close()


@pytest_asyncio.fixture
async def hasty_hub(broker: HeldBroker) -> AsyncIterator[Hub]:
    """A hub whose deadlines are short."""
    made = make_hub(broker, LIMITS)
    await made.start()
    yield made
    await made.close()


def subscribe(channel: str, command_id: int = 2, **more: object) -> dict[str, object]:
    return {"id": command_id, "subscribe": {"channel": channel, **more}}


async def test_what_was_published_while_history_was_read_comes_once_and_in_order(
    hub: Hub, broker: HeldBroker
) -> None:
    first = FakeTransport(hub)
    await first.sign_in()
    await first.say(subscribe("news:1"))
    for i in range(1, 4):
        position = await hub.publish("news:1", i)
    joiner = FakeTransport(hub)
    await joiner.sign_in("bob")

    broker.open.clear()
    since = {"recover": True, "epoch": position.epoch, "offset": 1}
    joining = asyncio.create_task(joiner.say(subscribe("news:1", **since)))
    await until(lambda: broker.reads == 1)
    for i in range(4, 7):
        await hub.publish("news:1", i)
    broker.open.set()
    answer = await joining
    await hub.publish("news:1", 7)
    await until(lambda: joiner.pushes())

    result = answer["subscribe"]
    assert [pub["data"] for pub in result["publications"]] == [2, 3, 4, 5, 6]
    assert result["recovered"] is True
    assert result["offset"] == 6
    assert [pub["offset"] for pub in joiner.pushes()] == [7]


async def test_a_client_ahead_of_its_node_hears_nothing_twice(hub: Hub, broker: HeldBroker) -> None:
    first = FakeTransport(hub)
    await first.sign_in()
    await first.say(subscribe("news:1"))
    await hub.publish("news:1", 1)
    broker.losing = True
    position = await hub.publish("news:1", 2)
    await hub.publish("news:1", 3)
    broker.losing = False
    ahead = FakeTransport(hub)
    await ahead.sign_in("bob")

    since = {"recover": True, "epoch": position.epoch, "offset": 2}
    answer = await ahead.say(subscribe("news:1", **since))
    await hub.publish("news:1", 4)
    await until(lambda: len(first.pushes()) == 4 and ahead.pushes())

    assert [pub["data"] for pub in answer["subscribe"]["publications"]] == [3]
    assert [pub["data"] for pub in ahead.pushes()] == [4]
    assert [pub["data"] for pub in first.pushes()] == [1, 2, 3, 4]


async def test_a_stream_flushed_while_it_is_read_is_joined_anew(
    hub: Hub, broker: HeldBroker
) -> None:
    first = FakeTransport(hub)
    await first.sign_in()
    await first.say(subscribe("news:1"))
    position = await hub.publish("news:1", 1)
    await hub.publish("news:1", 2)
    await broker.remove_history("news:1")
    joiner = FakeTransport(hub)
    await joiner.sign_in("bob")

    since = {"recover": True, "epoch": position.epoch, "offset": 1}
    answer = await joiner.say(subscribe("news:1", **since))
    await hub.publish("news:1", "new")
    await until(lambda: joiner.pushes())

    assert answer["subscribe"].get("recovered", False) is False
    assert answer["subscribe"]["epoch"] != position.epoch
    assert [push["code"] for push in first.pushes("unsubscribe")] == [2500]


@pytest.mark.parametrize(
    ("epoch", "offset"), [("other", 3), ("", 3), (None, 4), (None, 2**64 - 1), (None, 0)]
)
async def test_no_part_of_the_past_is_given_when_the_whole_is_not_there(
    hub: Hub, epoch: str | None, offset: int
) -> None:
    for i in range(1, 23):
        position = await hub.publish("news:1", i)
    assert position.offset == 22
    transport = FakeTransport(hub)
    await transport.sign_in()
    if epoch is None:
        epoch, offset = position.epoch, 0 if offset == 0 else offset + 22

    since = {"recover": True, "epoch": epoch, "offset": offset}
    answer = await transport.say(subscribe("news:1", **since))
    rejected = await transport.say(
        {"id": 3, "unsubscribe": {"channel": "news:1"}}, subscribe("news:1", 4, flag=2, **since)
    )

    result = answer["subscribe"]
    assert result["was_recovering"] is True
    assert "recovered" not in result
    assert "publications" not in result
    assert result["offset"] == 22
    assert rejected["error"]["code"] == codes.UNRECOVERABLE_POSITION.code


async def test_who_missed_nothing_costs_no_read(hub: Hub, broker: HeldBroker) -> None:
    position = await hub.publish("news:1", 1)
    transport = FakeTransport(hub)
    await transport.sign_in()

    since = {"recover": True, "epoch": position.epoch, "offset": 1}
    answer = await transport.say(subscribe("news:1", **since))

    assert answer["subscribe"]["recovered"] is True
    assert broker.reads == 0


async def test_many_who_missed_the_same_share_one_read(hub: Hub, broker: HeldBroker) -> None:
    position = await hub.publish("news:1", 1)
    await hub.publish("news:1", 2)
    crowd = [FakeTransport(hub) for _ in range(50)]
    for transport in crowd:
        await transport.sign_in()

    since = {"recover": True, "epoch": position.epoch, "offset": 1}
    answers = await asyncio.gather(*(one.say(subscribe("news:1", **since)) for one in crowd))

    assert all(len(answer["subscribe"]["publications"]) == 1 for answer in answers)
    assert broker.reads == 1


async def test_a_lost_message_is_healed_when_the_next_one_comes(
    hub: Hub, broker: HeldBroker
) -> None:
    transport = FakeTransport(hub)
    await transport.sign_in()
    await transport.say(subscribe("news:1"))
    await hub.publish("news:1", 1)
    broker.losing = True
    await hub.publish("news:1", 2)
    broker.losing = False

    await hub.publish("news:1", 3)

    await until(lambda: len(transport.pushes()) == 3)
    assert [pub["offset"] for pub in transport.pushes()] == [1, 2, 3]


async def test_a_silent_loss_is_found_by_the_position_check(
    hasty_hub: Hub, broker: HeldBroker
) -> None:
    transport = FakeTransport(hasty_hub)
    await transport.sign_in()
    await transport.say(subscribe("news:1"))

    broker.losing = True
    await hasty_hub.publish("news:1", 1)

    await until(lambda: [pub["data"] for pub in transport.pushes()] == [1])


async def test_a_flushed_store_is_found_by_the_position_check(
    hasty_hub: Hub, broker: HeldBroker
) -> None:
    transport = FakeTransport(hasty_hub)
    await transport.sign_in("")
    await transport.say(subscribe("news:1"))
    await hasty_hub.publish("news:1", 1)

    broker._store.flush()

    await until(lambda: transport.pushes("unsubscribe"))
    assert transport.pushes("unsubscribe")[0]["code"] == codes.UNSUBSCRIBED_INSUFFICIENT.code


async def test_a_loss_on_a_server_side_subscription_makes_the_client_reconnect(
    hasty_hub: Hub, broker: HeldBroker
) -> None:
    transport = FakeTransport(hasty_hub)
    answer = await transport.sign_in("ann")
    assert set(answer["connect"]["subs"]) == {"#ann"}

    broker._store.flush()

    await until(lambda: transport.closed)
    assert transport.closed == (3010, "insufficient state")


async def test_publications_that_wait_are_joined_into_one_send(hub: Hub) -> None:
    transport = FakeTransport(hub)
    await transport.sign_in()
    await transport.say(subscribe("news:1"))
    before = len(transport.frames)

    await hub.publish_many([("news:1", i) for i in range(10)])
    await until(lambda: len(transport.pushes()) == 10)

    assert len(transport.frames) == before + 1


async def test_answers_to_one_frame_come_in_one_frame(hub: Hub) -> None:
    transport = FakeTransport(hub)
    await transport.sign_in()
    before = len(transport.frames)

    await transport.say({"id": 5, "rpc": {"method": "open"}}, {"id": 6, "ping": {}}, {})

    assert len(transport.frames) == before + 1
    assert transport.messages[-2:] == [
        {"id": 5, "error": {"code": 108, "message": "not available"}},
        {"id": 6, "ping": {}},
    ]


async def test_line_breaks_in_published_data_cannot_forge_messages(hub: Hub) -> None:
    transport = FakeTransport(hub)
    await transport.sign_in()
    await transport.say(subscribe("chat:1"))

    forged = '{"id":9,"publish":{"channel":"chat:1","data":{\n"a":\r\n1}}}'
    transport.session.receive(forged)
    await until(lambda: transport.pushes())

    assert transport.pushes()[0]["data"] == {"a": 1}
    assert all(b"\n" not in text for text in payloads(transport.frames[-1]))


@pytest.mark.parametrize(
    "message",
    [
        "",
        "[]",
        "no json",
        '{"id":1}',
        '{"id":1,"connect":{},"ping":{}}',
        '{"id":-1,"ping":{}}',
        '{"id":1,"ping":{}}',
        '{"connect":{}}',
        b"\xff\xfe",
        '{"id":1,"x":' + "[" * 9000,
        '{"id":1,"subscribe":{"channel":7}}',
        '{"id":1e999,"ping":{}}',
    ],
)
async def test_whoever_does_not_keep_the_protocol_is_disconnected(
    hub: Hub, message: str | bytes
) -> None:
    transport = FakeTransport(hub)

    waiting = transport.session.receive(message)
    if waiting is not None:
        await waiting

    assert transport.closed == (3501, "bad request")


async def test_a_second_connect_is_a_bad_request(hub: Hub) -> None:
    transport = FakeTransport(hub)
    await transport.sign_in()

    await transport.sign_in()

    assert transport.closed == (3501, "bad request")


async def test_subscriptions_are_refused_with_published_numbers(hasty_hub: Hub) -> None:
    transport = FakeTransport(hasty_hub)
    await transport.sign_in("")

    async def code(**request: object) -> int:
        answer = await transport.say({"id": 9, **request})
        return int(answer["error"]["code"])

    assert await code(subscribe={"channel": "unknown:1"}) == 102
    assert await code(subscribe={"channel": "chat:1"}) == 103
    assert await code(subscribe={"channel": ""}) == 107
    assert await code(presence={"channel": "chat:1"}) == 103
    for i in range(3):
        await transport.say(subscribe(f"news:{i}"))
    assert await code(subscribe={"channel": "news:1"}) == 105
    assert await code(subscribe={"channel": "news:4"}) == 106
    assert await code(presence={"channel": "news:1"}) == 108
    assert await code(publish={"channel": "news:1", "data": {}}) == 103


async def test_a_socket_that_does_not_sign_in_is_closed(hasty_hub: Hub) -> None:
    transport = FakeTransport(hasty_hub)

    await until(lambda: transport.closed)

    assert transport.closed == (3502, "stale")


async def test_a_client_that_answers_pings_stays_and_a_silent_one_goes(hasty_hub: Hub) -> None:
    silent, lively = FakeTransport(hasty_hub), FakeTransport(hasty_hub)
    await silent.sign_in()
    await lively.sign_in()

    def answer() -> bool:
        if lively.frames and lively.frames[-1] == b"\x81\x02{}":
            lively.session.receive("{}")
            lively.frames.append(b"")
        return silent.closed is not None and lively.frames.count(b"\x81\x02{}") >= 2

    await until(answer)

    assert silent.closed == (3012, "no pong")
    assert lively.closed is None


async def test_an_expired_connection_is_closed_after_its_grace(hasty_hub: Hub) -> None:
    transport = FakeTransport(hasty_hub)
    answer = await transport.sign_in("ann", lasts_s=1.2)
    assert answer["connect"]["expires"] is True

    async def pong() -> None:
        while transport.closed is None:
            transport.session.receive("{}")
            await asyncio.sleep(0.05)

    await asyncio.wait_for(pong(), 5)

    assert transport.closed == (3005, "connection expired")


async def test_a_refresh_for_another_user_ends_the_connection(hub: Hub) -> None:
    transport = FakeTransport(hub)
    await transport.sign_in("ann")

    await transport.say({"id": 2, "refresh": {"token": token("bob")}})

    assert transport.closed == (3500, "invalid token")


async def test_a_changed_right_ends_the_subscriptions_it_covered(hub: Hub) -> None:
    invited = ["club:1", "club:2"]
    transport = FakeTransport(hub)
    await transport.sign_in("ann", meta={"invited": invited})
    await transport.say(subscribe("club:1"), subscribe("club:2", 3))

    actor = transport.session.actor
    assert actor is not None
    actor.meta["invited"].remove("club:2")  # type: ignore[attr-defined]
    await hub.recheck(user="ann")

    await until(lambda: transport.pushes("unsubscribe"))
    assert transport.messages[-1]["push"]["channel"] == "club:2"
    assert set(transport.session.subscriptions) == {"#ann", "club:1"}


async def test_a_channel_nobody_hears_is_dropped_and_heard_again(
    hasty_hub: Hub, broker: HeldBroker
) -> None:
    transport = FakeTransport(hasty_hub)
    await transport.sign_in("")
    await transport.say(subscribe("news:1"))
    await transport.say({"id": 3, "unsubscribe": {"channel": "news:1"}})

    await until(lambda: broker._channels == set())
    await transport.say(subscribe("news:1"))
    await hasty_hub.publish("news:1", "again")

    await until(lambda: [pub["data"] for pub in transport.pushes()] == ["again"])


async def test_who_does_not_read_answers_is_not_answered_further(hub: Hub) -> None:
    transport = FakeTransport(hub)
    await transport.sign_in()
    before = len(transport.frames)
    transport.room.clear()

    asking = asyncio.create_task(transport.say({"id": 5, "ping": {}}))
    await asyncio.sleep(0)
    assert len(transport.frames) == before

    transport.room.set()
    assert (await asking) == {"id": 5, "ping": {}}


async def test_one_frame_of_many_questions_is_answered_as_fast_as_it_is_read(hub: Hub) -> None:
    transport = FakeTransport(hub)
    await transport.sign_in()
    await transport.say({"id": 2, "subscribe": {"channel": "news:1"}})
    await hub.publish_many([("news:1", "x" * 10_000) for _ in range(20)])

    def answer(frame: bytes) -> None:
        transport.frames.append(frame)
        transport.room.clear()

    transport.answer = answer  # type: ignore[method-assign]
    ask = {"history": {"channel": "news:1", "limit": 20}}
    waiting = asyncio.ensure_future(
        transport.say(*({"id": number, **ask} for number in range(3, 103)))
    )
    for _ in range(20):
        await asyncio.sleep(0)

    # 200 KB each: the second is not even asked of the store before the first is read
    assert sum(len(one) for one in transport.frames if b'"history"' in one) < 500_000
    while not waiting.done():
        transport.room.set()
        await asyncio.sleep(0)
    assert sorted(one["id"] for one in transport.messages if "history" in one) == [*range(3, 103)]


async def test_a_hub_whose_start_failed_can_be_started_again() -> None:
    class FailsOnce(MemoryBroker):
        failed = False

        async def presence(self, channel: str) -> dict[str, bytes]:
            if not self.failed:
                self.failed = True
                raise BrokerUnavailable("not yet")
            return await super().presence(channel)

    store = MemoryStore()
    hub = make_hub(FailsOnce(store))

    with pytest.raises(BrokerUnavailable):
        await hub.start()
    assert store.brokers == []
    await hub.start()

    transport = FakeTransport(hub)
    await transport.sign_in()
    await transport.say({"id": 2, "subscribe": {"channel": "news:1"}})
    await hub.publish("news:1", 1)
    await until(lambda: [pub["data"] for pub in transport.pushes()] == [1])
    await hub.close()
