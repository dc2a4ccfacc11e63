"""What every handler shares: who is asking, what is asked, and how it is answered."""

import functools
import json
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

log = structlog.get_logger(__name__)
T = TypeVar("T")
# 64 KiB: the longest body of this API is a hundred times shorter.
BODY_MAX = 65_536


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


Method = Callable[..., Awaitable[Any]]


def action(
    summary: str,
    *,
    permit: Permit | str,
    body: type[Schema] | None = None,
    query: type[Schema] | None = None,
    answer: type[Schema] | None = None,
    status: int = 200,
) -> Callable[[Method], Method]:
    """Declare a handler's method: who may call it, and what goes in and out.

    The method gets the checked query and body by keyword; what it returns is the answer.
    """
    declared = Action(summary, permit, body, query, answer, status)

    def declare(method: Method) -> Method:
        @functools.wraps(method)
        async def call(self: "Handler", *path: str, **named: str) -> None:
            await self.admit(declared.permit)
            asked = {**self.read_query(declared.query), **self.read_body(declared.body)}
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
        """Run a use case as the one who is asking, and commit it."""
        return await self.app.store.run(
            self.actor,
            lambda work: use_case(work, **arguments),
            action=use_case.__name__,
        )

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
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(msgspec.json.encode(data, enc_hook=_encode))

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
        shown = {"code": error.code, "message": error.message}
        if error.fields:
            shown["fields"] = error.fields
        if "retry_after_s" in error.fields:
            self.set_header("Retry-After", str(error.fields["retry_after_s"]))
        elif error.status == 503:
            self.set_header("Retry-After", "3")
        self.answer({"error": shown}, status=error.status)

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


def _encode(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} is not JSON: {json.dumps(str(value))}")
