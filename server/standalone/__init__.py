"""Finds or starts MongoDB, Redis and an MQTT broker on this machine, for `smartcloud up` and the tests.

单机环境：自动查找或启动数据库、缓存与消息代理。
"""

from server.standalone.errors import (
    DataInUse,
    PortTaken,
    ProgramMissing,
    ServerFailed,
    StandaloneRefused,
)
from server.standalone.servers import KINDS, Servers

__all__ = [
    "KINDS",
    "DataInUse",
    "PortTaken",
    "ProgramMissing",
    "ServerFailed",
    "Servers",
    "StandaloneRefused",
]
