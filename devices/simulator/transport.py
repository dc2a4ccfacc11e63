"""The simulator's way to a real broker: MQTT 3.1.1, QoS 1, a few connections for thousands of devices."""

import asyncio
import contextlib
import os
import zlib
from collections.abc import Callable

from devices.broker_url import connection_of
from devices.mqtt import Arrival, MqttClient
from devices.signatures import sign
from devices.simulator.secrets import demo_secret
from devices.topics import ACKS_FILTER
from server.domain.equipment import signing_key

CONNECTIONS = 3
# 500 messages may wait for their PUBACK: enough to fill the line, little enough to lose in a cut.
UNDER_WAY = 500
START_S, STOP_S = 2.0, 3.0

Hear = Callable[[str, bytes], None]


class MqttTransport:
    """Publishes to the broker at `mqtt://[user:password@]host:port`, connecting again when cut.

    A few connections speak for thousands of devices, so the broker cannot tell who says what: each
    message is signed with its device's key. The keys follow from the account's password; without
    one nothing is signed.
    """

    def __init__(self, url: str, *, connections: int = CONNECTIONS) -> None:
        self._password = connection_of(url)["password"]
        self._keys: dict[str, bytes] = {}
        self._clients = [self._client(url, number) for number in range(connections)]
        self._tasks: list[asyncio.Task[None]] = []
        self._on_message: Hear = lambda topic, payload: None
        self._all_connected = asyncio.Event()
        self._on_connected: Callable[[], None] = lambda: None

    async def start(self, on_message: Hear, on_connected: Callable[[], None]) -> None:
        """Connect, for 2 s at most before going on without; the first connection hears all acknowledgements."""
        self._on_message, self._on_connected = on_message, on_connected
        self._tasks = [asyncio.create_task(client.run()) for client in self._clients]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._all_connected.wait(), START_S)

    @property
    def is_connected(self) -> bool:
        """Say whether every connection stands."""
        return all(client.connected for client in self._clients)

    async def send(self, topic: str, payload: bytes) -> None:
        """Send a message; those of one device keep their order. Without a broker it is lost."""
        device_id = topic.split("/")[1]
        # CRC-32, as `hash` of a text differs from process to process.
        client = self._clients[zlib.crc32(device_id.encode()) % len(self._clients)]
        await client.drain(UNDER_WAY)
        if client.connected:
            client.publish(topic, self._signed(device_id, topic, payload))

    def _signed(self, device_id: str, topic: str, payload: bytes) -> bytes:
        if self._password is None:
            return payload
        key = self._keys.get(device_id)
        if key is None:
            key = self._keys[device_id] = signing_key(demo_secret(self._password, device_id))
        return sign(key, topic, payload)

    async def stop(self) -> None:
        """Give what is under way 3 s to arrive, then disconnect."""
        with contextlib.suppress(TimeoutError):
            leaving = asyncio.gather(*(client.drain(1) for client in self._clients))
            await asyncio.wait_for(leaving, STOP_S)
        for client in self._clients:
            client.close()
        await asyncio.gather(*self._tasks)

    def _client(self, url: str, number: int) -> MqttClient:
        def hear(arrival: Arrival) -> None:
            client.ack(arrival)
            self._on_message(arrival.topic, arrival.payload)

        client = MqttClient(
            url,
            client_id=f"simulator-{os.getpid()}-{id(self):x}-{number}",
            filters=(ACKS_FILTER,) if number == 0 else (),
            hear=hear,
            passing=True,
            on_connected=self._connected,
        )
        return client

    def _connected(self) -> None:
        if self.is_connected:
            self._all_connected.set()
        self._on_connected()
