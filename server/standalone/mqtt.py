"""An MQTT broker on the loopback address: mosquitto, or rumqttd from the wheel iotcore."""

import asyncio
import getpass

from server.standalone.place import Place
from server.standalone.ports import LOOPBACK
from server.standalone.programs import Program

# The largest reading allowed is far below; a photo's metadata from a camera stays below it too.
MAX_PAYLOAD_BYTES = 262_144
# CONNECT of MQTT 3.1.1, clean session, keep-alive 10 s, client id "alive".
_CONNECT = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x0a\x00\x05alive"
_ACCEPTED = b"\x20\x02\x00\x00"
_DISCONNECT = b"\xe0\x00"


def url(port: int) -> str:
    """URL for clients."""
    return f"mqtt://{LOOPBACK}:{port}"


def command(program: Program, place: Place) -> list[str]:
    """Write the broker's configuration and say how it is run."""
    if program.command[0].endswith("mosquitto"):
        config = place.folder / "mosquitto.conf"
        config.write_text(_mosquitto_config(place))
        return [*program.command, "-c", str(config)]
    config = place.folder / "rumqttd.toml"
    config.write_text(_rumqttd_config(place))
    return [*program.command, str(config)]


async def answer(place: Place) -> None:
    """Connect as a client and be accepted; raises until the broker does."""
    reader, writer = await asyncio.open_connection(LOOPBACK, place.port)
    try:
        writer.write(_CONNECT)
        accepted = await asyncio.wait_for(reader.readexactly(4), timeout=1)
        if accepted != _ACCEPTED:
            raise ConnectionError(f"the broker answered {accepted.hex()}")
        writer.write(_DISCONNECT)
        await writer.drain()
    finally:
        writer.close()


def _mosquitto_config(place: Place) -> str:
    # Saved at every change: with the default of 30 minutes, kill -9 lost 500 of 500 queued messages.
    # In flight, the default of 20 would keep the gateway from filling a batch.
    return f"""\
listener {place.port} {LOOPBACK}
allow_anonymous true
user {getpass.getuser()}
persistence true
persistence_location {place.folder}/
autosave_on_changes true
autosave_interval 1
max_queued_messages 100000
max_inflight_messages 1000
message_size_limit {MAX_PAYLOAD_BYTES}
log_dest stdout
"""


def _rumqttd_config(place: Place) -> str:
    # A topic filter keeps ten segments of 100 MB for those who are away, oldest dropped first.
    return f"""\
id = 0

[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10

[v4.1]
name = "loopback"
listen = "{LOOPBACK}:{place.port}"
next_connection_delay_ms = 1

[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = {MAX_PAYLOAD_BYTES}
max_inflight_count = 100
dynamic_filters = true
"""
