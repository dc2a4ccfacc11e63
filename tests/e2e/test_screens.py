"""Every screen, opened and used in a real Chromium while cars come and go."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.city import City
from tests.e2e.browser import screen
from tests.e2e.street import SECTION as STREET
from tests.e2e.street import Street, code_of

pytestmark = pytest.mark.e2e
BOTH_SIZES = pytest.mark.parametrize("size", ["desktop", "phone"])
SECTION = "华富路（振华路—红荔路）"
# Berths before 福强路 in the city's order: on those after it, cars are the tests' own.
SIMULATED = "855"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def busy(city: City) -> AsyncIterator[City]:
    """The city with cars coming and going."""
    async with city.simulating("--berths", SIMULATED):
        yield city


async def log_in(page: Page, city: City, username: str) -> None:
    """Log a member of staff in on the page that asks for it."""
    await page.locator("input").nth(0).fill(username)
    await page.locator("input").nth(1).fill(city.logins[username])
    await page.keyboard.press("Enter")


@BOTH_SIZES
async def test_the_landing_page_links_the_clients_and_says_how_all_is(
    busy: City, browser: Browser, size: str
) -> None:
    async with screen(browser, size) as seen:
        await seen.page.goto(busy.url)

        await expect(seen.page.locator(".mark.well")).to_have_count(6)
        await expect(seen.page.get_by_text(busy.logins["city"])).to_be_visible()
        for client in ("/console/", "/pos/", "/m/"):
            await expect(seen.page.locator(f'a[href="{client}"]')).to_be_visible()
        await seen.keep("landing")


@BOTH_SIZES
async def test_the_console_shows_the_city_change_by_itself(
    busy: City, browser: Browser, size: str
) -> None:
    async with screen(browser, size) as seen:
        await seen.page.goto(f"{busy.url}/console/")
        await log_in(seen.page, busy, "city")

        await expect(seen.page.locator('.pill[data-liveness="live"]')).to_be_visible()
        if size == "phone":
            await seen.page.get_by_role("tab", name="指标").click()
        arrivals = seen.page.locator(".panel-kpi").get_by_text(re.compile(r"^今日到达$")).first
        await expect(arrivals).to_be_visible()
        before = await seen.page.locator(".panel-kpi").first.inner_text()
        await expect(seen.page.locator(".panel-kpi").first).not_to_have_text(before)
        if size == "phone":
            await seen.page.get_by_role("tab", name="动态").click()
        await expect(seen.page.get_by_text("开始停车").first).to_be_visible()
        await seen.keep("console-city")


async def test_the_console_finds_a_section_and_shows_its_berths(
    busy: City, browser: Browser
) -> None:
    async with screen(browser, "desktop") as seen:
        await seen.page.goto(f"{busy.url}/console/")
        await log_in(seen.page, busy, "city")
        search = seen.page.get_by_placeholder("搜索路段、停车场")
        await search.fill("华富路")
        await seen.page.get_by_text(SECTION).first.click()

        drawer = seen.page.locator(".drawer")
        await expect(drawer).to_contain_text(SECTION)
        await expect(drawer).to_contain_text("福田区")
        await seen.page.wait_for_timeout(1_500)  # let the map arrive, for the picture's sake
        await seen.keep("console-section")


async def test_a_wrong_password_is_told_and_nobody_gets_in(busy: City, browser: Browser) -> None:
    async with screen(browser, "desktop") as seen:
        await seen.page.goto(f"{busy.url}/console/")
        await seen.page.locator("input").nth(0).fill("dispatch2")
        await seen.page.locator("input").nth(1).fill("not the password")
        await seen.page.keyboard.press("Enter")

        await expect(seen.page.get_by_role("alert").get_by_text("用户名或密码错误")).to_be_visible()
        seen.problems = [one for one in seen.problems if "401" not in one]


async def open_section(page: Page, city: City) -> None:
    """Log an officer in and open the street of tests, whose cars go when they are told to."""
    await page.goto(f"{city.url}/pos/")
    await log_in(page, city, "patrol1")
    await page.get_by_text(STREET).first.click()
    await expect(page.locator(".tile").first).to_be_visible()


async def type_plate(page: Page, number: str) -> None:
    """Type a plate on the handheld's own keyboard, over the prefix that it may start with."""
    for _ in range(2):
        await page.locator(".keyboard .erase").click()
    for character in number:
        await page.locator(".keyboard").get_by_role("button", name=character, exact=True).click()


