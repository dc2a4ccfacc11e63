"""A real Chromium for the browser tests, and the folder of what it saw."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright, expect

SCREENS = Path(__file__).parents[2] / "build" / "screens"
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# 30 s: on a machine with other work a page took 12 s to be live, and `expect` would give it 5.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)
# What a browser says when a test itself takes the network away.
CUT = (
    "ERR_INTERNET_DISCONNECTED",
    "ERR_EMPTY_RESPONSE",
    "ERR_CONNECTION_RESET",
    "WebSocket connection",
)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start the Chromium that is installed."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "no Chromium: install the package `chromium`"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        await browser.close()


class Screen:
    """A page at one size; whatever went wrong on it is remembered."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.problems: list[str] = []
        self._name = name
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("console", lambda said: said.type == "error" and self.problems.append(said.text))

    async def keep(self, moment: str) -> None:
        """Keep a picture of this moment under build/screens."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=SCREENS / f"{moment}-{self._name}.png")

    def unexpected(self) -> list[str]:
        """List what went wrong and was not the test's own doing."""
        return [one for one in self.problems if not any(cut in one for cut in CUT)]


@asynccontextmanager
async def screen(browser: Browser, size: str) -> AsyncIterator[Screen]:
    """Open a page of a named size in a profile of its own; it must end without a problem."""
    width, height = SIZES[size]
    context = await browser.new_context(
        viewport={"width": width, "height": height}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    opened = Screen(await context.new_page(), size)
    opened.page.set_default_timeout(PATIENCE_MS)
    yield opened
    await context.close()
    assert not opened.unexpected(), opened.unexpected()
