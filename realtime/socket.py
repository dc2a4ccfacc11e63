"""The websocket endpoint: an ordinary Tornado handler whose frames go straight to the socket.

A frame is built once for all who get it. When nothing waits in the stream's write buffer it goes to
`socket.send` at once, and only what the kernel did not take goes through the IOStream, whose buffer
is then the measure of how far the reader is behind.
"""

import math
import random
from asyncio import Future
from collections.abc import Awaitable, Callable
from contextlib import suppress
from fnmatch import fnmatchcase

from tornado.httputil import HTTPHeaders
from tornado.iostream import IOStream, StreamClosedError
from tornado.websocket import WebSocketHandler

from realtime import codes
from realtime.deflate import agree
from realtime.hub import Hub
from realtime.metrics import BACKLOG, BACKLOGGED, HANDSHAKES
from realtime.session import Session
from realtime.strict import StrictHandler

JSON, PROTOBUF = "centrifuge-json", "centrifuge-protobuf"

# Who is refused comes back within this: not all of them at once.
COME_BACK_S = (1, 5)


class SocketTransport:
    """The `Transport` of one Tornado websocket."""

    __slots__ = (
        "_allowed",
        "_closing",
        "_counted",
        "_handed",
        "_handler",
        "_hub",
        "_mark",
        "_marked_at",
        "_stream",
        "_write",
        "behind",
        "deflates",
        "send",
        "session",
    )

    def __init__(
        self, hub: Hub, handler: WebSocketHandler, stream: IOStream, *, deflates: bool
    ) -> None:
        assert stream.socket is not None
        self._hub = hub
        self._handler = handler
        self._stream = stream
        self.send: Callable[[bytes], int] = stream.socket.send
        self.deflates = deflates
        self._closing = False
        # Whether something may wait in the stream. Tornado's own frames (pong, close) have to be
        # noticed too: nothing may overtake the rest of one.
        self.behind = False
        self._write = stream.write
        stream.write = self._write_through  # type: ignore[method-assign]
        # Bytes given to the stream so far, and how many that were when we last looked.
        self._handed = 0
        self._mark = 0
        self._marked_at = 0.0
        self._counted = 0
        self._allowed = hub.limits.backlog_bytes
        self.session: Session = hub.admit(self)

    def push(self, frame: bytes) -> None:
        """Send now what the kernel takes and the rest later; a reader too far behind is cut off."""
        if self.behind:
            self._push_behind(frame)
            return
        try:
            sent = self.send(frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            # The stream is being read, and so finds out by itself.
            return
        if sent != len(frame):
            self.take_rest(frame, sent)

    def take_rest(self, frame: bytes, sent: int) -> None:
        """Send later what the kernel did not take of a frame."""
        self._hand_over(memoryview(frame)[sent:])

    def hold(self, size: int) -> bool:
        """Tell whether so much may wait for this reader besides; it is cut off if not."""
        if self.backlog() + size <= self._allowed:
            return True
        self.session.disconnect(codes.SLOW)
        return False

    def answer(self, frame: bytes) -> None:
        """Send what was asked for; its size does not count as a backlog."""
        self._allowed = max(self._allowed, self.backlog() + len(frame))
        self.push(frame)
        if self.behind:
            self._allowed = self.backlog() + self._hub.limits.backlog_bytes

    def backlog(self) -> int:
        """Tell how many bytes wait in the stream."""
        # A private name of Tornado's: the public one tells only whether there are any.
        buffer = self._stream._write_buffer
        return len(buffer) if buffer is not None else 0

    def overflowing(self) -> bool:
        """Tell whether more waits to be sent than a connection may leave unread."""
        return self.behind and self.backlog() > self._hub.limits.backlog_bytes

    async def drained(self) -> None:
        """Wait until all is sent, or the connection is over."""
        with suppress(StreamClosedError):
            await self._write(b"")

    def close(self, code: int, reason: str) -> None:
        """Send a close frame, and give the client a moment to answer it."""
        self._closing = True
        self._handler.close(code, reason)
        # Nothing may follow a close frame.
        self.behind = True
        self._hub.call_at(self, self._hub.time() + self._hub.limits.closing_s)

    def abort(self) -> None:
        """Drop the connection."""
        self._stream.close()

    def gone(self) -> None:
        """The connection is over."""
        self._closing = True
        self._forget_backlog()
        self.behind = True
        self._hub.gone(self)

    def visit(self, now: float) -> float:
        """See how far the reader is behind; gives the time of the next look."""
        if self._closing or self._stream.closed():
            self.abort()
            return math.inf
        waiting = self.backlog()
        if not waiting:
            self._caught_up()
            return now if self.behind else math.inf
        self._count(waiting)
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
        if not self.backlog():
            self._caught_up()
        if not self.behind:
            self.push(frame)
        elif self.hold(len(frame)):
            self._hand_over(frame)

    def _fell_behind(self, written: Future[None]) -> None:
        self.behind = True
        BACKLOGGED.inc()
        self._mark, self._marked_at = self._handed, self._hub.time()
        self._hub.call_at(self, self._marked_at)
        self._hub.fell_behind(self.session)
        written.add_done_callback(self._drained)

    def _drained(self, _: Future[None]) -> None:
        if not self._marked_at or self._closing:
            return
        if not self.backlog():
            self._caught_up()
            return
        with suppress(StreamClosedError):
            self._write(b"").add_done_callback(self._drained)

    def _caught_up(self) -> None:
        if self._closing:
            return
        self._forget_backlog()
        self.behind = False
        self._allowed = self._hub.limits.backlog_bytes
        self._hub.caught_up(self.session)

    def _forget_backlog(self) -> None:
        if self._marked_at:
            BACKLOGGED.dec()
            self._count(0)
        self._marked_at = 0.0

    def _count(self, waiting: int) -> None:
        BACKLOG.inc(waiting - self._counted)
        self._counted = waiting

    def _hand_over(self, rest: bytes | memoryview) -> None:
        with suppress(StreamClosedError):
            self._write_through(rest)

    def _write_through(self, data: bytes | memoryview) -> Future[None]:
        written = self._write(data)
        self._handed += len(data)
        if not self._marked_at and self.backlog():
            self._fell_behind(written)
        return written


class SocketHandler(StrictHandler):
    """Route it with the hub: `(r"/connection/websocket", SocketHandler, {"hub": hub})`."""

    def initialize(self, hub: Hub) -> None:
        self._hub = hub
        self._transport: SocketTransport | None = None
        self._deflates = False

    @property
    def max_message_size(self) -> int:
        """The largest message that a client may send, in bytes."""
        return self._hub.limits.frame_bytes

    def prepare(self) -> None:
        if self._hub.closing or self._hub.is_full() or not self._hub.door.admit():
            HANDSHAKES.labels("refused").inc()
            self.set_status(503)
            self.set_header("Retry-After", str(random.randint(*COME_BACK_S)))  # noqa: S311
            self.finish()
            return
        HANDSHAKES.labels("accepted").inc()
        offered = self.request.headers.get("Sec-WebSocket-Extensions", "")
        if self._hub.limits.deflate and offered:
            # Tornado agrees to what it finds there.
            agreed = agree(offered)
            self.request.headers["Sec-WebSocket-Extensions"] = agreed
            self._deflates = bool(agreed)

    def get_compression_options(self) -> dict[str, object] | None:
        """Let Tornado inflate what a client sends, where compression was agreed on."""
        return {} if self._deflates else None

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
        self._transport = SocketTransport(self._hub, self, stream, deflates=self._deflates)
        if self.selected_subprotocol == PROTOBUF:
            self._transport.session.disconnect(codes.INAPPROPRIATE_PROTOCOL)
        # What only a request needs would be kept as long as the socket: 2 KB of headers and tables.
        self.request.headers = self._headers = HTTPHeaders()
        self.ui.clear()

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        assert self._transport is not None
        return self._transport.session.receive(message)

    def on_close(self) -> None:
        if self._transport is not None:
            self._transport.gone()
            self._transport = None
