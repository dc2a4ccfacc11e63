"""The server API over HTTP: `POST {prefix}/{call}` with a key, as Centrifugo has it.

An error of a call is told in the body of a 200, `{"error": {"code", "message"}}`; 400 is for a body
that cannot be read, and 401 for a wrong key.
"""

import asyncio
import hmac
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from tornado.web import RequestHandler

from realtime import codes
from realtime.api import Api, error_of
from realtime.api_shapes import (
    AskBatch,
    AskBroadcast,
    AskChannels,
    AskDisconnect,
    AskInvalidateUserTokens,
    AskPublish,
    AskRefresh,
    AskRevokeToken,
    AskSubscribe,
    AskUnsubscribe,
)
from realtime.broker import BrokerUnavailable
from realtime.codes import Refused
from realtime.hub import Hub
from realtime.protocol import ChannelRequest, EmptyRequest, HistoryRequest

log = logging.getLogger(__name__)

Call = Callable[..., Awaitable[msgspec.Struct]]

CALLS: dict[str, tuple[type[msgspec.Struct], Call]] = {
    "publish": (AskPublish, Api.publish),
    "broadcast": (AskBroadcast, Api.broadcast),
    "presence": (ChannelRequest, Api.presence),
    "presence_stats": (ChannelRequest, Api.presence_stats),
    "history": (HistoryRequest, Api.history),
    "history_remove": (ChannelRequest, Api.history_remove),
    "disconnect": (AskDisconnect, Api.disconnect),
    "subscribe": (AskSubscribe, Api.subscribe),
    "unsubscribe": (AskUnsubscribe, Api.unsubscribe),
    "refresh": (AskRefresh, Api.refresh),
    "channels": (AskChannels, Api.channels),
    "info": (EmptyRequest, Api.info),
    "revoke_token": (AskRevokeToken, Api.revoke_token),
    "invalidate_user_tokens": (AskInvalidateUserTokens, Api.invalidate_user_tokens),
}


def api_route(path: str, hub: Hub, key: str | None) -> Any:
    """Route the server API below a path. Without a key it answers anybody, so None has to be said."""
    return (re.escape(path.rstrip("/")) + r"/(\w+)", ApiHandler, {"api": Api(hub), "key": key})


class ApiHandler(RequestHandler):
    """Answers one call of the server API, named by the address."""

    def initialize(self, api: Api, key: str | None) -> None:
        self._api = api
        self._key = key

    def prepare(self) -> None:
        if self._key is not None and not hmac.compare_digest(
            self._given_key().encode(), self._key.encode()
        ):
            self._refuse(401, "unauthorized")

    def check_xsrf_cookie(self) -> None:
        """Ask for no cookie: the key is in a header that no form can send."""

    async def post(self, name: str) -> None:
        """Do one call, or a batch of them."""
        try:
            # As text: data that is passed on as it is has to be readable for browsers.
            body = self.request.body.decode() or "{}"
            if name == "batch":
                batch = msgspec.json.decode(body, type=AskBatch)
                answer: object = {"replies": await self._batch(batch)}
            elif name in CALLS:
                answer = await self._call(name, body)
            else:
                self._refuse(404, "no such call")
                return
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as malformed:
            self._refuse(400, str(malformed))
            return
        self._answer(answer)

    async def _batch(self, batch: AskBatch) -> list[object]:
        if batch.parallel:
            return list(await asyncio.gather(*map(self._command, batch.commands)))
        return [await self._command(command) for command in batch.commands]

    async def _command(self, command: dict[str, msgspec.Raw]) -> object:
        name = next(iter(command), "")
        if len(command) != 1 or name not in CALLS:
            return {"error": error_of(Refused(codes.METHOD_NOT_FOUND))}
        try:
            reply = await self._call(name, bytes(command[name]))
        except (msgspec.MsgspecError, RecursionError):
            return {"error": error_of(Refused(codes.BAD_REQUEST))}
        return {name: reply["result"]} if "result" in reply else reply

    async def _call(self, name: str, body: str | bytes) -> dict[str, object]:
        shape, call = CALLS[name]
        request = msgspec.json.decode(body, type=shape)
        try:
            return {"result": await call(self._api, **msgspec.structs.asdict(request))}
        except Refused as refusal:
            return {"error": error_of(refusal)}
        except BrokerUnavailable as failure:
            log.warning("The broker cannot be reached", extra={"why": str(failure)})
            return {"error": error_of(failure)}

    def _given_key(self) -> str:
        given = self.request.headers.get("X-API-Key", "")
        scheme, _, key = self.request.headers.get("Authorization", "").partition(" ")
        return given or (key.strip() if scheme.lower() == "apikey" else "")

    def _answer(self, answer: object) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(msgspec.json.encode(answer))

    def _refuse(self, status: int, why: str) -> None:
        self.set_status(status)
        self._answer({"error": why})
