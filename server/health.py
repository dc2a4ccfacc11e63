"""How every component is, as `/healthz` and the landing page say it."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from pymongo.errors import PyMongoError

from realtime.broker import BrokerUnavailable
from realtime.hub import Hub
from server.process import Process
from server.store.beats import read_beats


async def health_of(process: Process, hub: Hub) -> dict[str, Any]:
    """Say how every component is."""
    components: dict[str, dict[str, Any]] = {"serve": {"well": True}}
    try:
        async with asyncio.timeout(2):
            await process.database.command("ping")
            beats = await read_beats(process.database)
        components["mongo"] = {"well": True}
        for name in ("ingest", "worker"):
            components[name] = beats.get(name, {"well": False, "count": 0})
    except (PyMongoError, TimeoutError):
        components["mongo"] = {"well": False}
    try:
        async with asyncio.timeout(2):
            await hub.broker.positions(["map:health"])
        components["redis"] = {"well": True}
    except (BrokerUnavailable, TimeoutError):
        components["redis"] = {"well": False}
    components["mqtt"] = {"well": await _answers(process.config.mqtt_url)}
    well = all(one["well"] for one in components.values())
    return {"well": well, "components": components}


async def _answers(url: str) -> bool:
    """Say whether somebody takes connections there."""
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or 1883)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
