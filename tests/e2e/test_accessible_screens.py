"""Screens for everybody: axe-core looks at the main pages of the three clients in a real Chromium."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.city import City
from tests.e2e.browser import Screen, screen
from tests.e2e.street import SECTION, Street, motorist, open_as
from tests.e2e.test_screens import log_in

pytestmark = pytest.mark.e2e
AXE = Path(__file__).parents[2] / "clients" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
# What a rule finds that is not ours to change, or is meant.
MEANT = {
    # A tile, a day and a bar are named by more than the figure that is seen of them.
    "label-content-name-mismatch",
    # uni-app's own boxes; a phone's finger scrolls them.
    "scrollable-region-focusable",
    # Element Plus names a list that stands there only while it is open.
    "aria-valid-attr-value",
}
CONSOLE = ("city", "stays", "bills", "arrears", "reconciliation", "tariffs", "calendar", "policies")
MOTORIST = ("parking/parking", "mine/mine", "wallet/wallet", "vehicles/vehicles")
# A line that comes or goes is paler for a moment, and a switch that is locked always.
LOOK = """async () => {
  const exclude = ['.row-enter-active', '.row-leave-active', '.el-switch.is-disabled'].map((one) => [one])
  const found = await axe.run({ exclude }, { resultTypes: ['violations'] })
  return found.violations.map(({ id, impact, nodes }) => ({
    id, impact, where: nodes.slice(0, 5).map(({ target, html }) => `${target.join(' ')} ${html.slice(0, 120)}`),
  }))
}"""


async def faults(page: Page, name: str) -> list[str]:
    """Name what keeps somebody from using the page, with where it is."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text())
    found: list[dict[str, Any]] = await page.evaluate(LOOK)
    grave = [one for one in found if one["impact"] in GRAVE and one["id"] not in MEANT]
    return [f"{name}: {one['id']} {where}" for one in grave for where in one["where"]]


Look = Callable[[Screen], Awaitable[list[str]]]


def console(city: City) -> Look:
    """Look at the console's pages, and at a bill in its drawer."""

    async def look(seen: Screen) -> list[str]:
        page, found = seen.page, list[str]()
        await page.goto(f"{city.url}/console/")
        await expect(page.get_by_role("button", name="登录")).to_be_visible()
        found += await faults(page, "login")
        await log_in(page, city, "city")
        for name in CONSOLE:
            await page.locator(f'nav a[href="/console/{name}"]').click()
            await expect(
                page.locator("main .card, main .months, main .el-table").first
            ).to_be_visible()
            await expect(page.locator(".el-skeleton")).to_have_count(0)
            found += await faults(page, name)
        await page.locator('nav a[href="/console/bills"]').click()
        await page.locator(".el-table__row").first.click()
        await expect(page.locator(".detail-drawer .lines")).to_be_visible()
        return found + await faults(page, "bill")

    return look


def handheld(city: City) -> Look:
    """Look at an officer's screens, and at a sheet over one."""

    async def look(seen: Screen) -> list[str]:
        page = seen.page
        await page.goto(f"{city.url}/pos/")
        await log_in(page, city, "patrol1")
        await page.get_by_text(SECTION).click()
        await expect(page.locator(".tile").first).to_be_visible()
        found = await faults(page, "section")
        await page.locator(".tile").first.click()
        await expect(page.locator(".side-sheet").first).to_be_visible()
        await page.wait_for_timeout(300)  # the sheet fades in
        found += await faults(page, "berth")
        for name in ("collect", "shift", "settings"):
            await page.goto(f"{city.url}/pos/{name}")
            await expect(page.locator("main.screen h1")).to_be_visible()
            await page.wait_for_timeout(300)
            found += await faults(page, name)
        return found

    return look


def mini_program(city: City) -> Look:
    """Look at a motorist's screens."""

    async def look(seen: Screen) -> list[str]:
        page, found = seen.page, list[str]()
        await open_as(seen, await motorist(city, "13900000031"), "find/find")
        await expect(page.get_by_text("附近")).to_be_visible()
        found += await faults(page, "find")
        for name in MOTORIST:
            await page.goto(f"{city.url}/m/#/pages/{name}")
            await expect(page.locator("uni-page-body .card").last).to_be_visible()
            await expect(page.locator('[data-part="waiting-cards"]')).to_have_count(0)
            found += await faults(page, name)
        return found

    return look


@pytest.mark.parametrize(
    ("of", "size"), [(console, "desktop"), (handheld, "phone"), (mini_program, "phone")]
)
async def test_nothing_grave_keeps_anybody_from_using_a_screen(
    city: City, street: Street, browser: Browser, of: Callable[[City], Look], size: str
) -> None:
    async with screen(browser, size) as seen:
        # What moves in or out is paler meanwhile.
        await seen.page.emulate_media(reduced_motion="reduce")
        assert await of(city)(seen) == []
