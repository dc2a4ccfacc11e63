"""Paying in a real Chromium: a car parks by its sensor, its driver and an officer pay, and all screens follow."""

import asyncio
import re
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, expect

from tests.city import City
from tests.e2e.browser import screen
from tests.e2e.street import (
    SECTION,
    Street,
    minutes_with_a_fee,
    motorist,
    open_as,
    pay_at_cashier,
    without_grace,
)
from tests.e2e.test_screens import log_in

pytestmark = pytest.mark.e2e
# Drivers whom the demo does not know: they owe nothing yet.
DRIVER, SAVER = "13900000001", "13900000002"


async def test_a_driver_sees_the_fee_run_pays_before_leaving_and_all_closes_by_itself(
    city: City, street: Street, browser: Browser
) -> None:
    driver = await motorist(city, DRIVER)
    await driver.ask("POST", "/vehicles", {"number": "粤B8P6T5", "color": "blue"})
    async with screen(browser, "phone") as seen:
        page = seen.page
        await open_as(seen, driver, "parking/parking")
        await expect(page.get_by_text("现在没有正在停的车")).to_be_visible()
        code = await street.park("粤B8P6T5", minutes_ago=minutes_with_a_fee())

        # the stay and its fee come by push, without a reload
        fee = page.locator('[data-part="fee"]')
        await expect(fee).to_have_text(re.compile(r"¥[1-9]\d*\.\d\d"))
        shown = await fee.inner_text()
        await seen.keep("motorist-running")
        await page.locator('[data-part="pay-now"]').click()
        await expect(page.locator('[data-part="confirm"]')).to_contain_text(shown)
        await seen.keep("motorist-pay")
        await page.locator('[data-part="confirm"]').click()
        picture = page.locator("[data-code]")
        await expect(picture).to_be_visible()
        await seen.keep("motorist-code")

        await pay_at_cashier(browser, str(await picture.get_attribute("data-code")))

        await expect(page.locator('[data-part="paid"]')).to_contain_text(shown)
        await seen.keep("motorist-paid")
        await page.get_by_text("完成").click()
        await expect(page.locator('[data-part="paid"]')).to_contain_text("前驶离")
        await seen.keep("motorist-running-paid")
        await street.leave(code)
        await expect(page.get_by_text("已付清").first).to_be_visible()
        await expect(page.get_by_text("现在没有正在停的车")).to_be_visible()
        await page.get_by_text("已付清").first.click()
        await expect(page.get_by_text("传感器：车辆驶离")).to_be_visible()
        await seen.keep("motorist-stay")
    [bill] = (await driver.ask("GET", "/bills"))["items"]
    assert (bill["state"], bill["open"]) == ("paid", 0)
    [payment] = (await driver.ask("GET", "/payments"))["items"]
    assert (payment["amount"], payment["bill_ids"]) == (bill["paid"], [bill["id"]])


async def test_a_wallet_is_filled_and_pays(city: City, street: Street, browser: Browser) -> None:
    driver = await motorist(city, SAVER)
    await driver.ask("POST", "/vehicles", {"number": "粤B7W4A2", "color": "blue"})
    await street.park("粤B7W4A2", minutes_ago=minutes_with_a_fee())
    async with screen(browser, "phone") as seen:
        page = seen.page
        await open_as(seen, driver, "wallet/wallet")
        await page.get_by_text("¥50", exact=True).click()
        await expect(page.get_by_text("送 ¥5", exact=True)).to_be_visible()
        await page.locator('[data-part="top-up"]').click()
        await page.locator('[data-part="confirm"]').click()
        code = str(await page.locator("[data-code]").get_attribute("data-code"))
        await pay_at_cashier(browser, code)
        await page.get_by_text("完成", exact=True).click()
        await expect(page.locator('[data-part="balance"]')).to_have_text("¥55.00")
        await seen.keep("motorist-wallet")

        await page.goto(f"{city.url}/m/#/pages/parking/parking")
        await page.locator('[data-part="pay-now"]').click()
        await page.locator('[data-method="wallet"]').click()
        await page.locator('[data-part="confirm"]').click()

        await expect(page.locator('[data-part="paid"]')).to_contain_text("支付成功")
    assert (await driver.ask("GET", "/wallet"))["balance"] < 5_000


async def test_who_leaves_unpaid_is_spotted_and_pays_the_officer_and_by_the_link(
    city: City, street: Street, browser: Browser
) -> None:
    number = "粤B5K9X3"
    async with without_grace(city), screen(browser, "phone") as seen:
        page = seen.page
        code = await street.park(number, minutes_ago=minutes_with_a_fee())
        await street.leave(code)
        async with asyncio.timeout(30):
            query = f"/arrears?number={quote(number)}&color=blue"
            while not (await street.patrol.ask("GET", query))["count"]:
                await asyncio.sleep(0.2)
        await page.goto(f"{city.url}/pos/")
        await log_in(page, city, "patrol1")
        await page.get_by_text(SECTION).first.click()
        await expect(page.locator(".tile").first).to_be_visible()

        again = await street.park(number, minutes_ago=0)

        tile = page.locator(f'.tile[data-code="{again}"]')
        await expect(tile.locator('[data-part="owes"]')).to_contain_text("欠")
        await seen.keep("pos-alert")
        await tile.click()
        await seen.keep("pos-alert-sheet")
        await page.get_by_role("button", name="知道了").click()
        await expect(page.locator('[data-part="alert"]')).to_contain_text("已确认")
        await page.locator('[data-part="collect"]').click()
        await expect(page.locator('[data-part="bill"]')).to_have_count(1)
        await seen.keep("pos-collect")
        await page.locator('[data-part="cash"]').click()
        await page.locator(".notes button").nth(1).click()
        await expect(page.locator('[data-part="change"]')).to_contain_text("¥")
        await seen.keep("pos-cash")
        await page.get_by_role("button", name="关闭").last.click()
        await page.locator('[data-part="scan"]').click()
        await expect(page.locator('[data-part="code"]')).to_be_visible()
        await seen.keep("pos-code")
        await page.locator('[data-way="link"]').click()
        drawn = page.locator('svg[data-text*="/d/"]')
        await expect(drawn).to_be_visible()
        link = str(await drawn.get_attribute("data-text"))
        async with screen(browser, "phone") as driver:
            await driver.page.goto(f"{city.url}/d/{link.rsplit('/', 1)[1]}")
            await expect(driver.page.locator('[data-part="bill"]')).to_have_count(1)
            assert number not in await driver.page.content()
            await driver.keep("debt")
            await driver.page.locator('[data-part="pay"]').click()
            await driver.page.locator('[data-part="confirm"]').click()
            cashier = str(await driver.page.locator("[data-code]").get_attribute("data-code"))
            await pay_at_cashier(browser, cashier)
            await expect(driver.page.locator('[data-part="paid"]')).to_be_visible()
            await driver.keep("debt-paid")

        await expect(page.locator('[data-part="paid"]')).to_contain_text("已收款")
        await seen.keep("pos-paid")
        await page.go_back()
        await expect(tile.locator('[data-part="owes"]')).to_have_count(0)
