"""Who opened the mini-program, asked of the WeChat double over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from server.doubles.keys import new_key
from server.doubles.wechat import WeChatDouble, new_signer
from server.kernel.errors import Refused, Unavailable
from server.providers.wechat_login import WeChatLogin

SECRET = "only-for-tests"


@pytest_asyncio.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """The double's address."""
    key = new_key()
    double = WeChatDouble(
        url="http://double",
        app_id="wx1",
        app_secret=SECRET,
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
