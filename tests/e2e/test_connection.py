"""What each client tells a person when the server is gone, and when it is back."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.city import City
from tests.e2e.browser import screen
from tests.simulation.proxy import Proxy

pytestmark = pytest.mark.e2e

SECTION = "华富路（福华路—振华路）"
# 15 s until a client says offline, 10 s until it tries again, and both late on a busy machine.
WITHIN_MS = 45_000


class Door:
    """A way to the server that can be shut: whoever comes is turned away."""

    def __init__(self, city: City) -> None:
        self._city = city
        self.open = True
        self.proxy = Proxy(self._port, seed=1)

    def _port(self) -> int:
        if not self.open:
            raise ConnectionRefusedError("the server is gone")
        return self._city.http_port

    def shut(self) -> None:
        """Cut everybody, and let nobody in."""
        self.open = False
        self.proxy.cut_all()


@pytest_asyncio.fixture
async def door(city: City) -> AsyncIterator[Door]:
    made = Door(city)
    async with made.proxy:
        yield made


async def console(page: Page, url: str, city: City) -> None:
    await page.goto(f"{url}/console/")
    await page.locator("input").nth(0).fill("city")
    await page.locator("input").nth(1).fill(city.logins["city"])
    await page.keyboard.press("Enter")
    await expect(page.locator(".pill")).to_be_visible()


async def pos(page: Page, url: str, city: City) -> None:
    await page.goto(f"{url}/pos/")
    await page.locator("input").nth(0).fill("patrol1")
    await page.locator("input").nth(1).fill(city.logins["patrol1"])
    await page.keyboard.press("Enter")
    await page.get_by_text(SECTION).first.click()
    await expect(page.locator(".tile").first).to_be_visible()


async def motorist(page: Page, url: str, _city: City) -> None:
    await page.goto(f"{url}/m/")
    await expect(page.get_by_text("市民中心停车场").first).to_be_visible()


CLIENTS: dict[str, tuple[Callable[[Page, str, City], Awaitable[None]], str, str]] = {
    "console": (console, "desktop", ".pill"),
    "pos": (pos, "phone", ".connection"),
    "motorist": (motorist, "phone", ".strip"),
}


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_person_is_told_that_the_screen_is_old_and_when_it_is_live_again(
    city: City, browser: Browser, door: Door, client: str
) -> None:
    open_client, size, mark = CLIENTS[client]
    async with screen(browser, size) as seen:
        await open_client(seen.page, door.proxy.url, city)
        told = seen.page.locator(mark)
        if client != "motorist":  # it says something only when there is something to say
            await expect(told.and_(seen.page.locator('[data-liveness="live"]'))).to_be_visible()
        await seen.page.wait_for_timeout(1_500)  # let the map arrive, for the picture's sake
        await seen.keep(f"connection-{client}-1-live")

        door.shut()
        await expect(told.and_(seen.page.locator('[data-liveness="reconnecting"]'))).to_be_visible(
            timeout=WITHIN_MS
        )
        await seen.page.wait_for_timeout(2_500)  # the banner waits, in case it heals at once
        await seen.keep(f"connection-{client}-2-reconnecting")

        await expect(told.and_(seen.page.locator('[data-liveness="offline"]'))).to_be_visible(
            timeout=WITHIN_MS
        )
        await expect(seen.page.locator("body")).to_contain_text("前")  # how old it is
        await seen.keep(f"connection-{client}-3-offline")

        door.open = True
        await expect(told.and_(seen.page.locator('[data-liveness="live"]'))).to_be_visible(
            timeout=WITHIN_MS
        )
        await seen.keep(f"connection-{client}-4-back")
