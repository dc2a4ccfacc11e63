"""From messages to the readings of one flush, each device's in its own order. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from devices.codecs import decode
from devices.dead_letters import KEPT_BYTES, DeadLetter, Reason, Unreadable
from devices.mqtt import Arrival
from server.domain.equipment import Numbering, Reading

ReadingId = tuple[str, int, int]


@dataclass(slots=True, eq=False)
class Parcel:
    """A message with its address and the number of its readings that are not settled yet.

    `signed_body` is what its signature vouches for, `refusal` why it is not believed.
    """

    arrival: Arrival
    device_id: str | None
    kind: str
    unsettled: int = 0
    signed_body: bytes | None = None
    refusal: Unreadable | None = None


@dataclass(slots=True, eq=False)
class Open:
    """A reading that is not settled yet; `waiting_since` is set once it was found to be ahead."""

    reading: Reading
    parcel: Parcel
    waiting_since: float | None = None

    @property
    def id(self) -> ReadingId:
        """Name the reading as the use case does."""
        return self.reading.device_id, self.reading.boot, self.reading.seq


@dataclass(slots=True)
class Unpacked:
    """What a number of messages held: open readings by device, and the messages set aside."""

    opened: dict[str, list[Open]] = field(default_factory=dict)
    refused: list[tuple[Parcel, Unreadable]] = field(default_factory=list)


def unpack(parcels: Iterable[Parcel]) -> Unpacked:
    """Decode messages; what cannot be decoded is refused by itself and stops nothing."""
    unpacked = Unpacked()
    for parcel in parcels:
        try:
            readings = _read(parcel)
        except Unreadable as refusal:
            unpacked.refused.append((parcel, refusal))
            continue
        parcel.unsettled = len(readings)
        for reading in readings:
            unpacked.opened.setdefault(reading.device_id, []).append(Open(reading, parcel))
    return unpacked


def _read(parcel: Parcel) -> list[Reading]:
    if parcel.device_id is None:
        raise Unreadable(Reason.BAD_TOPIC, parcel.arrival.topic[:200])
    if parcel.refusal is not None:
        raise parcel.refusal
    arrival, body = parcel.arrival, parcel.signed_body
    payload = arrival.payload if body is None else body
    return decode(parcel.kind, parcel.device_id, payload, arrival.received_at)


def in_order(opened: list[Open]) -> list[Open]:
    """Put one device's readings in the order of their numbers, if the numbers tell one.

    Wrapping numbers and clocks do not: 3 may follow 255, so the order of arrival stays.
    """
    if len(opened) > 1 and all(one.reading.numbering is Numbering.DENSE for one in opened):
        opened.sort(key=lambda one: (one.reading.boot, one.reading.seq))
    return opened


def dead_letter(parcel: Parcel, reason: Reason, detail: str) -> DeadLetter:
    """Write the letter for a message that is set aside; of a huge one only the start is kept."""
    arrival = parcel.arrival
    return DeadLetter(
        topic=arrival.topic,
        payload=bytes(arrival.payload[:KEPT_BYTES]),
        size=len(arrival.payload),
        reason=reason,
        detail=detail,
        received_at=arrival.received_at,
        device_id=parcel.device_id,
    )
