"""WeChat's own browser over a running city: who holds the phone, its payment sheet, and autopay from there."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from playwright.async_api import Browser, expect
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from tests.city import City
from tests.e2e.browser import SIZES, Screen
from tests.e2e.street import minutes_with_a_fee, motorist, open_as, street_of

pytestmark = pytest.mark.e2e
# No camera watches it, and no other test's cars stand there.
SECTION = "红荔路（益田路—金田路）"
AGENT = "Mozilla/5.0 (Linux; Android 14) Mobile Safari/537.36 MicroMessenger/8.0.50"
# What WeChat puts into its pages; its sheet pays at the double, as a thumb would.
BRIDGE = """
window.WeixinJSBridge = { invoke: (name, fields, done) => {
  window.sheet = { name, fields }
  fetch(`/sheet/${fields.package.replace('prepay_id=wx', '')}`).then(() => done({ err_msg: 'get_brand_wcpay_request:ok' }))
} }
"""


@asynccontextmanager
async def wechat(browser: Browser, city: City) -> AsyncIterator[Screen]:
    """Open WeChat's browser on a phone."""
    width, height = SIZES["phone"]
    context = await browser.new_context(
        viewport={"width": width, "height": height}, locale="zh-CN", user_agent=AGENT
    )
    seen = Screen(await context.new_page(), "wechat")
    seen.page.set_default_timeout(20_000)
    await seen.page.add_init_script(BRIDGE)

    async def pay(route) -> None:  # type: ignore[no-untyped-def]
        token = route.request.url.rpartition("/")[2]
        url = f"http://127.0.0.1:{city.ports['wechat']}/cashier/{token}/pay"
        await AsyncHTTPClient().fetch(HTTPRequest(url, method="POST", body=b""))
        await route.fulfill(status=204)

    await seen.page.route("**/sheet/*", pay)
    yield seen
    await context.close()
    assert not seen.unexpected(), seen.unexpected()


async def test_wechats_browser_says_who_pays_and_its_sheet_pays(
    city: City, browser: Browser
) -> None:
    street = await street_of(city, SECTION)
    driver = await motorist(city, "13900000021")
    number = "粤B3Q7T1"
    await driver.ask("POST", "/vehicles", {"number": number, "color": "blue"})
    await street.park(number, minutes_ago=minutes_with_a_fee())
    async with wechat(browser, city) as seen:
        page = seen.page
        await open_as(seen, driver, "parking/parking")
        await page.locator('[data-part="pay-now"]').click()
        # away to say who it is, and back on the same page, without a code in its address
        await page.wait_for_function("sessionStorage.getItem('wechat-web-openid')")
        await expect(page.locator('[data-part="confirm"]')).to_be_visible()
        assert "code=" not in page.url
        assert "/pages/pay/pay" in page.url
        await page.locator('[data-part="confirm"]').click()

        await expect(page.locator('[data-part="paid"]')).to_contain_text("支付成功")
        await seen.keep("wechat-paid")
        sheet = await page.evaluate("window.sheet")
        assert sheet["name"] == "getBrandWCPayRequest"
        assert sheet["fields"]["appId"] == "wxd3m0000000000002"
    [payment] = (await driver.ask("GET", "/payments"))["items"]
    assert payment["provider"] == "wechat"


async def test_autopay_is_asked_for_in_wechat_and_told_by_push_elsewhere(
    city: City, browser: Browser
) -> None:
    driver = await motorist(city, "13900000022")
    number = f"粤B{uuid4().int % 90_000 + 10_000}"
    await driver.ask("POST", "/vehicles", {"number": number, "color": "blue"})
    control = f"http://127.0.0.1:{city.ports['wechat']}"

    async def service(state: str) -> None:
        told = {"plate_number": number, "plate_color": "BLUE", "state": state}
        body = json.dumps(told)
        await AsyncHTTPClient().fetch(f"{control}/services", method="POST", body=body)

    await service("PAUSE")
    async with wechat(browser, city) as seen:
        await open_as(seen, driver, "autopay/autopay")
        await expect(seen.page.locator('[data-standing="paused"]')).to_be_visible()
        await seen.keep("wechat-autopay")
        await service("NORMAL")
        await seen.page.locator('[data-part="refresh"]').click()
        await expect(seen.page.locator('[data-standing="usable"]')).to_be_visible()

        # the double's own page, as a person uses it
        await seen.page.goto(f"{control}/control")
        await seen.page.get_by_label("车牌号").fill(number)
        row = seen.page.locator(f'tr[data-plate="{number}"]')
        await row.get_by_role("button", name="未开通").click()
        await expect(seen.page.locator("#said")).to_contain_text("未开通")
        await seen.keep("wechat-control")
