"""The console's tariffs and calendar, used in a real Chromium."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from devices.simulator.city import demo_city
from tests.city import City
from tests.e2e.browser import screen
from tests.e2e.street import clerk
from tests.e2e.test_screens import log_in
from tests.e2e.test_tariff_change import published

pytestmark = pytest.mark.e2e
# No other test's cars park here.
SECTION = "文心五路（海德三道—创业路）"
PLANNED = "前海路（创业路—桃园路）"


async def open_page(page: Page, city: City, path: str) -> None:
    """Log the city's manager in, on the way to a page."""
    await page.goto(f"{city.url}/console/{path}")
    await log_in(page, city, "city")


async def test_a_tariff_is_mended_tried_and_published(city: City, browser: Browser) -> None:
    [place] = [one for one in demo_city().places if one.name == SECTION]
    before = (await city.get(f"/api/motorist/places/{place.id}"))["price"]["summary"]
    async with screen(browser, "desktop") as seen:
        page = seen.page
        await open_page(page, city, "tariffs/t1-ningde@1")
        ends = page.get_by_label("时间止").first
        await ends.fill("20:00")
        await ends.press("Tab")
        await expect(page.get_by_text("小型汽车 20:00–21:00 没有规则")).to_be_visible()
        await expect(page.locator(".gap")).to_have_count(1)
        await seen.keep("console-tariff-gap")

        await ends.fill("21:00")
        await ends.press("Tab")
        await expect(page.locator(".gap")).to_have_count(0)
        await page.get_by_role("button", name="试算并确认").click()
        drawer = page.locator(".el-drawer")
        await drawer.get_by_role("button", name="计费", exact=True).click()
        await expect(drawer.locator(".amount")).to_have_text("¥7.00")
        await seen.keep("console-tariff-trial")
        await drawer.get_by_label("人工核算金额").fill("7")
        await drawer.get_by_label("人工核算金额").press("Tab")
        await drawer.get_by_role("button", name="一致，试算通过").click()
        await expect(page.get_by_text("试算通过", exact=True)).to_be_visible()
        await page.get_by_role("button", name="发布", exact=True).click()
        await page.get_by_role("button", name="确认发布").click()

        await expect(page.get_by_role("button", name="新建版本")).to_be_visible()
        await seen.keep("console-tariff-published")

        await page.get_by_role("tab", name="使用的停车场").click()
        await expect(page.get_by_text("还没有停车场使用这个标准")).to_be_visible()
        await page.get_by_role("button", name="指定停车场").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_placeholder("搜索名称、区域、现用标准").fill(SECTION)
        await dialog.get_by_text(SECTION).click()
        await expect(dialog.get_by_text("已选 1 处 · 14 个泊位")).to_be_visible()
        await seen.keep("console-tariff-choose")
        await dialog.get_by_role("button", name="预览影响").click()
        await expect(dialog.get_by_text("正在停放的车辆仍按入场时的标准计费")).to_be_visible()
        await expect(dialog.get_by_text("路侧小型汽车 · 1 处")).to_be_visible()
        await seen.keep("console-tariff-assign")
        await dialog.get_by_role("button", name="确认更换 1 处").click()
        await expect(page.locator(".el-tab-pane").get_by_text(SECTION)).to_be_visible()
        await seen.keep("console-tariff-places")

    # A change is known wherever cars arrive within two seconds; a phone then shows the new price.
    await asyncio.sleep(2)
    async with screen(browser, "phone") as phone:
        await phone.page.goto(f"{city.url}/m/#/pages/place/place?id={place.id}")
        price = (await city.get(f"/api/motorist/places/{place.id}"))["price"]["summary"]
        assert price != before
        await expect(phone.page.get_by_text(price)).to_be_visible()
        await phone.keep("place-new-price")


async def test_a_day_of_the_calendar_is_changed(city: City, browser: Browser) -> None:
    async with screen(browser, "desktop") as seen:
        page = seen.page
        await open_page(page, city, "calendar")
        await page.get_by_text("2026", exact=True).click()
        await page.get_by_label(re.compile("^2026-07-01 ")).click()
        await page.locator(".el-dialog").get_by_text("小长假").click()
        await page.get_by_role("button", name="保存").click()

        await expect(page.get_by_label("2026-07-01 小长假")).to_be_visible()
        await seen.keep("console-calendar")


async def test_a_change_is_planned_on_one_screen_seen_on_another_and_cancelled(
    city: City, browser: Browser
) -> None:
    who = await clerk(city, "city")
    tariff = await published(who, "planned-use")
    places = (await who.ask("GET", "/tariff-places"))["items"]
    [place] = [one for one in places if one["name"] == PLANNED]
    begins_at = datetime.now(UTC) + timedelta(days=30)
    chosen = {"places": [{"id": place["id"], "v": place["v"]}], "begins_at": begins_at.isoformat()}

    async with screen(browser, "desktop") as seen, screen(browser, "phone") as phone:
        page = seen.page
        await open_page(page, city, f"tariffs/{tariff['id']}")
        await page.get_by_role("tab", name="使用的停车场").click()
        await expect(page.get_by_text("还没有停车场使用这个标准")).to_be_visible()

        # Another clerk plans it: the page that is open follows.
        await who.ask("POST", f"/tariffs/{tariff['id']}/assignments", chosen)
        row = page.get_by_role("row").filter(has_text=PLANNED)
        await expect(row.get_by_text("起使用")).to_be_visible()
        await seen.keep("console-tariff-planned")
        await phone.page.goto(f"{city.url}/m/#/pages/place/place?id={place['id']}")
        await expect(phone.page.get_by_text("起改为 ¥8/次")).to_be_visible()
        await phone.keep("place-next-price")

        await row.get_by_role("button", name="取消预定").click()
        await page.get_by_role("button", name="取消预定的更换").click()
        await expect(page.get_by_text("还没有停车场使用这个标准")).to_be_visible()

    price = (await city.get(f"/api/motorist/places/{place['id']}"))["price"]
    assert price["next"] is None
