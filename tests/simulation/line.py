"""A websocket that speaks the client protocol, and nothing more: commands out, answers and pushes in."""

import asyncio
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

ANSWER_WITHIN_S = 5.0
# 3 s after a ping is due the line counts as dead: with 25 s between pings that is noticed within 28.
PING_LATE_S = 3.0

Push = dict[str, Any]


class Refused(Exception):
    """A command was answered with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code: int = error["code"]


class Closed(Exception):
    """The line is gone; `code` is the close code, 1006 without one."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class Line:
    """One connection, open while an `async with` lasts; `hear` is called with each push, in order."""

    def __init__(self, url: str, hear: Callable[[Push], None]) -> None:
        self._url = f"ws{url.removeprefix('http')}/connection/websocket"
        self._hear = hear
        self._socket: ClientConnection | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._last_id = 0
        self._ping_s: float | None = None
        self._reading: asyncio.Task[None] | None = None
        self.code = 1006

    async def __aenter__(self) -> Self:
        try:
            self._socket = await connect(
                self._url,
                proxy=None,
                compression=None,
                ping_interval=None,
                open_timeout=ANSWER_WITHIN_S,
                close_timeout=0.2,
            )
        except (OSError, TimeoutError, ConnectionClosed) as failure:
            raise Closed(1006) from failure
        except Exception as refusal:  # the handshake was answered by something else
            raise Closed(1006) from refusal
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        assert self._socket is not None
        assert self._reading is not None
        self._reading.cancel()
        await asyncio.wait([self._reading])
        self._socket.transport.abort()

    async def closed(self) -> int:
        """Wait until the line is gone; gives the close code."""
        assert self._reading is not None
        await asyncio.wait([self._reading])
        return self.code

    async def ask(self, method: str, request: dict[str, Any]) -> dict[str, Any]:
        """Send a command and give its result; raises Refused and Closed."""
        assert self._socket is not None
        assert self._reading is not None
        self._last_id += 1
        answer = self._waiting[self._last_id] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send(json.dumps({"id": self._last_id, method: request}))
            async with asyncio.timeout(ANSWER_WITHIN_S):
                reply = await answer
        except (ConnectionClosed, TimeoutError, OSError) as gone:
            raise Closed(self.code) from gone
        if "error" in reply:
            raise Refused(reply["error"])
        result: dict[str, Any] = reply.get(method, {})
        if method == "connect" and result.get("ping"):
            self._ping_s = result["ping"]
        return result

    async def _read(self) -> None:
        assert self._socket is not None
        try:
            while True:
                async with asyncio.timeout(self._ping_s and self._ping_s + PING_LATE_S):
                    text = await self._socket.recv()
                for line in str(text).split("\n"):
                    await self._take(json.loads(line))
        except ConnectionClosed as closed:
            self.code = closed.rcvd.code if closed.rcvd else 1006
        except (TimeoutError, OSError):
            self.code = 1006
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(Closed(self.code))
                    waiting.exception()

    async def _take(self, message: dict[str, Any]) -> None:
        assert self._socket is not None
        if not message:
            await self._socket.send("{}")
        elif "id" in message:
            waiting = self._waiting.pop(message["id"], None)
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
        else:
            self._hear(message["push"])
