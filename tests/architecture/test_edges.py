"""A handler reads, calls, answers; and nothing of the API is open by accident."""

import ast
from collections.abc import Iterator

import pytest

from handlers.base import Handler, Permit
from handlers.openapi import VERBS, action_of
from handlers.routes import api_handlers
from server.domain.identity import ROLES
from server.domain.system import DataApp
from server.kernel.access import Audience
from tests.architecture.source import Function, Source, sources

STATEMENTS = 6
BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.Match)


def actions() -> Iterator[tuple[Source, Function]]:
    """List the methods that are declared by `@action`."""
    for source in sources("handlers"):
        for function in source.functions():
            if any(_is_action(one) for one in function.decorator_list):
                yield source, function


def test_a_handlers_method_has_at_most_six_statements() -> None:
    assert list(actions())
    fat = {
        source.at(function): function.name
        for source, function in actions()
        if sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 2 > STATEMENTS
    }

    assert not fat


def test_a_handlers_method_decides_nothing() -> None:
    deciding = [
        source.at(node)
        for source, function in actions()
        for node in ast.walk(function)
        if isinstance(node, BRANCHES)
    ]

    assert not deciding


@pytest.mark.parametrize("handler", api_handlers(), ids=lambda one: one.path)
def test_every_method_of_the_api_is_declared_with_a_permit(handler: type[Handler]) -> None:
    own = [verb for verb in (*VERBS, "patch", "head", "options") if _overrides(handler, verb)]

    assert own, "a handler without methods"
    for verb in own:
        declared = action_of(handler, verb)
        assert declared is not None, f"{verb} is not declared by @action"
        assert declared.summary
        assert isinstance(declared.permit, Permit) or declared.permit in _known_permissions()


def test_what_anyone_may_call_is_listed_here() -> None:
    open_to_all = {
        f"{verb} {handler.path}"
        for handler in api_handlers()
        for verb in VERBS
        if (declared := action_of(handler, verb)) and declared.permit is Permit.ANYONE
    }

    assert open_to_all == {
        "get /api/time",
        "post /api/motorist/login-codes",
        "post /api/motorist/logins",
        "post /api/motorist/realtime-tokens",
        "get /api/motorist/snapshots/{channel}",
        "get /api/motorist/places",
        "get /api/motorist/places/{place_id}",
        "get /api/motorist/places/{place_id}/berths",
        "post /api/patrol/logins",
        "post /api/console/logins",
        # Changes the phone's own code for who it is; who pays behind a link has no login.
        "post /api/motorist/wechat-openids",
        "post /api/motorist/wechat-authorizations",
        "post /api/motorist/wechat-web-openids",
        "get /api/open/debts/{token}",
        "post /api/open/debts/{token}/intents",
        "get /api/open/debts/{token}/intents/{intent_id}",
    }


@pytest.mark.parametrize("handler", api_handlers(), ids=lambda one: one.path)
def test_an_address_says_who_calls_it(handler: type[Handler]) -> None:
    audience = handler.audience.value
    prefix = {Audience.SYSTEM: "/api/", Audience.HOOKS: "/hooks/"}.get(
        handler.audience, f"/api/{audience}/"
    )

    assert handler.path.startswith(prefix)


def _overrides(handler: type[Handler], verb: str) -> bool:
    return getattr(handler, verb) is not getattr(Handler, verb)


def _known_permissions() -> frozenset[str]:
    of_apps = DataApp(id="", name="", key_hash="").permissions
    return frozenset(of_apps).union(*ROLES.values())


def _is_action(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Name) and called.id == "action"
