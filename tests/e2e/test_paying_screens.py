"""Paying in a real Chromium: a car parks by its sensor, its driver and an officer pay, and all screens follow."""

import asyncio
import hmac
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import pytest_asyncio
from paho.mqtt import publish
from playwright.async_api import Browser, expect
from pymongo import AsyncMongoClient
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from devices.simulator.city import demo_city
from server.config import Config
from server.demo import demo_device_secret
from tests.city import City
from tests.e2e.browser import Screen, chromium, screen
from tests.e2e.test_screens import code_of, log_in

pytestmark = pytest.mark.e2e
# No camera watches it, and an officer walks it; the simulator stands still meanwhile.
SECTION = "华富路（福华路—振华路）"
# Drivers whom the demo does not know: they owe nothing yet.
DRIVER, SAVER = "13900000001", "13900000002"


class Client:
    """Somebody who is logged in, with the API in hand."""

    def __init__(self, city: City, audience: str, login: dict[str, Any]) -> None:
        self.city, self.audience, self.login = city, audience, login

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """Call the API as this one."""
        headers = {
            "Authorization": f"Bearer {self.login['token']}",
            "Content-Type": "application/json",
            "Idempotency-Key": uuid4().hex,
        }
        url = f"{self.city.url}/api/{self.audience}{path}"
        sent = None if body is None and method != "POST" else json.dumps(body or {})
        answer = await AsyncHTTPClient().fetch(
            HTTPRequest(url, method=method, headers=headers, body=sent)
        )
        return json.loads(answer.body) if answer.body else None


async def motorist(city: City, phone: str) -> Client:
    """Log a motorist in by the code on his phone."""
    await city.post("/api/motorist/login-codes", {"phone": phone})
    body = {"phone": phone, "code": await code_of(city, phone)}
    return Client(city, "motorist", await city.post("/api/motorist/logins", body))


async def officer(city: City) -> Client:
    """Log an officer in."""
    body = {"username": "patrol1", "password": city.logins["patrol1"]}
    return Client(city, "patrol", await city.post("/api/patrol/logins", body))


def said(city: City, code: str, kind: str, *, at_ms: int) -> None:
    """Be the sensor of a berth, once: each run is a boot of its own."""
    device = f"sensor-{code}"
    secret = demo_device_secret(city.data_dir, device)
    boot = time.time_ns() // 1_000_000
    reading = {"boot": boot, "seq": 0, "at": at_ms, "kind": kind, "confidence": 95}
    topic, body = f"devices/{device}/up/reading", json.dumps(reading).encode()
    key = hmac.digest(secret.encode(), b"smartcloud readings", "sha256")
    signature = hmac.digest(key, topic.encode() + b"\0" + body, "sha256")
    account: Any = {"username": device, "password": secret}
    publish.single(topic, b"S1" + signature + body, qos=1, port=city.ports["mqtt"], auth=account)


class Street:
    """A section, its officer, and the cars that tests let come and go there."""

    def __init__(self, city: City, patrol: Client, section: dict[str, Any]) -> None:
        self.city, self.patrol, self.section = city, patrol, section
        # Each third sensor is of another maker, and speaks otherwise.
        own = {device.id for device in demo_city().devices}
        self._free = [one for one in section["berths"] if f"sensor-{one['code']}" in own]

    async def park(self, number: str, *, minutes_ago: int) -> str:
        """Let a car come by its sensor, and the officer read its plate; gives the berth's code."""
        berth = self._free.pop(0)
        while await self._stands(berth["code"]):  # the simulator has stopped, and left its cars
            berth = self._free.pop(0)
        at_ms = int(time.time() * 1000) - minutes_ago * 60_000
        await asyncio.to_thread(said, self.city, berth["code"], "arrived", at_ms=at_ms)
        async with asyncio.timeout(20):
            while not await self._stands(berth["code"]):
                await asyncio.sleep(0.1)
        plate = {"number": number, "color": "blue"}
        await self.patrol.ask("POST", f"/berths/{berth['id']}/plate", plate)
        return str(berth["code"])

    async def leave(self, code: str) -> None:
        """Let the car on a berth go, by its sensor."""
        at_ms = int(time.time() * 1000) - 1_000
        await asyncio.to_thread(said, self.city, code, "left", at_ms=at_ms)

    async def _stands(self, code: str) -> bool:
        channel = quote(f"section:{self.section['id']}:staff")
        data = (await self.patrol.ask("GET", f"/snapshots/{channel}"))["data"]
        return any(row[0] == code and row[1] == "occupied" for row in data["berths"])


async def street_of(city: City, name: str = SECTION) -> Street:
    """Find a street, with its officer."""
    patrol = await officer(city)
    sections = (await patrol.ask("GET", "/sections"))["items"]
    found = next(one for one in sections if one["name"] == name)
    return Street(city, patrol, await patrol.ask("GET", f"/sections/{found['id']}"))


async def open_as(seen: Screen, who: Client, page: str) -> None:
    """Open a page of the mini-program as somebody who is logged in there already."""
    kept = json.dumps({"type": "object", "data": who.login})
    await seen.page.add_init_script(
        f"localStorage.getItem('motorist-login') || localStorage.setItem('motorist-login', {json.dumps(kept)})"
    )
    await seen.page.goto(f"{who.city.url}/m/#/pages/{page}")


@asynccontextmanager
async def without_grace(city: City) -> AsyncIterator[None]:
    """Let bills be past due at once meanwhile; no account of the demo may say that for the city."""
    config = Config.from_environment(city.environment)
    async with AsyncMongoClient[dict[str, Any]](city.mongo_url) as client:
        policies = client[config.mongo_database]["stay_policies"]
        before = await policies.find_one({"_id": "city"})
        assert before is not None
        await policies.update_one({"_id": "city"}, {"$set": {"arrears_grace_min": 0}})
        try:
            yield
        finally:
            await policies.replace_one({"_id": "city"}, before)


def minutes_with_a_fee() -> int:
    """Tell for how long a car must have stood to owe something: by night, since the day before."""
    hour = time.gmtime(time.time() + 8 * 3_600).tm_hour
    return 100 if 10 <= hour < 20 else 16 * 60


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def street(city: City) -> Street:
    """The street that nobody but this module's cars use."""
    return await street_of(city)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests."""
    async with chromium() as started:
        yield started


async def pay_at_cashier(browser: Browser, url: str) -> None:
    """Pay at the double's cashier, as on another phone that has scanned the code."""
    async with screen(browser, "phone") as phone:
        await phone.page.goto(url)
        await phone.page.locator("#pay").click()
        await expect(phone.page.get_by_text("支付成功")).to_be_visible()
        # the double has no picture for the browser's tab
        phone.problems = [one for one in phone.problems if "404" not in one]


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
        await page.get_by_text("完成").click()
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
        await page.get_by_role("button", name="¥10", exact=True).click()
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
