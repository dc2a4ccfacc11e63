"""The doubles' own keys, made at the first start and kept in files only their owner can read."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

# 2048 bits: what both providers use.
BITS = 2048


def keep_key(path: Path) -> RSAPrivateKey:
    """Read a private key, making it where there is none yet."""
    if path.exists():
        key = load_pem_private_key(path.read_bytes(), None)
        assert isinstance(key, RSAPrivateKey)
        return key
    key = new_key()
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    return key


def new_key() -> RSAPrivateKey:
    """Make a private key."""
    return generate_private_key(public_exponent=65_537, key_size=BITS)


def public_pem(key: RSAPrivateKey) -> bytes:
    """Give the public half in PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def certificate_of(key: RSAPrivateKey, *, now: datetime | None = None) -> x509.Certificate:
    """Make a certificate for a key, by itself, good for five years."""
    at = now or datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com Root CA double")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(at - timedelta(days=1))
    made = made.not_valid_after(at + timedelta(days=5 * 365))
    return made.sign(key, SHA256())
