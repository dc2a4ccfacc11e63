"""The console's stays and money, used in a real Chromium: a clerk's morning and finance's."""

import asyncio
import json
import re
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from tornado.httpclient import AsyncHTTPClient

from devices.simulator.streets import NANSHAN
from tests.city import City
from tests.e2e.browser import screen
from tests.e2e.test_screens import SIMULATED, log_in

pytestmark = pytest.mark.e2e


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def billed(city: City) -> dict[str, Any]:
    """A bill of a car that has come and gone, where nobody is debited: it stays as it is."""
    login = {"username": "finance1", "password": city.logins["finance1"]}
    token = (await city.post("/api/console/logins", login))["token"]

    async def bills() -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{city.url}/api/console/bills?state=due"
        found = json.loads((await AsyncHTTPClient().fetch(url, headers=headers)).body)["items"]
        left = [one for one in found if one["valid_until"] is None]
        return [one for one in left if NANSHAN.code not in one["place_id"]]

    async with city.simulating("--berths", SIMULATED), asyncio.timeout(90):
        while not (found := await bills()):
            await asyncio.sleep(0.5)
    return found[0]


async def open_page(page: Page, city: City, path: str, who: str) -> None:
    """Log a member of staff in, on the way to a page."""
    await page.goto(f"{city.url}/console/{path}")
    await log_in(page, city, who)


async def test_a_clerk_corrects_a_plate_and_the_evidence_says_so(
    city: City, browser: Browser, billed: dict[str, Any]
) -> None:
    async with screen(browser, "desktop") as seen:
        page = seen.page
        await open_page(page, city, "stays?state=closed", "city")
        await expect(page.locator(".el-table__row").first).to_be_visible()
        await seen.keep("console-stays")

        await page.get_by_label("车牌，可输一部分").fill(billed["plate"]["number"][1:])
        await expect(page).to_have_url(re.compile("number="))
        await page.locator(".el-table__row").first.click()
        drawer = page.locator(".detail-drawer")
        await expect(drawer.get_by_text("证据时间线")).to_be_visible()
        await expect(drawer.locator("li.bill").first).to_be_visible()
        await seen.keep("console-stay")

        await drawer.get_by_role("button", name="更正车牌").click()
        dialog = page.get_by_role("dialog", name="更正车牌")
        await dialog.get_by_role("textbox", name="车牌").fill("粤B77777")
        await dialog.get_by_role("button", name="车主举证").click()
        await expect(dialog.locator(".preview footer")).to_contain_text("应收变化")
        await seen.keep("console-stay-edit")
        await dialog.get_by_role("button", name="确认修改").click()

        edit = drawer.locator("li.edit").last
        await expect(edit).to_contain_text("粤B·77777")
        await expect(edit).to_contain_text("车主举证")
        await seen.keep("console-stay-edited")


async def test_finance_sees_why_a_bill_is_what_it_is_and_that_the_days_balance(
    city: City, browser: Browser, billed: dict[str, Any]
) -> None:
    async with screen(browser, "desktop") as seen:
        page = seen.page
        await open_page(page, city, f"bills?state=due&open={billed['id']}", "finance1")
        drawer = page.locator(".detail-drawer")
        yuan = f"¥{billed['due'] / 100:.2f}"
        await expect(drawer.locator(".lines tfoot")).to_contain_text(yuan)
        await seen.keep("console-bill")
        await page.keyboard.press("Escape")

        for name, mark in (("欠费车辆", ".ageing .band"), ("对账", ".chart")):
            await page.get_by_role("link", name=name, exact=True).click()
            await expect(page.locator(mark)).to_be_visible()
        await expect(page.locator(".chart button")).to_have_count(31)
        await seen.keep("console-reconciliation")


async def test_who_may_not_see_money_finds_no_way_to_it(city: City, browser: Browser) -> None:
    async with screen(browser, "desktop") as seen:
        page = seen.page
        await open_page(page, city, "reviews", "dispatch1")

        await expect(page.get_by_role("link", name="停车记录")).to_be_visible()
        await expect(page.get_by_role("link", name="账单")).to_have_count(0)
        await expect(page.get_by_role("link", name="计费标准")).to_have_count(0)
