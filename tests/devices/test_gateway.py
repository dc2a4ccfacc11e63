"""The gateway on a real broker: what the broker and the devices are told, through every fault."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from devices.dead_letters import Reason
from devices.gateway import Gateway
from devices.mqtt import Arrival
from server.standalone.running import RunningServer
from tests.devices.fakes import FakeStore, cut, devices_at, said
from tests.eventually import eventually


def made(broker: RunningServer, store: FakeStore, *, name: str = "1", **options: Any) -> Gateway:
    options = {"shared": False} | options
    return Gateway(
        mqtt_url=broker.url,
        client_id=f"ingest-{name}",
        take=store.take,
        bury=store.bury,
        **options,
    )


@asynccontextmanager
async def running(gateway: Gateway) -> AsyncIterator[Gateway]:
    task = asyncio.create_task(gateway.run())
    await eventually(lambda: gateway.connected)
    yield gateway
    gateway.stop()
    await asyncio.wait_for(task, 15)


@asynccontextmanager
async def crashing(gateway: Gateway) -> AsyncIterator[Gateway]:
    """Run a gateway and end it as kill -9 would: its socket goes, and it says nothing more."""
    task = asyncio.create_task(gateway.run())
    await eventually(lambda: gateway.connected)
    yield gateway
    cut(gateway._mqtt)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_reading_is_committed_then_acknowledged_to_its_device(broker, devices, fake_store):
    async with running(made(broker, fake_store)):
        await devices.say("a", 1, plate="粤Ｂ12345")
        await eventually(lambda: devices.acked("a") == [1])

    [reading] = fake_store.taken
    assert (reading.device_id, reading.plate) == ("a", "粤B12345")


async def test_nothing_is_acknowledged_before_the_commit(broker, devices, fake_store):
    fake_store.open.clear()
    async with running(made(broker, fake_store)) as gateway:
        await devices.say_all("a", range(1, 21))
        await eventually(lambda: gateway.in_hand == 20)
        await eventually(lambda: fake_store.asked > 0)
        await devices.hear_what_was_sent()
        assert devices.acked("a") == []

        fake_store.open.set()
        await eventually(lambda: devices.acked("a") == list(range(1, 21)))
        await eventually(lambda: gateway.in_hand == 0)

    assert fake_store.numbers("a") == list(range(1, 21))


async def test_after_a_crash_before_the_commit_all_messages_come_again(broker, devices, fake_store):
    fake_store.open.clear()
    async with crashing(made(broker, fake_store)) as crashed:
        await devices.say_all("a", range(1, 51))
        await eventually(lambda: crashed.in_hand == 50)

    fake_store.open.set()
    async with running(made(broker, fake_store)):
        await eventually(lambda: devices.acked("a") == list(range(1, 51)))

    assert fake_store.numbers("a") == list(range(1, 51))


async def test_messages_published_while_no_gateway_runs_are_waiting_for_it(
    broker, devices, fake_store
):
    async with running(made(broker, fake_store)):
        pass
    await devices.say_all("a", range(1, 31))

    async with running(made(broker, fake_store)):
        await eventually(lambda: devices.acked("a") == list(range(1, 31)))


async def test_a_cut_connection_comes_back_and_loses_nothing(broker, devices, fake_store):
    async with running(made(broker, fake_store)) as gateway:
        fake_store.open.clear()
        await devices.say_all("a", range(1, 41))
        await eventually(lambda: gateway.in_hand == 40)

        cut(gateway._mqtt)
        await eventually(lambda: not gateway.connected)
        fake_store.open.set()

        await devices.say_all("a", range(41, 51))
        await eventually(lambda: devices.acked("a") == list(range(1, 51)))
        await eventually(lambda: gateway.in_hand == 0)

    assert fake_store.numbers("a") == list(range(1, 51))


async def test_while_the_store_is_away_nothing_is_lost_and_the_order_is_kept(
    broker, devices, fake_store
):
    fake_store.away = True
    async with running(made(broker, fake_store)) as gateway:
        await devices.say_all("a", range(1, 61))
        await devices.say_all("b", range(1, 61))
        await eventually(lambda: fake_store.refusals >= 3)
        assert gateway.store_is_away
        await devices.hear_what_was_sent()
        assert devices.acked("a") == devices.acked("b") == []

        fake_store.away = False
        await eventually(lambda: devices.acked("a") == devices.acked("b") == list(range(1, 61)))

    assert fake_store.numbers("a") == fake_store.numbers("b") == list(range(1, 61))


async def test_poison_among_good_messages_is_set_aside(broker, devices, fake_store):
    fake_store.strangers = {"stranger"}
    async with running(made(broker, fake_store)) as gateway:
        for seq in range(1, 31):
            await devices.say("a", seq)
            await devices.send("a", "reading", b'{"boot":NaN}')
            await devices.send("a", "geomag", b"\xfe\x6d\x1b\x01")
            await devices.send("a", "nobody", b"?")
        await devices.publish("devices/not a device!/up/reading", said(1))
        await devices.say("stranger", 1)
        await eventually(lambda: devices.acked("a") == list(range(1, 31)))
        await eventually(lambda: len(fake_store.letters) == 92 and not gateway.in_hand)

    reasons = [letter.reason for letter in fake_store.letters]
    assert {reason: reasons.count(reason) for reason in set(reasons)} == {
        Reason.NOT_A_NUMBER: 30,
        Reason.TRUNCATED: 30,
        Reason.UNKNOWN_CODEC: 30,
        Reason.BAD_TOPIC: 1,
        Reason.UNKNOWN_DEVICE: 1,
    }


async def test_two_gateways_share_the_load_and_keep_each_device_in_order(
    broker, devices, fake_store
):
    one = made(broker, fake_store, name="1", shared=True, reorder_window_s=5)
    two = made(broker, fake_store, name="2", shared=True, reorder_window_s=5)
    heard = {one: 0, two: 0}
    for gateway in heard:
        count_heard(gateway, heard)
    async with running(one), running(two):
        for device in range(10):
            await devices.say_all(f"d{device}", range(1, 31))
        await eventually(
            lambda: all(devices.acked(f"d{d}") == list(range(1, 31)) for d in range(10)),
            within_s=20,
        )
        await eventually(lambda: not one.in_hand and not two.in_hand)

    assert min(heard.values()) > 75
    for device in range(10):
        assert fake_store.numbers(f"d{device}") == list(range(1, 31))


async def test_what_one_of_two_gateways_held_at_its_crash_is_not_lost(broker, devices, fake_store):
    held = FakeStore()
    held.open.clear()
    async with running(made(broker, fake_store, name="1", shared=True, reorder_window_s=0.3)):
        async with crashing(made(broker, held, name="2", shared=True)) as crashed:
            await devices.say_all("a", range(1, 41))
            await eventually(lambda: crashed.in_hand == 20)
        async with running(made(broker, fake_store, name="2", shared=True, reorder_window_s=0.3)):
            # rumqttd hands out what a member left behind when the next message comes.
            await devices.say("b", 1)
            await eventually(lambda: devices.acked("a") == list(range(1, 41)))

    assert sorted(fake_store.numbers("a")) == list(range(1, 41))


async def test_stopping_acknowledges_what_is_committed_and_leaves_the_rest(
    broker, devices, fake_store
):
    fake_store.open.clear()
    gateway = made(broker, fake_store)
    task = asyncio.create_task(gateway.run())
    await eventually(lambda: gateway.connected)
    await devices.say("a", 1)
    await eventually(lambda: gateway.in_hand == 1)
    await devices.say_all("a", range(2, 11))
    await eventually(lambda: gateway.in_hand == 10)

    gateway.stop()
    fake_store.open.set()
    await asyncio.wait_for(task, 15)
    await eventually(lambda: devices.acked("a") == [1])

    async with running(made(broker, fake_store)):
        await eventually(lambda: devices.acked("a") == list(range(1, 11)))
    assert fake_store.numbers("a") == list(range(1, 11))


async def test_a_gateway_starts_before_its_broker_and_waits_for_it(broker, fake_store):
    await broker.kill()
    gateway = made(broker, fake_store)
    task = asyncio.create_task(gateway.run())
    await broker.start()
    await eventually(lambda: gateway.connected)

    async with devices_at(broker.url) as devices:
        await devices.say("a", 1)
        await eventually(lambda: devices.acked("a") == [1])
    gateway.stop()
    await asyncio.wait_for(task, 15)


def count_heard(gateway: Gateway, heard: dict[Gateway, int]) -> None:
    hear = gateway._mqtt._hear

    def counting(arrival: Arrival) -> None:
        heard[gateway] += 1
        hear(arrival)

    gateway._mqtt._hear = counting
