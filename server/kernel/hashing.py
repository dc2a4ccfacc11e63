"""What is stored in the place of a machine's secret, in the form that mosquitto's password file has."""

import base64
import hashlib
import hmac
import os

# 101 rounds, mosquitto's own count: 50 µs. Such a secret has 256 random bits, which nobody guesses
# at any speed, so slow hashing (30 ms for a person's password) would only slow a city's reconnect.
ROUNDS = 101
SALT_BYTES = 12


def hash_secret(secret: str) -> str:
    """Make `$7$rounds$salt$hash`: PBKDF2-HMAC-SHA512, as `mosquitto_passwd` writes it."""
    salt = os.urandom(SALT_BYTES)
    return f"$7${ROUNDS}${_base64(salt)}${_base64(_digest(secret, salt, ROUNDS))}"


def secret_fits(hashed: str, secret: str) -> bool:
    """Say, in a time that tells nothing, whether this is the secret that was hashed."""
    _, _, rounds, salt, digest = hashed.split("$")
    found = _digest(secret, base64.b64decode(salt), int(rounds))
    return hmac.compare_digest(found, base64.b64decode(digest))


def _digest(secret: str, salt: bytes, rounds: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, rounds)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
