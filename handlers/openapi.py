"""The API's description (OpenAPI 3.1), drawn from the handlers' declarations."""

import inspect
import re
from collections.abc import Iterable
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from handlers import schema
from handlers.base import Action, Handler, Permit
from server.kernel.access import Audience

VERBS = ("get", "post", "put", "delete")


def describe(handlers: Iterable[type[Handler]]) -> dict[str, Any]:
    """Describe every action of the handlers."""
    spec = APISpec(
        title="SmartCloud",
        version="1",
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin(schema_name_resolver=_name)],
        info={"description": "城市级智慧停车云平台。金额单位为分，时间为 UTC，坐标为 WGS-84。"},
    )
    spec.components.security_scheme("login", {"type": "http", "scheme": "bearer"})
    key = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    spec.components.security_scheme("key", key)
    for handler in handlers:
        operations = {
            verb: _operation(handler, declared)
            for verb in VERBS
            if (declared := action_of(handler, verb))
        }
        spec.path(path=handler.path, operations=operations)
    described: dict[str, Any] = spec.to_dict()
    return described


def action_of(handler: type[Handler], verb: str) -> Action | None:
    """Find the declaration of a handler's method."""
    return getattr(getattr(handler, verb), "action", None)


def _operation(handler: type[Handler], declared: Action) -> dict[str, Any]:
    checked = declared.body or declared.query or declared.once
    refusals = {"422": "参数有误"} if checked else {}
    operation: dict[str, Any] = {
        "summary": declared.summary,
        "tags": [handler.audience.value],
        "parameters": [*_path_parameters(handler.path), *_query_parameters(declared.query)]
        + ([_ONCE] if declared.once else []),
        "responses": {str(declared.status): _content(declared.summary, declared.answer)},
    }
    if declared.permit is not Permit.ANYONE:
        scheme = "key" if handler.audience is Audience.OPEN else "login"
        operation["security"] = [{scheme: []}]
        refusals |= {"401": "未登录", "403": "没有权限"}
    if "{" in handler.path:
        refusals["404"] = "没有找到"
    if declared.body is not None:
        content = {"application/json": {"schema": declared.body}}
        operation["requestBody"] = {"required": True, "content": content}
    elif handler.sent:
        operation["requestBody"] = {"required": True, "content": {handler.sent: {}}}
    if handler.audience is not Audience.SYSTEM:
        refusals |= {"409": "当前状态不允许", "429": "过于频繁", "503": "暂时不可用"}
    for status, text in refusals.items():
        operation["responses"][status] = _content(text, schema.ErrorAnswer)
    return operation


_ONCE = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "description": "同一键重复请求得到同一应答，保留 48 小时",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{8,64}$"},
}


def _content(text: str, answer: type[Schema] | None) -> dict[str, Any]:
    if answer is None:
        return {"description": text}
    return {"description": text, "content": {"application/json": {"schema": answer}}}


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"in": "path", "name": name, "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query_parameters(query: type[Schema] | None) -> list[dict[str, Any]]:
    return [] if query is None else [{"in": "query", "schema": query}]


def _name(given: Any) -> str:
    return given.__name__ if inspect.isclass(given) else type(given).__name__
