"""MQTT with acknowledgement by hand: a message is the broker's until what it said is committed."""

import asyncio
import logging
import random
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import aiomqtt
from paho.mqtt.client import Client as Paho
from paho.mqtt.client import MQTTMessage

from devices.broker_url import connection_of

log = logging.getLogger(__name__)

# 20 s: a peer that is gone without a word is found within 40 s, and a ping a minute is no load.
KEEPALIVE_S = 20
FIRST_RETRY_S, LAST_RETRY_S = 0.2, 10.0
# A connection that lived this long was a good one: the next retry starts from the first delay.
STEADY_S = 10.0
# 64 packets a turn: other tasks wait at most about 4 ms for a backlog.
PACKETS_A_TURN = 64


@dataclass(slots=True, eq=False)
class Arrival:
    """One message, from the moment it was heard until it is acknowledged."""

    topic: str
    payload: bytes
    received_at: datetime
    qos: int
    mid: int
    connection: int
    settled: bool = False


class MqttClient:
    """An MQTT 3.1.1 session that reconnects by itself and acknowledges when told to.

    `hear` is called with each message, and `ack` must be called once for each. Not more than
    `in_hand_limit` messages are held: beyond, the socket is not read until half of them are done.
    The session outlives its connections at the broker, unless it is `passing`: only then are the
    messages of ours counted that the broker has not taken yet, for `drain`.
    """

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        filters: tuple[str, ...],
        hear: Callable[[Arrival], None],
        in_hand_limit: int = 5_000,
        passing: bool = False,
        on_connected: Callable[[], None] = lambda: None,
    ) -> None:
        self.connected = False
        self.in_hand = 0
        self.under_way = 0
        self._url = url
        self._client_id = client_id
        self._filters = filters
        self._hear = hear
        self._in_hand_limit = in_hand_limit
        self._passing = passing
        self._on_connected = on_connected
        self._drained_below = 0
        self._drained = asyncio.Event()
        self._paho: Paho | None = None
        # Message ids live within one connection: an id of an older one must never be acknowledged.
        self._connection = 0
        self._unacked: deque[Arrival] = deque()
        self._reading = False
        self._held_back = False
        self._cut = asyncio.Event()
        self._closing = asyncio.Event()

    async def run(self) -> None:
        """Keep a connection until `close`, through every cut."""
        delay_s = FIRST_RETRY_S
        loop = asyncio.get_running_loop()
        while not (self._closing.is_set() or self._held_back):
            began = loop.time()
            try:
                await self._connect_and_stay()
            except (aiomqtt.MqttError, OSError) as cut:
                log.warning("Broker is away", extra={"cause": str(cut)})
            finally:
                self._leave()
            delay_s = FIRST_RETRY_S if loop.time() - began > STEADY_S else delay_s
            if not self._closing.is_set():
                # Jitter: processes cut at one moment must not come back at one moment.
                pause_s = delay_s * random.uniform(0.5, 1.0)  # noqa: S311 no secret
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), pause_s)
            delay_s = min(delay_s * 2, LAST_RETRY_S)

    def close(self) -> None:
        """Send what is queued, say goodbye, and let `run` return; the session stays at the broker."""
        self._closing.set()
        self._cut.set()

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1 and go on; without a connection the message is not sent at all."""
        if self._paho is not None:
            self.under_way += self._passing
            self._paho.publish(topic, payload, qos=1)

    async def drain(self, below: int) -> None:
        """Wait until fewer than that many messages are on their way; without a connection none is."""
        while self.connected and self.under_way >= below:
            self._drained_below = below
            self._drained.clear()
            await self._drained.wait()

    def ack(self, arrival: Arrival) -> None:
        """Acknowledge a message once it is safe; the broker hears of it in the order of arrival.

        MQTT demands that order (4.6.0-2), and rumqttd drops a client that breaks it.
        """
        assert not arrival.settled, "acknowledged twice"
        arrival.settled = True
        self.in_hand -= 1
        if arrival.connection == self._connection and self._paho is not None:
            unacked = self._unacked
            while unacked and unacked[0].settled:
                done = unacked.popleft()
                if done.qos:
                    self._paho.ack(done.mid, done.qos)
        if not self._reading and not self._held_back and self.in_hand <= self._in_hand_limit // 2:
            self._start_reading()

    def hold_back(self) -> None:
        """Stop reading for good: what comes from now on stays with the broker."""
        self._held_back = True
        self._stop_reading()

    async def _connect_and_stay(self) -> None:
        client = self._client()
        self._connection += 1
        self._unacked.clear()
        async with client:
            self._paho = client._client
            # Reads even when much is in hand: the answers to the subscriptions must come through.
            self._start_reading()
            for topic_filter in self._filters:
                await client.subscribe(topic_filter, qos=1)
            self.connected = True
            log.info("Broker is there", extra={"client_id": self._client_id})
            self._on_connected()
            await self._until_cut(client)

    def _client(self) -> aiomqtt.Client:
        self._cut.clear()
        if self._closing.is_set():
            self._cut.set()
        client = aiomqtt.Client(
            **connection_of(self._url),
            identifier=self._client_id,
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=self._passing,
            keepalive=KEEPALIVE_S,
            # No limit: the acknowledgements of a whole flush leave at once. With one, paho looks
            # through all that are under way at each PUBACK, which is quadratic.
            max_inflight_messages=0,
            # Else Nagle and the peer's delayed ACK hold each batch of small packets for 40 ms.
            socket_options=((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),),
        )
        # The paho client beneath has what aiomqtt does not offer: acknowledgement by hand.
        paho = client._client
        paho.manual_ack_set(True)
        paho.disable_logger()
        # Past aiomqtt's queue and iterator, which make a task for each message: 60 µs saved.
        paho.on_message = self._on_message
        # Who keeps the session waits for no PUBACKs.
        paho.on_publish = self._on_taken if self._passing else None
        return client

    def _on_taken(self, *_: object) -> None:
        self.under_way -= 1
        if self.under_way < self._drained_below:
            self._drained.set()

    async def _until_cut(self, client: aiomqtt.Client) -> None:
        """Wait until the connection is lost, which raises, or closed by us."""

        async def lost() -> None:
            async for _ in client.messages:  # always empty: it ends when the connection does
                pass

        ends = [asyncio.create_task(lost()), asyncio.create_task(self._cut.wait())]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            results = await asyncio.gather(*ends, return_exceptions=True)
        if isinstance(results[0], aiomqtt.MqttError):
            raise results[0]

    def _leave(self) -> None:
        self.connected = False
        self._reading = False
        self._paho = None
        self.under_way = 0
        self._drained.set()

    def _on_message(self, _paho: Paho, _userdata: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""  # no topic of the contract: it will be set aside
        payload, now = bytes(message.payload), datetime.now(UTC)
        arrival = Arrival(topic, payload, now, message.qos, message.mid, self._connection)
        self.in_hand += 1
        self._unacked.append(arrival)
        self._hear(arrival)

    def _start_reading(self) -> None:
        sock = self._paho.socket() if self._paho is not None else None
        if sock is not None:
            # Takes the place of aiomqtt's reader, which reads one packet a turn of the loop.
            asyncio.get_running_loop().add_reader(sock.fileno(), self._read)
            self._reading = True

    def _stop_reading(self) -> None:
        sock = self._paho.socket() if self._paho is not None else None
        if sock is not None and sock.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(sock.fileno())
        self._reading = False

    def _read(self) -> None:
        paho = self._paho
        for _ in range(PACKETS_A_TURN):
            if paho is None or not self._reading:
                return
            before = self.in_hand
            try:
                paho.loop_read()
            except Exception:
                # Bytes that are no MQTT: paho's state cannot be trusted any more.
                log.exception("Broker sent what could not be read")
                self._cut.set()
                return
            if self.in_hand >= self._in_hand_limit:
                self._stop_reading()
            if self.in_hand == before:
                return
