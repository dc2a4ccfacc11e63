"""What every handler shares: who is asking, what is asked, and how it is answered."""

import functools
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from http.client import responses
from typing import Any, ClassVar, TypeVar

import msgspec
import structlog
from marshmallow import Schema, ValidationError
from tornado.web import HTTPError, RequestHandler

from handlers.app import App
from handlers.tokens import read_token
from server.domain.identity import actor_of
from server.domain.system import actor_of_key
from server.kernel.access import ANYONE, Actor, Audience, system
from server.kernel.errors import DomainError, Invalid, Unauthenticated
from server.kernel.work import Work
from server.store.replies import claim, give_up, keep, note_acted

log = structlog.get_logger(__name__)
T = TypeVar("T")
# 64 KiB: the longest body of this API is a hundred times shorter.
BODY_MAX = 65_536
_REQUEST_KEY = re.compile(r"[A-Za-z0-9_.:-]{8,64}")


class Permit(StrEnum):
    """Who may call an action that asks for no permission of its own."""

    ANYONE = "anyone"
    LOGGED_IN = "logged_in"


@dataclass(frozen=True, slots=True)
class Action:
    """What an action is declared as; the API's description is drawn from it."""

    summary: str
    permit: Permit | str
    body: type[Schema] | None
    query: type[Schema] | None
    answer: type[Schema] | None
    status: int
    once: bool


Method = Callable[..., Awaitable[Any]]


def action(
    summary: str,
    *,
    permit: Permit | str,
    body: type[Schema] | None = None,
    query: type[Schema] | None = None,
    answer: type[Schema] | None = None,
    status: int = 200,
    once: bool = False,
) -> Callable[[Method], Method]:
    """Declare a handler's method: who may call it, and what goes in and out.

    The method gets the checked query and body by keyword; what it returns is the answer. What
    moves money is done `once` a key that the client gives in `Idempotency-Key`: the same key again
    gets the same answer, to the byte, for two days.
    """
    declared = Action(summary, permit, body, query, answer, status, once)

    def declare(method: Method) -> Method:
        @functools.wraps(method)
        async def call(self: "Handler", *path: str, **named: str) -> None:
            await self.admit(declared.permit)
            asked = {**self.read_query(declared.query), **self.read_body(declared.body)}
            if declared.once:
                do = functools.partial(method, self, *path, **named, **asked)
                await answer_once(self, do, status=declared.status)
                return
            self.answer(await method(self, *path, **named, **asked), status=declared.status)

        call.action = declared  # type: ignore[attr-defined]
        return call

    return declare


