"""Signed readings: who sent a message, where the broker cannot tell its clients apart. Pure.

A signed message is `S1`, 32 bytes of HMAC-SHA256, and the body that the codec reads. What is signed
is the topic and the body, with a zero byte between them that no topic can hold: so a reading cannot
be moved to another device or another codec. It can be sent again, which does no harm, as a reading
is taken once by its (boot, seq).
"""

import hashlib
import hmac

# No codec's body begins so: JSON does with a brace or a blank, a geomagnetic frame with FE 6D.
MARK = b"S1"
HEAD_BYTES = len(MARK) + hashlib.sha256().digest_size


def sign(key: bytes, topic: str, body: bytes) -> bytes:
    """Put a body into its signed form."""
    return MARK + _signature(key, topic, body) + body


def is_signed(payload: bytes) -> bool:
    """Say whether a payload claims to be signed; whether it rightly does is for `is_genuine`."""
    return payload.startswith(MARK)


def body_of(payload: bytes) -> bytes:
    """Take the body out of a signed payload."""
    return payload[HEAD_BYTES:]


def is_genuine(key: bytes, topic: str, payload: bytes) -> bool:
    """Say whether a signed payload was signed with this key for this topic."""
    given = payload[len(MARK) : HEAD_BYTES]
    # In a time that does not tell how much of a forged signature is right.
    return hmac.compare_digest(given, _signature(key, topic, payload[HEAD_BYTES:]))


def _signature(key: bytes, topic: str, body: bytes) -> bytes:
    return hmac.digest(key, b"%b\0%b" % (topic.encode(), body), "sha256")
