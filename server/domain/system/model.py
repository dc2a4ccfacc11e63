"""数据应用 (data_app): nouns."""

import hashlib
from dataclasses import dataclass

from server.kernel.table import table, unique


@dataclass(frozen=True, slots=True, kw_only=True)
class DataApp:
    """A partner's key to open data; only the key's hash is kept."""

    id: str
    v: int = 0
    name: str
    key_hash: str
    permissions: tuple[str, ...] = ("open.read",)
    disabled: bool = False


DATA_APPS = table(
    DataApp, "data_apps", unique("key_hash", code="key_taken"), hidden=frozenset({"key_hash"})
)


def hash_key(key: str) -> str:
    """Make what is stored in a key's place; keys are long and random, so one round is enough."""
    return hashlib.sha256(key.encode()).hexdigest()
