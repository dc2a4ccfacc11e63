"""Codecs: pure maps from the bytes of a maker to readings, chosen by the last part of the topic."""

from datetime import datetime

from devices.codecs import canonical, geomag, vzenith
from devices.dead_letters import Reason, Unreadable
from devices.readings import Codec, check_size
from server.domain.equipment import Reading

CODECS: dict[str, Codec] = {
    "reading": canonical.decode,
    "geomag": geomag.decode,
    "vzenith": vzenith.decode,
}


def decode(kind: str, device_id: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """Decode one message by the codec of its topic, or raise `Unreadable` with the reason."""
    codec = CODECS.get(kind)
    if codec is None:
        raise Unreadable(Reason.UNKNOWN_CODEC, kind)
    check_size(payload)
    return codec(device_id, payload, received_at)
