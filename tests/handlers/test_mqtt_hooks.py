"""The broker's questions: asked as EMQX asks them, and answered with a refusal whenever in doubt."""

from typing import Any

import pytest
from tornado.httpclient import HTTPResponse

from server.domain.equipment import disable_device, issue_secrets, revoke_secret
from server.kernel.errors import Unavailable
from tests.handlers.conftest import Site, code, said

SECRET = "the secret of d1"
ALLOW = {"result": "allow", "ok": True, "is_superuser": False}
DENY = {"result": "deny", "ok": False, "is_superuser": False}


async def ask(site: Site, question: str, **body: Any) -> HTTPResponse:
    headers = {"Authorization": f"Bearer {site.hook_secret}"}
    return await site.ask("POST", f"/hooks/mqtt/{question}", body, headers=headers)


async def answered(site: Site, question: str, **body: Any) -> Any:
    answer = await ask(site, question, **body)
    assert answer.code == 200
    return said(answer)


@pytest.fixture
async def issued(site: Site) -> Site:
    """The street, whose first sensor has a secret."""
    await site.world.run(issue_secrets, secrets={"d1": SECRET})
    return site


async def test_a_device_connects_with_its_own_secret_only(issued: Site) -> None:
    for username, password, answer in (
        ("d1", SECRET, ALLOW),
        ("d1", "another", DENY),
        ("d2", SECRET, DENY),
        ("nobody", SECRET, DENY),
        ("", "", DENY),
        (None, None, DENY),
    ):
        found = await answered(issued, "auth", username=username, password=password, clientid="x")
        assert found == answer, username


async def test_a_device_reaches_its_own_topics_only(issued: Site) -> None:
    for action, topic, answer in (
        ("publish", "devices/d1/up/reading", ALLOW),
        ("publish", "devices/d2/up/reading", DENY),
        ("subscribe", "devices/d1/ack", ALLOW),
        ("subscribe", "devices/d1/down/#", ALLOW),
        ("subscribe", "devices/+/ack", DENY),
        ("subscribe", "#", DENY),
    ):
        assert await answered(issued, "acl", username="d1", action=action, topic=topic) == answer


async def test_the_plugins_of_mosquitto_ask_by_number(issued: Site) -> None:
    for acc, topic, answer in (
        (2, "devices/d1/up/reading", ALLOW),
        (1, "devices/d1/up/reading", DENY),
        (1, "devices/d1/ack", ALLOW),
        (4, "devices/d1/ack", ALLOW),
    ):
        assert await answered(issued, "acl", username="d1", acc=acc, topic=topic) == answer


async def test_the_gateway_does_what_the_gateway_does(issued: Site) -> None:
    account = issued.ingest
    right = await answered(issued, "auth", username=account.name, password=account.password)
    wrong = await answered(issued, "auth", username=account.name, password=SECRET)
    hears = await answered(
        issued, "acl", username=account.name, action="subscribe", topic="devices/+/up/+"
    )
    all_of_it = await answered(issued, "acl", username=account.name, action="subscribe", topic="#")

    assert (right, wrong, hears, all_of_it) == (ALLOW, DENY, ALLOW, DENY)


@pytest.mark.parametrize("use_case", [disable_device, revoke_secret])
async def test_who_is_out_of_service_is_denied_everything(issued: Site, use_case: Any) -> None:
    await issued.world.run(use_case, device_id="d1")

    assert await answered(issued, "auth", username="d1", password=SECRET) == DENY
    topic = "devices/d1/up/reading"
    assert await answered(issued, "acl", username="d1", action="publish", topic=topic) == DENY


async def test_while_the_store_is_away_every_device_is_denied(
    issued: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any, **__: Any) -> None:
        raise Unavailable("store_away", "数据服务暂时不可用")

    monkeypatch.setattr(issued.world.store, "run", away)

    assert await answered(issued, "auth", username="d1", password=SECRET) == DENY
    topic = "devices/d1/up/reading"
    assert await answered(issued, "acl", username="d1", action="publish", topic=topic) == DENY


@pytest.mark.parametrize("secret", ["", "Bearer", "Bearer ", "Bearer wrong"])
async def test_without_the_hooks_secret_nobody_is_answered(issued: Site, secret: str) -> None:
    body = {"username": "d1", "password": SECRET}

    answer = await issued.ask(
        "POST", "/hooks/mqtt/auth", body, headers={"Authorization": secret} if secret else {}
    )

    assert code(answer) == (401, "login_required")


async def test_a_question_that_cannot_be_read_is_no_permission(issued: Site) -> None:
    answer = await ask(issued, "acl", username="d1", action="fly", topic="devices/d1/up/reading")

    assert answer.code == 422
    headers = {"Authorization": f"Bearer {issued.hook_secret}"}
    raw = await issued.ask("POST", "/hooks/mqtt/auth", raw=b"username=d1", headers=headers)
    assert raw.code == 422


async def test_where_no_hook_secret_is_set_nobody_is_answered(issued: Site) -> None:
    object.__setattr__(issued.config, "mqtt_hook_secret", "")

    answer = await issued.ask(
        "POST", "/hooks/mqtt/auth", {"username": "d1"}, headers={"Authorization": "Bearer "}
    )

    assert answer.code == 401
