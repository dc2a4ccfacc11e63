"""The hub's server API on the platform's own server."""

import pytest
from tornado.httpclient import AsyncHTTPClient

from tests.handlers.conftest import BACKEND_KEY, Site, said


@pytest.mark.parametrize(("key", "status"), [(BACKEND_KEY, 200), ("another", 401)])
async def test_a_backend_with_the_key_publishes(site: Site, key: str, status: int) -> None:
    answer = await AsyncHTTPClient().fetch(
        f"{site.url}/realtime/api/publish",
        method="POST",
        headers={"X-API-Key": key},
        body='{"channel": "map:ws10k", "data": {"n": 1}}',
        raise_error=False,
    )

    assert answer.code == status
    assert status == 401 or said(answer)["result"]["offset"] == 1
