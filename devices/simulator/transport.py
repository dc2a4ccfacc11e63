"""The simulator's way to a real broker: MQTT 3.1.1, QoS 1, a few connections for thousands of devices."""

import asyncio
import contextlib
import os
import zlib
from collections.abc import Callable

import aiomqtt
import structlog

from devices.broker_url import connection_of
from devices.signatures import sign
from devices.simulator.secrets import demo_secret
from devices.topics import ACKS_FILTER
from server.domain.equipment import signing_key

log = structlog.get_logger(__name__)

CONNECTIONS = 3
# What waits for its PUBACK at a time: enough to fill the line, little enough to lose in a cut.
IN_FLIGHT = 100
QUEUED = 2000
FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 10.0
START_S, STOP_S = 2.0, 3.0


class MqttTransport:
    """Publishes to the broker at `mqtt://[user:password@]host:port`, connecting again when cut.

    A few connections speak for thousands of devices, so the broker cannot tell who says what: each
    message is signed with its device's key. The keys follow from the account's password; without
    one nothing is signed.
    """

    def __init__(self, url: str, *, connections: int = CONNECTIONS) -> None:
        self._connection = connection_of(url)
        self._keys: dict[str, bytes] = {}
        self._queues = [asyncio.Queue[tuple[str, bytes]](QUEUED) for _ in range(connections)]
        self._connected = [False] * connections
        self._all_connected = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._on_message: Callable[[str, bytes], None] = lambda topic, payload: None
        self._on_connected: Callable[[], None] = lambda: None

    async def start(
        self, on_message: Callable[[str, bytes], None], on_connected: Callable[[], None]
    ) -> None:
        """Connect, for 2 s at most before going on without; the first connection hears all acknowledgements."""
        self._on_message, self._on_connected = on_message, on_connected
        self._tasks = [
            asyncio.create_task(self._keep_connected(number)) for number in range(len(self._queues))
        ]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._all_connected.wait(), START_S)

    @property
    def is_connected(self) -> bool:
        """Say whether every connection stands."""
        return all(self._connected)

    async def send(self, topic: str, payload: bytes) -> None:
        """Queue a message; those of one device keep their order. Without a broker it is lost."""
        device_id = topic.split("/")[1]
        # CRC-32, as `hash` of a text differs from process to process.
        number = zlib.crc32(device_id.encode()) % len(self._queues)
        if self._connected[number]:
            await self._queues[number].put((topic, self._signed(device_id, topic, payload)))

    def _signed(self, device_id: str, topic: str, payload: bytes) -> bytes:
        password = self._connection["password"]
        if password is None:
            return payload
        key = self._keys.get(device_id)
        if key is None:
            key = self._keys[device_id] = signing_key(demo_secret(password, device_id))
        return sign(key, topic, payload)

    async def stop(self) -> None:
        """Give what is queued 3 s to leave, then disconnect."""
        leaving = [asyncio.create_task(queue.join()) for queue in self._queues]
        await asyncio.wait(leaving, timeout=STOP_S)
        for task in (*leaving, *self._tasks):
            task.cancel()
        await asyncio.gather(*leaving, *self._tasks, return_exceptions=True)

    async def _keep_connected(self, number: int) -> None:
        retry_s = FIRST_RETRY_S
        while True:
            try:
                async with self._client(number) as client:
                    retry_s = FIRST_RETRY_S
                    await self._serve(number, client)
            except* aiomqtt.MqttError as errors:
                log.warning(
                    "Broker connection lost", connection=number, error=str(errors.exceptions[0])
                )
            self._connected[number] = False
            self._empty(self._queues[number])
            await asyncio.sleep(retry_s)
            retry_s = min(2 * retry_s, LONGEST_RETRY_S)

    def _client(self, number: int) -> aiomqtt.Client:
        client = aiomqtt.Client(
            **self._connection,
            identifier=f"simulator-{os.getpid()}-{id(self):x}-{number}",
            max_inflight_messages=IN_FLIGHT,
        )
        # aiomqtt warns of each call above ten that waits; here a full line is meant.
        client.pending_calls_threshold = IN_FLIGHT
        return client

    async def _serve(self, number: int, client: aiomqtt.Client) -> None:
        if number == 0:
            await client.subscribe(ACKS_FILTER, qos=1)
        self._connected[number] = True
        if self.is_connected:
            self._all_connected.set()
        self._on_connected()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pump(client, self._queues[number]))
            tasks.create_task(self._listen(client))

    async def _pump(self, client: aiomqtt.Client, queue: asyncio.Queue[tuple[str, bytes]]) -> None:
        while True:
            messages = [await queue.get()]
            while len(messages) < IN_FLIGHT and not queue.empty():
                messages.append(queue.get_nowait())
            try:
                # Tasks start in the order in which they were made, so the messages keep theirs.
                await asyncio.gather(
                    *(client.publish(topic, payload, qos=1) for topic, payload in messages)
                )
            finally:
                for _ in messages:
                    queue.task_done()

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            if isinstance(message.payload, bytes):
                self._on_message(str(message.topic), message.payload)

    @staticmethod
    def _empty(queue: asyncio.Queue[tuple[str, bytes]]) -> None:
        """Forget what was queued: its readings stand in the journals and will be sent again."""
        while not queue.empty():
            queue.get_nowait()
            queue.task_done()
