"""The policy switchboard in a real Chromium: a value is changed, seen, overtaken and put back."""

from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.city import City
from tests.e2e.browser import screen
from tests.e2e.street import SECTION, clerk
from tests.e2e.test_screens import log_in

pytestmark = pytest.mark.e2e


def row(page: Page, name: str) -> Locator:
    """Find the row of a key."""
    return page.locator(f'[data-key="{name}"]')


async def save(page: Page) -> None:
    """Look the changes over and save them."""
    await page.locator('[data-part="review"]').click()
    await page.locator('[data-part="save"]').click()
    await expect(page.locator('[data-part="changes"]')).to_have_count(0)
    await expect(page.locator('[data-part="pending"]')).to_have_count(0)


async def overtake(city: City, values: dict[str, Any]) -> None:
    """Let somebody else set keys of the operator meanwhile."""
    manager = await clerk(city, "city")
    operator = (await manager.ask("GET", "/policies"))["scopes"][1]
    said = {**operator["values"], **values}
    body = {"scope": operator["scope"], "values": said, "v": operator["v"]}
    await manager.ask("PUT", "/policies", body)


async def test_a_manager_changes_a_value_of_his_operator_and_puts_it_back(
    city: City, browser: Browser
) -> None:
    async with screen(browser, "desktop") as seen:
        page = seen.page
        await page.goto(f"{city.url}/console/policies")
        await log_in(page, city, "city")
        limit = row(page, "approval_limit")
        await expect(limit.locator('[data-part="source"]')).to_have_text("沿用全市设置")
        await seen.keep("console-policies")

        await limit.locator("input").fill("80.001")
        await expect(limit.get_by_role("alert")).to_contain_text("最多两位小数")
        await expect(page.locator('[data-part="review"]')).to_be_disabled()
        await expect(page.locator('[data-part="pending"]')).to_have_css("opacity", "1")
        await limit.scroll_into_view_if_needed()
        await seen.keep("console-policies-fault")
        await limit.locator("input").fill("80")
        await page.locator('[data-part="add-step"]').click()
        await page.locator('[data-part="review"]').click()
        changes = page.locator('[data-part="changes"]')
        await expect(changes).to_contain_text("50 元")
        await expect(changes).to_contain_text("80 元")
        await expect(changes).to_contain_text("第 32 天")
        # Opening, it fades in; until then it is half seen.
        await expect(page.locator(".dialog-fade-enter-active")).to_have_count(0)
        await seen.keep("console-policies-changes")
        await page.get_by_role("button", name="取消").click()
        await expect(changes).to_have_count(0)
        await seen.keep("console-policies-ladder")
        await row(page, "reminder_ladder").get_by_label("删除这一步").last.click()
        await save(page)
        await expect(limit.locator('[data-part="source"]')).to_have_text("运营商设置")

        await overtake(city, {"photos_max": 8})
        await limit.locator('[data-part="restore"]').click()
        await expect(limit.locator("input")).to_have_value("50")
        await page.locator('[data-part="review"]').click()
        await page.locator('[data-part="save"]').click()
        conflict = page.locator('[data-part="conflict"]')
        await expect(conflict).to_contain_text("配置刚被他人修改")
        await seen.keep("console-policies-conflict")
        await conflict.get_by_role("button", name="重新读取").click()
        await expect(row(page, "photos_max").locator("input")).to_have_value("8")
        await row(page, "photos_max").locator('[data-part="restore"]').click()
        await save(page)
        await expect(limit.locator('[data-part="source"]')).to_have_text("沿用全市设置")
        await expect(row(page, "photos_max").locator("input")).to_have_value("6")
        await page.locator('[data-part="scope"]').get_by_text("全市").click()
        await expect(row(page, "time_zone").locator('[data-part="source"]')).to_have_text(
            "系统默认"
        )
        await expect(row(page, "pursuit")).to_contain_text("由各运营商自行设置")
        await seen.keep("console-policies-city")
        await page.locator('[data-part="search"]').fill("免打扰")
        await expect(page.locator("[data-key]")).to_have_count(3)
        # What the server answers to the overtaken one is told by the browser too.
        seen.problems[:] = [one for one in seen.problems if "409" not in one]


async def test_a_district_sets_its_places_and_reads_the_rest(city: City, browser: Browser) -> None:
    async with screen(browser, "phone") as seen:
        page = seen.page
        await page.goto(f"{city.url}/console/policies")
        await log_in(page, city, "district")
        await expect(page.locator('[data-part="read-only"]')).to_be_visible()
        await expect(row(page, "approval_limit").locator("input")).to_be_disabled()

        await page.locator('[data-part="scope"]').get_by_text("车场 / 路段").click()
        await expect(page.get_by_text("选择一处车场或路段，查看并设置")).to_be_visible()
        await page.locator('[data-part="place"] input').fill(SECTION[:3])
        await page.get_by_role("option", name=SECTION).click()
        await row(page, "autopay").locator(".el-switch").click()
        await expect(row(page, "overdue_days")).to_contain_text("由城市或运营商设置")
        await expect(page.locator('[data-part="pending"]')).to_have_css("opacity", "1")
        await seen.keep("console-policies-place")
        await save(page)
        await expect(row(page, "autopay").locator('[data-part="source"]')).to_have_text("本处设置")
        await row(page, "autopay").locator('[data-part="restore"]').click()
        await save(page)
