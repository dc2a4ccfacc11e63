"""Who opened the mini-program, asked of the WeChat double over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import pytest_asyncio
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from server.doubles.keys import new_key
from server.doubles.wechat import WeChatDouble, new_signer
from server.kernel.errors import Refused, Unavailable
from server.providers.wechat_login import WeChatLogin

SECRET = "only-for-tests"
WEB_SECRET = "only-for-web-tests"
HOME = "https://city.example/m/"
BROWSER = "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50"


@pytest_asyncio.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """The double's address."""
    key = new_key()
    double = WeChatDouble(
        url="http://double",
        app_id="wx1",
        app_secret=SECRET,
        web_app_id="wx2",
        web_app_secret=WEB_SECRET,
        web_domain="city.example",
        merchant_id="m1",
        merchant_serial="s1",
        merchant_key=key,
        api_v3_key=b"k" * 32,
        signer=new_signer(key),
        path=tmp_path / "trades.json",
    )
    server = HTTPServer(double.application())
    [socket] = bind_sockets(0, "127.0.0.1")
    server.add_sockets([socket])
    yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    server.stop()
    await server.close_all_connections()


def web(url: str) -> WeChatLogin:
    return WeChatLogin(
        url=url,
        app_id="wx1",
        secret=SECRET,
        authorize_url=url,
        web_app_id="wx2",
        web_secret=WEB_SECRET,
    )


async def go(page: str, *, browser: str = BROWSER, cookie: str = "") -> HTTPResponse:
    """Open a page as a browser does that is not led on."""
    headers = {"User-Agent": browser, "Cookie": cookie}
    request = HTTPRequest(page.partition("#")[0], headers=headers, follow_redirects=False)
    return await AsyncHTTPClient().fetch(request, raise_error=False)


async def came_back(page: str, cookie: str = "") -> dict[str, str]:
    answer = await go(page, cookie=cookie)
    assert answer.code == 302
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


async def test_wechats_browser_comes_back_with_a_code_that_says_who_it_is(url: str) -> None:
    login = web(url)
    page = login.web_page(return_to=HOME, state="abc123")

    first, again = [await came_back(page, "wechat-person=ann") for _ in range(2)]
    other = await came_back(page)

    openids = [await login.web_openid(one["code"]) for one in (first, again, other)]
    assert first["state"] == "abc123"
    assert openids[0] == openids[1] != openids[2]
    # another app knows the same person by another name
    assert openids[0] != await login.openid("person-ann-1")
    assert page.endswith("#wechat_redirect")


async def test_a_web_code_is_good_once_and_only_for_its_own_app(url: str) -> None:
    login = web(url)
    code = (await came_back(login.web_page(return_to=HOME, state="a")))["code"]
    with pytest.raises(Refused) as programs:
        await login.openid(code)
    await login.web_openid(code)

    with pytest.raises(Refused) as used:
        await login.web_openid(code)

    assert {programs.value.code, used.value.code} == {"wechat_code_invalid"}


@pytest.mark.parametrize(
    ("app", "home", "browser"),
    [
        ("wx2", HOME, "Mozilla/5.0 (iPhone) Safari"),
        ("wx2", "https://evil.example/m/", BROWSER),
        ("wx1", HOME, BROWSER),
    ],
)
async def test_the_double_lets_nobody_else_through(
    url: str, app: str, home: str, browser: str
) -> None:
    page = web(url).web_page(return_to=home, state="a").replace("appid=wx2", f"appid={app}")

    answer = await go(page, browser=browser)

    assert answer.code == 400
    assert "Location" not in answer.headers


async def test_without_an_official_account_nobody_is_sent_anywhere(url: str) -> None:
    login = WeChatLogin(url=url, app_id="wx1", secret=SECRET, authorize_url=url)

    with pytest.raises(Refused) as page:
        login.web_page(return_to=HOME, state="a")
    with pytest.raises(Refused) as code:
        await login.web_openid("anything")

    assert {page.value.code, code.value.code} == {"wechat_web_off"}


async def test_each_code_of_a_person_gives_the_same_openid(url: str) -> None:
    login = WeChatLogin(url=url, app_id="wx1", secret=SECRET)

    first, again = await login.openid("person-ann-1"), await login.openid("person-ann-2")
    other = await login.openid("person-ben-1")

    assert first == again != other
    assert len(first) == 28


async def test_a_code_is_good_once(url: str) -> None:
    login = WeChatLogin(url=url, app_id="wx1", secret=SECRET)
    await login.openid("person-ann-1")

    with pytest.raises(Refused) as refused:
        await login.openid("person-ann-1")

    assert refused.value.code == "wechat_code_invalid"


async def test_what_is_no_code_is_refused(url: str) -> None:
    with pytest.raises(Refused) as refused:
        await WeChatLogin(url=url, app_id="wx1", secret=SECRET).openid("anything&secret=x")

    assert refused.value.code == "wechat_code_invalid"


@pytest.mark.parametrize("where", ["", "nowhere"])
async def test_a_wrong_secret_or_no_answer_is_not_the_payers_fault(url: str, where: str) -> None:
    login = WeChatLogin(url="http://127.0.0.1:1" if where else url, app_id="wx1", secret="wrong")

    with pytest.raises(Unavailable) as away:
        await login.openid("person-ann-1")

    assert "wrong" not in str(away.value)
