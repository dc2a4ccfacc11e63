"""Chance that can be had again: every draw of the simulator comes from a seed and a purpose."""

import hashlib
import hmac
from random import Random


def chance(seed: int, *purpose: object) -> Random:
    """Give the generator of one purpose; adding a draw for one purpose never moves another's."""
    text = ":".join(str(part) for part in (seed, *purpose))
    # A string seed is hashed with SHA-512 by Random itself, alike on every machine and process.
    return Random(text)  # noqa: S311


def device_secret(seed: int, device_id: str) -> str:
    """Derive a demo device's secret, 32 hex digits, so that city and simulator agree without a file."""
    key = f"smartcloud demo city {seed}".encode()
    return hmac.new(key, device_id.encode(), hashlib.sha256).hexdigest()[:32]
