"""The websocket endpoint: an ordinary Tornado handler whose frames go straight to the socket.

A frame is built once for all who get it. When nothing waits in the stream's write buffer it goes to
`socket.send` at once, and only what the kernel did not take goes through the IOStream, whose buffer
is then the measure of how far the reader is behind.
"""

import math
from asyncio import Future
from collections.abc import Awaitable
from contextlib import suppress
from fnmatch import fnmatchcase

from tornado.iostream import IOStream, StreamClosedError
from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler

from realtime import codes
from realtime.hub import Hub
from realtime.metrics import BACKLOGGED
from realtime.session import Session
from realtime.strict import StrictHandler

JSON, PROTOBUF = "centrifuge-json", "centrifuge-protobuf"


class SocketTransport:
    """The `Transport` of one Tornado websocket."""

    __slots__ = (
        "_allowed",
        "_closing",
        "_handed",
        "_handler",
        "_hub",
        "_mark",
        "_marked_at",
        "_socket",
        "_stream",
        "_waiting",
        "_write",
        "session",
    )

    def __init__(self, hub: Hub, handler: WebSocketHandler, stream: IOStream) -> None:
        assert stream.socket is not None
        self._hub = hub
        self._handler = handler
        self._stream = stream
        self._socket = stream.socket
        self._closing = False
        # Whether something may wait in the stream. Tornado's own frames (pong, close) have to be
        # noticed too: nothing may overtake the rest of one.
        self._waiting = False
        self._write = stream.write
        stream.write = self._write_through  # type: ignore[method-assign]
        # Bytes given to the stream so far, and how many that were when we last looked.
        self._handed = 0
        self._mark = 0
        self._marked_at = 0.0
        self._allowed = hub.limits.backlog_bytes
        self.session: Session = hub.admit(self)

    def push(self, frame: bytes) -> None:
        """Send now what the kernel takes and the rest later; a reader too far behind is cut off."""
        # 1,000 subscribers are 1,000 cold objects: each more that is touched here costs 3 %.
        if self._waiting:
            self._push_behind(frame)
            return
        try:
            sent = self._socket.send(frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            # The stream is being read, and so finds out by itself.
            return
        if sent != len(frame):
            self._hand_over(memoryview(frame)[sent:])

    def answer(self, frame: bytes) -> None:
        """Send what was asked for; its size does not count as a backlog."""
        self._allowed = max(self._allowed, self.backlog() + len(frame))
        self.push(frame)
        if self._waiting:
            self._allowed = self.backlog() + self._hub.limits.backlog_bytes

    def backlog(self) -> int:
        """Tell how many bytes wait in the stream."""
        # A private name of Tornado's: the public one tells only whether there are any.
        buffer = self._stream._write_buffer
        return len(buffer) if buffer is not None else 0

    def overflowing(self) -> bool:
        """Tell whether more waits to be sent than a connection may leave unread."""
        return self._waiting and self.backlog() > self._hub.limits.backlog_bytes

    async def drained(self) -> None:
        """Wait until all is sent, or the connection is over."""
        with suppress(StreamClosedError):
            await self._write(b"")

    def close(self, code: int, reason: str) -> None:
        """Send a close frame, and give the client a moment to answer it."""
        self._closing = True
        self._handler.close(code, reason)
        # Nothing may follow a close frame.
        self._waiting = True
        self._hub.call_at(self, self._hub.time() + self._hub.limits.closing_s)

    def abort(self) -> None:
        """Drop the connection."""
        self._stream.close()

    def gone(self) -> None:
        """The connection is over."""
        self._caught_up()
        self._waiting = self._closing = True
        self._hub.gone(self)

    def visit(self, now: float) -> float:
        """See how far the reader is behind; gives the time of the next look."""
        if self._closing or self._stream.closed():
            self.abort()
            return math.inf
        waiting = self.backlog()
        if not waiting:
            self._caught_up()
            return math.inf
        if self._handed - waiting >= self._mark:
            # All that waited at the last mark is sent: behind, but reading.
            self._mark, self._marked_at = self._handed, now
        elif now - self._marked_at >= self._hub.limits.backlog_s:
            self.session.disconnect(codes.SLOW)
            return now + self._hub.limits.closing_s
        return now

    def _push_behind(self, frame: bytes) -> None:
        if self._closing:
            return
        waiting = self.backlog()
        if not waiting:
            self._caught_up()
            self.push(frame)
        elif waiting + len(frame) > self._allowed:
            self.session.disconnect(codes.SLOW)
        else:
            self._hand_over(frame)

    def _caught_up(self) -> None:
        if self._marked_at:
            BACKLOGGED.dec()
        self._waiting = False
        self._marked_at = 0.0
        self._allowed = self._hub.limits.backlog_bytes

    def _hand_over(self, rest: bytes | memoryview) -> None:
        with suppress(StreamClosedError):
            self._write_through(rest)

    def _write_through(self, data: bytes | memoryview) -> Future[None]:
        written = self._write(data)
        self._handed += len(data)
        if self.backlog():
            self._waiting = True
            if not self._marked_at:
                BACKLOGGED.inc()
                self._mark, self._marked_at = self._handed, self._hub.time()
                self._hub.call_at(self, self._marked_at)
        return written


class SocketHandler(StrictHandler):
    """Route it with the hub: `(r"/connection/websocket", SocketHandler, {"hub": hub})`."""

    def initialize(self, hub: Hub) -> None:
        self._hub = hub
        self._transport: SocketTransport | None = None

    @property
    def max_message_size(self) -> int:
        """The largest message that a client may send, in bytes."""
        return self._hub.limits.frame_bytes

    def prepare(self) -> None:
        if self._hub.closing or self._hub.is_full():
            raise HTTPError(503)

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Agree to what the SDKs ask for; protobuf only to refuse it with a code they understand."""
        known = [name for name in subprotocols if name in (JSON, PROTOBUF)]
        return known[0] if known else None

    def check_origin(self, origin: str) -> bool:
        """Allow the configured origins, or else only this server's own."""
        if self._hub.origins:
            asked = origin.rstrip("/").lower()
            return any(fnmatchcase(asked, allowed) for allowed in self._hub.origins)
        return bool(super().check_origin(origin))

    def open(self, *args: str, **kwargs: str) -> None:
        self.set_nodelay(True)
        assert self.ws_connection is not None
        stream = self.ws_connection.stream
        assert stream is not None
        self._transport = SocketTransport(self._hub, self, stream)
        if self.selected_subprotocol == PROTOBUF:
            self._transport.session.disconnect(codes.INAPPROPRIATE_PROTOCOL)

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        assert self._transport is not None
        return self._transport.session.receive(message)

    def on_close(self) -> None:
        if self._transport is not None:
            self._transport.gone()
            self._transport = None
