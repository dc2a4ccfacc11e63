"""Where a Redis is: a URL for one server, for Sentinels that know the master, or for a Cluster.

    redis://[user:password@]host:port/db
    redis+sentinel://[user:password@]host:port,host:port/master/db
    redis+cluster://[user:password@]host:port,host:port

`rediss` in place of `redis` means TLS. `?sentinel_password=` (and `sentinel_user`) are for Sentinels,
`?ca=FILE` names the authority that signed the servers' certificates.
"""

import ssl
from dataclasses import dataclass
from functools import cached_property
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

Address = tuple[str, int]
Kind = Literal["single", "sentinel", "cluster"]

_KINDS: dict[str, Kind] = {"": "single", "sentinel": "sentinel", "cluster": "cluster"}
_PORTS = {"single": 6379, "sentinel": 26379, "cluster": 6379}


class BadRedisUrl(ValueError):
    """The URL names no Redis."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who we are to a server; without a password nobody."""

    user: str = ""
    password: str = ""

    def command(self) -> list[tuple[str, ...]]:
        """Give the command that signs in, if one is needed."""
        if not self.password:
            return []
        return [("AUTH", *([self.user] if self.user else []), self.password)]


@dataclass(frozen=True)
class RedisPlace:
    """What a URL says."""

    kind: Kind
    addresses: tuple[Address, ...]
    db: int = 0
    master: str = ""
    login: Login = Login()
    sentinel_login: Login = Login()
    tls: bool = False
    ca: str = ""

    @cached_property
    def context(self) -> ssl.SSLContext | None:
        """The TLS context, if TLS is asked for."""
        return ssl.create_default_context(cafile=self.ca or None) if self.tls else None


def read_place(url: str) -> RedisPlace:
    """Read a URL; raises BadRedisUrl."""
    parts = urlsplit(url)
    scheme, _, kind_name = parts.scheme.partition("+")
    kind = _KINDS.get(kind_name)
    if kind is None or scheme not in ("redis", "rediss"):
        raise BadRedisUrl(f"no Redis has the scheme {parts.scheme!r}")
    user_part, _, hosts = parts.netloc.rpartition("@")
    user, _, password = user_part.partition(":")
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    addresses = tuple(_address(one, _PORTS[kind]) for one in hosts.split(","))
    path = [unquote(one) for one in parts.path.split("/") if one]
    master = path.pop(0) if kind == "sentinel" and path else ""
    if (kind == "sentinel") != bool(master) or (kind == "single" and len(addresses) > 1):
        raise BadRedisUrl("one server has one host, and Sentinels are asked for a master by name")
    if path and (kind == "cluster" or not path[0].isdecimal() or len(path) > 1):
        raise BadRedisUrl(f"{parts.path!r} is no database")
    return RedisPlace(
        kind,
        addresses,
        db=int(path[0]) if path else 0,
        master=master,
        login=Login(unquote(user), unquote(password)),
        sentinel_login=Login(
            options.get("sentinel_user", ""), options.get("sentinel_password", "")
        ),
        tls=scheme == "rediss",
        ca=options.get("ca", ""),
    )


def _address(text: str, default_port: int) -> Address:
    host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon:
        host, port = text, str(default_port)
    if not port.isdecimal() or not host.strip("[]"):
        raise BadRedisUrl(f"{text!r} is no host and port")
    return host.strip("[]"), int(port)
