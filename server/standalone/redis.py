"""redis-server for publications and their history."""

from redis.asyncio import Redis

from server.standalone.place import Place
from server.standalone.ports import LOOPBACK
from server.standalone.programs import Program


def url(port: int) -> str:
    """URL for clients."""
    return f"redis://{LOOPBACK}:{port}/0"


def command(program: Program, place: Place) -> list[str]:
    """Say how redis-server is run on the place."""
    return [
        *program.command,
        *("--port", str(place.port), "--bind", LOOPBACK, "--dir", str(place.folder)),
        # What it holds is a window on MongoDB's facts, so by default none of it goes to disk.
        *("--save", "", "--appendonly", "yes" if place.appendonly else "no"),
    ]


async def answer(place: Place) -> None:
    """Ping it; raises until it answers."""
    async with Redis(host=LOOPBACK, port=place.port, socket_timeout=1) as client:
        await client.ping()
