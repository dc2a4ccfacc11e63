"""mosquitto's configuration: a password for each client, and topics no wider than the contract."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from server.kernel.hashing import hash_secret, secret_fits
from server.secrets_file import write_privately

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
    # Saved every 100 changes: with the default of 30 minutes, kill -9 lost 500 of 500 queued messages.
    # At every single one it writes its whole file a message: 245 messages a second instead of 735 with
    # an empty backlog, 45 with one of 3,000, which then never drains. What the last 100 lose is sent
    # again by its devices, and the gateway subscribes anew at each connection.
    # In flight, the default of 20 would keep the gateway from filling a batch.
    return f"""\
listener {listener}
{who}persistence true
persistence_location {data}/
autosave_on_changes true
autosave_interval 100
max_queued_messages 100000
max_inflight_messages 1000
message_size_limit {MAX_PAYLOAD_BYTES}
{more}"""


def write_identities(
    folder: Path, *, gateway_url: str, fleet_url: str, devices: Mapping[str, str] | None
) -> bool:
    """Write the password and the ACL file; says whether either has changed.

    The accounts are those in the two URLs, of which the fleet's may be empty. `devices` are hashes
    by user name; None keeps those that are in the file. An account goes before a device of its name.
    """
    held = _read_passwords(folder / PASSWORDS)
    hashes = dict(held if devices is None else devices)
    names = []
    for url in (gateway_url, fleet_url):
        parts = urlsplit(url)
        if parts.username and parts.password:
            name, password = unquote(parts.username), unquote(parts.password)
            # The hash that stands there is kept, as a new one of the same password would differ.
            fits = name in held and secret_fits(held[name], password)
            hashes[name] = held[name] if fits else hash_secret(password)
            names.append(name)
    files = {
        RULES: _rules_text(*names),
        PASSWORDS: "".join(f"{name}:{hashes[name]}\n" for name in sorted(hashes)),
    }
    return sum(_write(folder / name, text) for name, text in files.items()) > 0


def _rules_text(gateway: str = "", fleet: str = "") -> str:
    parts = [_DEVICES]
    if gateway:
        parts.append(_GATEWAY.format(name=gateway))
    if fleet:
        parts.append(_FLEET.format(name=fleet))
    return "\n".join(parts)


def _read_passwords(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(line.split(":", 1) for line in lines if ":" in line)


def _write(path: Path, text: str) -> bool:
    if path.exists() and path.read_text() == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    write_privately(path, text)
    return True