@BOTH_SIZES
async def test_an_officer_reads_a_plate_and_everybody_sees_it(
    busy: City, browser: Browser, street: Street, size: str
) -> None:
    number = {"desktop": "粤B8H2K1", "phone": "粤B7G3M2"}[size]
    code = await street.come(minutes_ago=5)
    async with screen(browser, size) as seen:
        await open_section(seen.page, busy)
        shown = seen.page.locator(f'.tile[data-code="{code}"]')
        await expect(shown).to_have_attribute("data-look", "unplated")
        await seen.keep("pos-section")
        await shown.click()
        await seen.page.get_by_role("button", name="录入车牌").click()
        await seen.keep("pos-keyboard")
        await type_plate(seen.page, number)
        await seen.page.get_by_role("button", name="提交").click()

        await expect(shown).to_contain_text(number[2:])
        await expect(shown.locator(".waits")).to_have_count(0)


async def test_a_plate_that_was_read_without_network_is_sent_once_there_is_one(
    busy: City, browser: Browser, street: Street
) -> None:
    code = await street.come(minutes_ago=5)
    async with screen(browser, "phone") as seen:
        await open_section(seen.page, busy)
        tile = seen.page.locator(f'.tile[data-code="{code}"]')
        await expect(tile).to_have_attribute("data-look", "unplated")
        await seen.page.context.set_offline(True)
        await expect(seen.page.locator('.connection[data-liveness="offline"]')).to_be_visible()
        await tile.click()
        await seen.page.get_by_role("button", name="录入车牌").click()
        await type_plate(seen.page, "粤B6F4N3")
        await seen.page.get_by_role("button", name="提交").click()
        await expect(seen.page.locator(".queue .badge")).to_have_text("1")
        await seen.keep("pos-offline")

        await seen.page.context.set_offline(False)

        await expect(seen.page.locator(".queue .badge")).to_have_count(0, timeout=30_000)
        await expect(tile).to_contain_text("6F4N3")


@BOTH_SIZES
async def test_a_motorist_finds_room_nearby(busy: City, browser: Browser, size: str) -> None:
    async with screen(browser, size) as seen:
        await seen.page.goto(f"{busy.url}/m/")

        await expect(seen.page.get_by_text("市民中心停车场").first).to_be_visible()
        await expect(seen.page.get_by_text(re.compile(r"附近 \d+ 处"))).to_be_visible()
        await seen.page.wait_for_timeout(1_500)  # let the outlines arrive, for the picture's sake
        await seen.keep("motorist-find")
        await seen.page.get_by_text("市民中心停车场").first.click()
        await expect(seen.page.get_by_text(re.compile("24 小时")).first).to_be_visible()
        await seen.keep("motorist-place")


async def test_a_motorist_logs_in_with_the_code_on_the_phone(busy: City, browser: Browser) -> None:
    async with screen(browser, "phone") as seen:
        await seen.page.goto(f"{busy.url}/m/#/pages/login/login")
        await seen.page.locator("input").nth(0).fill("13800000001")
        await seen.page.get_by_text("获取验证码").click()
        await expect(seen.page.get_by_text(re.compile(r"\d+ ?秒|\d+s")).first).to_be_visible()
        await seen.page.locator("input").nth(1).fill(await code_of(busy, "13800000001"))
        await seen.keep("motorist-login")
        await seen.page.locator("uni-button", has_text="登录").last.click()

        await expect(seen.page.get_by_text("138****0001").first).to_be_visible()
        await seen.keep("motorist-mine")
