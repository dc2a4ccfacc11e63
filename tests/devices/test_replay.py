"""A dead letter that is played again, on a real broker: the gateway takes it once its cause has passed."""

import asyncio

from devices.dead_letters import Reason
from devices.gateway import Gateway
from devices.replay import gateway_client, replay
from devices.signatures import sign
from devices.topics import up_topic
from server.standalone.running import RunningServer
from tests.devices.fakes import Devices, FakeStore, said
from tests.devices.test_checkpoint import KEY, FakeKeys
from tests.eventually import eventually

TOPIC = up_topic("d1", "reading")


async def test_a_reading_signed_with_a_key_that_comes_late_is_taken_when_replayed(
    broker: RunningServer, devices: Devices, fake_store: FakeStore
) -> None:
    keys = FakeKeys()
    keys.by_device.pop("d1")
    for kept in (False, True):
        gateway = Gateway(
            mqtt_url=broker.url,
            client_id="ingest-replay",
            take=fake_store.take,
            bury=fake_store.bury,
            keys=keys,
            signed_only=True,
            shared=False,
        )
        running = asyncio.create_task(gateway.run())
        await eventually(lambda gateway=gateway: gateway.connected)
        if not kept:
            await devices.publish(TOPIC, sign(KEY, TOPIC, said(1)))
            await devices.publish(TOPIC, said(2))
            await eventually(lambda: len(fake_store.letters) == 2)
            keys.by_device["d1"] = KEY
        else:
            async with gateway_client(broker.url) as client:
                await replay(client, fake_store.letters[:])
            await eventually(lambda: fake_store.numbers("d1") == [1])
            await eventually(lambda: len(fake_store.letters) == 3)
            await eventually(lambda: devices.acked("d1") == [1])
        gateway.stop()
        await running

    reasons = [letter.reason for letter in fake_store.letters]
    assert reasons == [Reason.BAD_SIGNATURE, Reason.UNSIGNED, Reason.UNSIGNED]
