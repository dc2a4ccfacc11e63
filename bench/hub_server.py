"""The hub as the product runs it, for the fan-out benches, alone in a process.

usage: python -m bench.hub_server PORT REDIS_URL [SEND_BUFFER]   (no URL: the memory broker)
The first line of the output is a place in the channel with ten publications after it; the last line,
on SIGTERM, what was counted. BENCH_PROFILE names a file for a profile.
"""

import asyncio
import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from bench.loads import CHANNEL, KEY
from realtime.broker_memory import MemoryBroker
from realtime.broker_redis import RedisBroker
from realtime.hub import Hub
from realtime.metrics import CLOSES, CONNECTIONS
from realtime.namespaces import SUBSCRIBERS, Namespace, PrefixBook, anyone
from realtime.socket import SocketHandler

BOOK = PrefixBook(
    [
        Namespace(
            "load",
            access=anyone,
            history_size=1000,
            history_ttl_s=600,
            recoverable=True,
            publish=SUBSCRIBERS,
        )
    ]
)


async def serve(port: int, redis_url: str, send_buffer: int) -> None:
    """Serve until told to stop."""
    broker = RedisBroker(redis_url) if redis_url else MemoryBroker()
    hub = Hub(BOOK, broker, token_key=KEY)
    await hub.start()
    place = await hub.publish(CHANNEL, "first")
    await hub.publish_many([(CHANNEL, {"missed": i}) for i in range(10)])
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = HTTPServer(Application([(r"/connection/websocket", SocketHandler, {"hub": hub})]))
    sockets = bind_sockets(port, "127.0.0.1", backlog=4096)
    if send_buffer:
        sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    # As the product's processes do.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    server.add_sockets(sockets)
    print(json.dumps({"epoch": place.epoch, "offset": place.offset}), flush=True)
    with profile():
        await stop.wait()
    slow = CLOSES.labels("3008")._value.get()
    print(json.dumps({"connections": CONNECTIONS._value.get(), "slow": slow}), flush=True)
    server.stop()
    await hub.close()


@contextmanager
def profile() -> Iterator[None]:
    """Write a profile of the server, if asked for."""
    path = os.environ.get("BENCH_PROFILE")
    if path is None:
        yield
        return
    import cProfile

    profiler = cProfile.Profile()
    profiler.enable()
    yield
    profiler.disable()
    profiler.dump_stats(path)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if sys.argv[3:] else 0))
