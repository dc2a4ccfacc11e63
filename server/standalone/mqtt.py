"""An MQTT broker on the loopback address: mosquitto, or rumqttd from the wheel iotcore."""

import asyncio
import getpass

from server.brokers import mosquitto
from server.brokers.mosquitto import MAX_PAYLOAD_BYTES
from server.standalone.place import Place
from server.standalone.ports import LOOPBACK
from server.standalone.programs import Program

PID_FILE = "mosquitto.pid"
# CONNECT of MQTT 3.1.1, clean session, keep-alive 10 s, client id "alive".
_CONNECT = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x0a\x00\x05alive"
# Accepted, and refused for who we are not: either way somebody is there and knows the rules.
_ANSWERS = (b"\x20\x02\x00\x00", b"\x20\x02\x00\x05")
_DISCONNECT = b"\xe0\x00"


def url(port: int) -> str:
    """URL for clients."""
    return f"mqtt://{LOOPBACK}:{port}"


def is_mosquitto(program: Program) -> bool:
    """Say whether the broker is one that can tell its clients apart."""
    return program.command[0].endswith("mosquitto")


def command(program: Program, place: Place) -> list[str]:
    """Write the broker's configuration and say how it is run."""
    if is_mosquitto(program):
        config = place.folder / "mosquitto.conf"
        config.write_text(_mosquitto_config(place))
        return [*program.command, "-c", str(config)]
    config = place.folder / "rumqttd.toml"
    config.write_text(_rumqttd_config(place))
    return [*program.command, str(config)]


async def answer(place: Place) -> None:
    """Connect as a client and be answered; raises until the broker does."""
    reader, writer = await asyncio.open_connection(LOOPBACK, place.port)
    try:
        writer.write(_CONNECT)
        answered = await asyncio.wait_for(reader.readexactly(4), timeout=1)
        if answered not in _ANSWERS:
            raise ConnectionError(f"the broker answered {answered.hex()}")
        writer.write(_DISCONNECT)
        await writer.drain()
    finally:
        writer.close()


def _mosquitto_config(place: Place) -> str:
    more = f"user {getpass.getuser()}\npid_file {place.folder / PID_FILE}\nlog_dest stdout\n"
    return mosquitto.config_text(
        listener=f"{place.port} {LOOPBACK}",
        data=place.folder,
        identities=place.identities,
        more=more,
    )


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
