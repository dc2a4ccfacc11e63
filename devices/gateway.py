"""The gateway: device messages in, readings to the use case, acknowledgements out after the commit."""

import asyncio
import logging

from devices.batches import Parcel
from devices.checkpoint import Checkpoint
from devices.dead_letters import Bury
from devices.keys import KeyStore
from devices.lanes import REORDER_WINDOW_S, Lane
from devices.metrics import IN_HAND
from devices.mqtt import Arrival, MqttClient
from devices.patience import Patience, Take
from devices.topics import SHARED_UP_FILTER, UP_FILTER, parse_up

log = logging.getLogger(__name__)

# Two: one lane decides while the other waits for the store. With three the batches are smaller: at
# 500 changes a second mongod spent a tenth more, and nothing was won when busy.
LANES = 2
# 10 s: the longest commit seen across a failover is 5 s.
STOP_WITHIN_S = 10.0


class Gateway:
    """One ingest process: a broker session whose messages are acknowledged when committed.

    `client_id` names the session at the broker and must be the same at each start of this
    process, and another one in each process: messages wait under it while the process is down.
    `shared` lets several processes divide the messages among them. With `keys` signed messages are
    checked, and with `signed_only` others are not believed; without, the broker is.
    """

    def __init__(
        self,
        *,
        mqtt_url: str,
        client_id: str,
        take: Take,
        bury: Bury,
        keys: KeyStore | None = None,
        signed_only: bool = False,
        shared: bool = True,
        reorder_window_s: float = REORDER_WINDOW_S,
    ) -> None:
        up_filter = SHARED_UP_FILTER if shared else UP_FILTER
        self._mqtt = MqttClient(
            mqtt_url, client_id=client_id, filters=(up_filter,), hear=self._hear
        )
        self._patience = Patience(take=take, bury=bury)
        self._lanes = [
            Lane(patience=self._patience, post=self._mqtt, reorder_window_s=reorder_window_s)
            for _ in range(LANES)
        ]
        assert keys or not signed_only, "signatures need keys"
        self._checkpoint = (
            Checkpoint(keys, signed_only=signed_only, admit=self._admit) if keys else None
        )
        self._stopping = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Say whether the broker is there and subscribed to."""
        return self._mqtt.connected

    @property
    def store_is_away(self) -> bool:
        """Say whether messages are waiting for the store."""
        keys_are_away = self._checkpoint is not None and self._checkpoint.store_is_away
        return self._patience.store_is_away or keys_are_away

    @property
    def in_hand(self) -> int:
        """Count the messages that are received and not acknowledged yet."""
        return self._mqtt.in_hand

    def stop(self) -> None:
        """Let `run` finish the flushes at hand, acknowledge them, and return."""
        self._stopping.set()

    async def run(self) -> None:
        """Carry readings until `stop`; what is not committed by then stays with the broker."""
        IN_HAND.set_function(lambda: self._mqtt.in_hand)
        mqtt = asyncio.create_task(self._mqtt.run(), name="mqtt")
        lanes = [asyncio.create_task(lane.run(), name="lane") for lane in self._lanes]
        stopping = asyncio.create_task(self._stopping.wait())
        tasks = [mqtt, stopping, *lanes]
        if self._checkpoint is not None:
            tasks.append(asyncio.create_task(self._checkpoint.run(), name="checkpoint"))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            await self._wind_down(mqtt, lanes)
            for task in done:
                task.result()  # whatever ended by itself says why
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _wind_down(self, mqtt: asyncio.Task[None], lanes: list[asyncio.Task[None]]) -> None:
        self._mqtt.hold_back()
        self._patience.stop()
        for lane in self._lanes:
            lane.stop()
        await asyncio.wait(lanes, timeout=STOP_WITHIN_S)
        self._mqtt.close()
        await asyncio.wait([mqtt], timeout=STOP_WITHIN_S)

    def _hear(self, arrival: Arrival) -> None:
        address = parse_up(arrival.topic)
        device_id, kind = address if address else (None, "")
        put = self._checkpoint.put if self._checkpoint is not None else self._admit
        put(Parcel(arrival, device_id, kind))

    def _admit(self, parcel: Parcel) -> None:
        # By device, so that the order of one device's readings is the order of one lane.
        self._lanes[hash(parcel.device_id) % LANES].put(parcel)