class Handler(RequestHandler):
    """A handler of the API. Methods that are not declared by `action` do not exist."""

    path: ClassVar[str]
    audience: ClassVar[Audience]
    sent: ClassVar[str] = ""
    """Media type of a body that is no JSON."""
    app: App
    actor: Actor

    def initialize(self, app: App) -> None:
        """Take what the handler works with."""
        self.app = app
        self.actor = ANYONE
        self.request_key = ""

    async def admit(self, permit: Permit | str) -> None:
        """Find out who is asking, and refuse unless that one may."""
        self.actor = await self._who()
        if permit is Permit.ANYONE:
            return
        if not self.actor.known:
            raise Unauthenticated("login_required", "请先登录")
        if permit is not Permit.LOGGED_IN:
            self.actor.require(permit)

    async def _who(self) -> Actor:
        if self.audience is Audience.SYSTEM:  # nobody in particular; tokens of any client may come
            return ANYONE
        if self.audience is Audience.OPEN:
            key = self.request.headers.get("X-API-Key", "")
            if not key:
                return ANYONE
            return await self.app.store.run(system("login"), lambda w: actor_of_key(w, key=key))
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return ANYONE
        login_id = read_token(self.app.config.token_key, token, audience=self.audience)
        return await self.app.store.run(
            system("login"), lambda w: actor_of(w, login_id=login_id, audience=self.audience)
        )

    async def run(self, use_case: Callable[..., Awaitable[T]], **arguments: Any) -> T:
        """Run a use case as the one who is asking, and commit it.

        What is to be done once is noted in the same commit, unless the use case knows the key itself.
        """

        async def whole(work: Work) -> T:
            result = await use_case(work, **arguments)
            if self.request_key and "request_key" not in arguments:
                await note_acted(work, key=self.request_key)
            return result

        return await self.app.store.run(self.actor, whole, action=use_case.__name__)

    def read_query(self, schema: type[Schema] | None) -> dict[str, Any]:
        """Check the query; refuses with the fields that are wrong."""
        if schema is None:
            return {}
        given = {name: self.get_query_argument(name) for name in self.request.query_arguments}
        return _load(schema, given)

    def read_body(self, schema: type[Schema] | None) -> dict[str, Any]:
        """Check the JSON body; refuses with the fields that are wrong."""
        if schema is None:
            return {}
        if len(self.request.body) > BODY_MAX:
            raise Invalid("body_too_large", "请求体过大")
        try:
            given = msgspec.json.decode(self.request.body or b"{}")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Invalid("body_not_json", "请求体不是有效的 JSON") from error
        if not isinstance(given, dict):
            raise Invalid("body_not_object", "请求体必须是 JSON 对象")
        return _load(schema, given)

    def answer(self, data: Any, *, status: int = 200) -> None:
        """Answer with JSON; nothing to say is 204."""
        if data is None:
            self.set_status(204)
            self.finish()
            return
        self.answer_bytes(encode(data), status=status)

    def answer_bytes(self, body: bytes, *, status: int) -> None:
        """Answer with JSON that is written already."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(body)

    def set_default_headers(self) -> None:
        """Nothing of the API is to be kept, framed or guessed at."""
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer a refusal with its code, and whatever nobody foresaw with a plain one."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if not isinstance(error, DomainError):
            code = "internal_error" if status_code >= 500 else _reason(status_code)
            shown: dict[str, Any] = {"code": code, "message": _MESSAGES.get(status_code, code)}
            self.answer({"error": shown}, status=status_code)
            return
        if "retry_after_s" in error.fields:
            self.set_header("Retry-After", str(error.fields["retry_after_s"]))
        elif error.status == 503:
            self.set_header("Retry-After", "3")
        self.answer(show_refusal(error), status=error.status)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what nobody foresaw; refusals are the caller's matter."""
        if isinstance(value, DomainError | HTTPError):
            return
        log.error("Request failed", exc_info=(typ, value, tb), method=self.request.method)

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Give a refusal its own status."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        super().send_error(
            error.status if isinstance(error, DomainError) else status_code, **kwargs
        )


class Missing(Handler):
    """Answers where there is nothing."""

    audience = Audience.SYSTEM

    def prepare(self) -> None:
        """Refuse before the method is looked at."""
        raise HTTPError(404)


_MESSAGES = {404: "没有这个地址", 405: "不支持该方法", 500: "系统内部错误，请稍后再试"}


def _reason(status: int) -> str:
    return responses.get(status, "error").lower().replace(" ", "_")


def _load(schema: type[Schema], given: Mapping[str, Any]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema().load(given)
    except ValidationError as error:
        fields = error.messages if isinstance(error.messages, dict) else {}
        raise Invalid("fields_invalid", "请求参数有误", **fields) from error
    return loaded


def encode(data: Any) -> bytes:
    """Write an answer as JSON."""
    return msgspec.json.encode(data, enc_hook=_encode)


def show_refusal(error: DomainError) -> dict[str, Any]:
    """Show a refusal with its code, and its fields where it has some."""
    shown: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.fields:
        shown["fields"] = error.fields
    return {"error": shown}


async def answer_once(handler: Handler, do: Callable[[], Awaitable[Any]], *, status: int) -> None:
    """Do what is asked once for the key that came with it; asked again, answer the same.

    An answer that says nothing about what was asked (too busy, the store is away, a crash) is not
    kept: whoever asks again is heard anew.
    """
    store, request = handler.app.store, handler.request
    key = request.headers.get("Idempotency-Key", "")
    if not _REQUEST_KEY.fullmatch(key):
        raise Invalid("idempotency_key_needed", "缺少或不合规的 Idempotency-Key 请求头")
    handler.request_key = f"{handler.audience.value}:{handler.actor.id}:{key}"
    asked = hashlib.sha256(f"{request.method} {request.path}\n".encode() + request.body)
    known = await claim(store, key=handler.request_key, asked=asked.hexdigest())
    if known is not None:
        handler.answer_bytes(known.body.encode(), status=known.status)
        return
    try:
        body = encode(await do())
    except DomainError as refusal:
        if refusal.status >= 500 or refusal.status == 429:
            await give_up(store, key=handler.request_key)
            raise
        status, body = refusal.status, encode(show_refusal(refusal))
    except BaseException:
        await give_up(store, key=handler.request_key)
        raise
    await keep(store, key=handler.request_key, status=status, body=body.decode())
    handler.answer_bytes(body, status=status)


def _encode(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} is not JSON: {json.dumps(str(value))}")
