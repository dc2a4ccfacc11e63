"""The embedded servers of one data folder: started together, watched, and stopped together."""

import asyncio
import fcntl
import os
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import IO, Self

import structlog

from server.standalone.errors import DataInUse
from server.standalone.kinds import KINDS, Kind, log_file
from server.standalone.place import Place
from server.standalone.ports import free_port
from server.standalone.running import RunningServer

log = structlog.get_logger(__name__)

__all__ = ["KINDS", "Servers"]


class Servers:
    """MongoDB, Redis and an MQTT broker for as long as an `async with` lasts.

    Data lives in `data_dir`/{mongo,redis,mqtt}, logs in `data_dir`/logs; the next start on the
    same folder continues with the data, also after a kill -9. `ports` maps a server's name to its
    port; a server without one gets a free port. `only` names the servers to start.
    `mqtt_identities` is the folder by whose files mosquitto knows its clients.
    Entering raises StandaloneRefused, with nothing left running, when one cannot be started.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        ports: Mapping[str, int] | None = None,
        only: Collection[str] = tuple(KINDS),
        redis_appendonly: bool = False,
        mqtt_identities: Path | None = None,
    ) -> None:
        unknown = (set(only) | set(ports or {})) - KINDS.keys()
        assert not unknown, f"no such server: {unknown}"
        self.data_dir = data_dir.absolute()
        self.started_in_s: dict[str, float] = {}
        self._ports = dict(ports or {})
        self._only = [kind for name, kind in KINDS.items() if name in only]
        self._redis_appendonly = redis_appendonly
        self._mqtt_identities = mqtt_identities
        self._running: dict[str, RunningServer] = {}
        self._lock: IO[str] | None = None

    @property
    def mongo_url(self) -> str:
        """URL of the replica set, majority in everything."""
        return self._running["mongo"].url

    @property
    def redis_url(self) -> str:
        """URL of Redis."""
        return self._running["redis"].url

    @property
    def mqtt_url(self) -> str:
        """URL of the MQTT broker."""
        return self._running["mqtt"].url

    def __getitem__(self, name: str) -> RunningServer:
        """One server, to look at or to kill in a test."""
        return self._running[name]

    async def __aenter__(self) -> Self:
        self._lock = _lock_folder(self.data_dir)
        try:
            for kind in self._only:
                self._running[kind.name] = self._prepare(kind)
            async with asyncio.TaskGroup() as group:
                for server in self._running.values():
                    group.create_task(self._start(server))
        except BaseException as error:
            await self._stop()
            if isinstance(error, ExceptionGroup):
                # All were started at once; the first refusal is what the person must read.
                raise error.exceptions[0] from None
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()

    async def watch(self) -> None:
        """Restart whichever server ends or no longer answers; runs until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for server in self._running.values():
                group.create_task(server.watch())

    async def _start(self, server: RunningServer) -> None:
        began = time.monotonic()
        await server.start()
        self.started_in_s[server.kind.name] = time.monotonic() - began

    def _prepare(self, kind: Kind) -> RunningServer:
        program = kind.find()
        place = Place(
            folder=self.data_dir / kind.name,
            log=log_file(self.data_dir, kind.name),
            port=self._ports.get(kind.name) or free_port(),
            appendonly=self._redis_appendonly and kind.name == "redis",
            identities=self._mqtt_identities if kind.name == "mqtt" else None,
        )
        return RunningServer(
            kind=kind,
            program=program,
            place=place,
            record=self.data_dir / "run" / f"{kind.name}.json",
        )

    async def _stop(self) -> None:
        await asyncio.gather(*(server.stop() for server in self._running.values()))
        if self._lock:
            self._lock.close()
            self._lock = None


def _lock_folder(data_dir: Path) -> IO[str]:
    run = data_dir / "run"
    run.mkdir(parents=True, exist_ok=True)
    lock = open(run / "lock", "a+")  # noqa: SIM115 - held until the servers stop
    try:
        # The kernel lets go of it when we end, however we end.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        owner = lock.read().strip()
        lock.close()
        raise DataInUse(
            f"Another smartcloud (process {owner}) uses the data folder {data_dir}. "
            "Stop it, or choose another folder with --data-dir or SMARTCLOUD_DATA_DIR."
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
