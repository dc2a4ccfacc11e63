"""What Tornado itself takes for a websocket's handshake and two small messages: the peer of the hub's.

usage: python -m bench.bare_tornado PORT
It checks no token, keeps no state and answers as if a subscription had been recovered.
"""

import asyncio
import gc
import sys

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler

ANSWERS = {
    b'{"id": 1': '{"id":1,"connect":{}}',
    b'{"id": 2': '{"id":2,"subscribe":{"recovered":true}}',
}


class Bare(WebSocketHandler):
    """Answers each of the two commands with a text."""

    def on_message(self, message: str | bytes) -> None:
        answer = ANSWERS.get(message[:8].encode() if isinstance(message, str) else message[:8])
        if answer is not None:
            self.write_message(answer)


async def serve(port: int) -> None:
    """Serve until it is killed."""
    server = HTTPServer(Application([(r"/connection/websocket", Bare)]))
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    server.add_sockets(bind_sockets(port, "127.0.0.1", backlog=4096))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
