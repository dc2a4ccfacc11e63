"""Who holds the phone in WeChat's browser: the way there and back belongs to one browser and one page."""

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from tornado.httpclient import HTTPResponse

from handlers.wechat_states import COOKIE
from tests.handlers.conftest import Site, code, said

HOME = "http://127.0.0.1:8800/m/"
BEGIN, END = "/api/motorist/wechat-authorizations", "/api/motorist/wechat-web-openids"


async def begin(site: Site) -> tuple[str, dict[str, str]]:
    """Begin; gives the state, and the header with the browser's cookie."""
    answer = await site.ask("POST", BEGIN, {"return_to": HOME})
    assert answer.code == 201
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    [state] = parse_qs(urlsplit(said(answer)["url"]).query)["state"]
    return state, {"Cookie": cookie}


async def end(site: Site, state: str, headers: Mapping[str, str]) -> HTTPResponse:
    return await site.ask("POST", END, {"code": "person-1", "state": state}, headers=headers)


async def test_a_browser_that_comes_back_is_told_who_it_is(site: Site) -> None:
    state, headers = await begin(site)

    answer = await end(site, state, headers)

    assert said(answer) == {"openid": "o1-web"}
    assert state.isalnum()
    assert len(state) <= 128
    # it is used up
    assert f'{COOKIE}=""' in answer.headers["Set-Cookie"]


async def test_the_secret_stays_with_the_browser_and_out_of_the_address(site: Site) -> None:
    answer = await site.ask("POST", BEGIN, {"return_to": HOME})

    cookie = answer.headers["Set-Cookie"]
    secret = cookie.partition(";")[0].partition("=")[2]
    assert {"HttpOnly", "SameSite=Lax", "Path=/api/motorist/"} <= {
        one.strip() for one in cookie.split(";")
    }
    assert len(secret) == 32
    assert secret not in answer.body.decode()


@pytest.mark.parametrize("whose", ["nobody", "another", "forged", "nonsense"])
async def test_a_code_that_another_browser_brings_is_not_taken(site: Site, whose: str) -> None:
    state, headers = await begin(site)
    _, others = await begin(site)
    until, _, mac = state.partition("x")
    sent = {
        "nobody": (state, {}),
        "another": (state, others),
        "forged": (f"{int(until, 16) + 60:x}x{mac}", headers),
        "nonsense": ("zz", headers),
    }[whose]

    refused = await end(site, *sent)

    assert code(refused) == (409, "wechat_state_invalid")


async def test_a_way_ends_after_ten_minutes(site: Site) -> None:
    state, headers = await begin(site)
    site.world.now += timedelta(minutes=10, seconds=1)

    assert code(await end(site, state, headers)) == (409, "wechat_state_invalid")


@pytest.mark.parametrize(
    "page",
    [
        "http://127.0.0.1:8800/m/?x=1",
        "http://127.0.0.1:8800/console/",
        "https://evil.example/m/",
        "http://127.0.0.1:8800.evil.example/m/",
        "//evil.example",
    ],
)
async def test_only_configured_pages_are_come_back_to(site: Site, page: str) -> None:
    refused = await site.ask("POST", BEGIN, {"return_to": page})

    assert code(refused) == (422, "return_not_allowed")
    assert "Set-Cookie" not in refused.headers
