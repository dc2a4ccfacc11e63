"""mosquitto's configuration: a password for each client, and topics no wider than the contract."""

from collections.abc import Mapping
from pathlib import Path

PASSWORDS, RULES, CONFIG = "passwords", "acl", "mosquitto.conf"
# The largest reading allowed is far below; a photo's metadata from a camera stays below it too.
MAX_PAYLOAD_BYTES = 262_144

_DEVICES = """\
# A device: its own readings upwards, its own commands and acknowledgements downwards.
pattern write devices/%u/up/+
pattern read devices/%u/down/#
pattern read devices/%u/ack
"""
_GATEWAY = """\
# The gateway; it writes upwards only to play a dead letter again.
user {name}
topic read devices/+/up/+
topic write devices/+/ack
topic write devices/+/down/+
topic write devices/+/up/+
"""
_FLEET = """\
# The simulator, which speaks for every device of the demo.
user {name}
topic write devices/+/up/+
topic read devices/+/ack
"""


def config_text(*, listener: str, data: Path, identities: Path | None, more: str = "") -> str:
    """Write mosquitto.conf; without `identities`, the folder of the two files, it trusts everybody."""
    who = "allow_anonymous true\n"
    if identities is not None:
        who = (
            "allow_anonymous false\n"
            f"password_file {identities / PASSWORDS}\n"
            f"acl_file {identities / RULES}\n"
        )
    # Saved at every change: with the default of 30 minutes, kill -9 lost 500 of 500 queued messages.
    # In flight, the default of 20 would keep the gateway from filling a batch.
    return f"""\
listener {listener}
{who}persistence true
persistence_location {data}/
autosave_on_changes true
autosave_interval 1
max_queued_messages 100000
max_inflight_messages 1000
message_size_limit {MAX_PAYLOAD_BYTES}
{more}"""


def password_text(hashes: Mapping[str, str]) -> str:
    """Write the password file, from `$7$…` hashes by user name."""
    return "".join(f"{name}:{hashed}\n" for name, hashed in hashes.items())


def rules_text(*, gateway: str, fleet: str | None) -> str:
    """Write the ACL file for devices and for the accounts named."""
    parts = [_DEVICES, _GATEWAY.format(name=gateway)]
    if fleet is not None:
        parts.append(_FLEET.format(name=fleet))
    return "\n".join(parts)
