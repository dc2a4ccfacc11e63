"""A redis-py client for what is no publication and may be lost, such as a nudge, wherever Redis is."""

from typing import Any

from redis.asyncio import Redis
from redis.asyncio.sentinel import Sentinel

from realtime.redis_place import Login, read_place


def client_of(url: str, *, timeout_s: float) -> Redis:
    """Give a client of the place that a URL names; raises BadRedisUrl.

    Of a Cluster it is one node, which passes what is published on to the others.
    """
    place = read_place(url)
    options: dict[str, Any] = {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}
    if place.tls:
        options |= {"ssl": True, "ssl_ca_certs": place.ca or None}
    own = {**options, **_credentials(place.login), "db": place.db}
    if place.kind != "sentinel":
        host, port = place.addresses[0]
        return Redis(host=host, port=port, **own)
    asking = {**options, **_credentials(place.sentinel_login)}
    made: Any = Sentinel
    sentinel = made(list(place.addresses), sentinel_kwargs=asking, **own)
    master: Redis = sentinel.master_for(place.master)
    return master


def _credentials(login: Login) -> dict[str, Any]:
    return {"username": login.user or None, "password": login.password or None}
