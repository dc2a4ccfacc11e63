"""A street of the demo city that only tests use: its officer, its drivers, cars that come and go."""

import asyncio
import hmac
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from urllib.parse import quote
from uuid import uuid4

from paho.mqtt import publish
from playwright.async_api import Browser, expect
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from devices.simulator.city import demo_city
from server.demo import demo_device_secret
from tests.city import City
from tests.e2e.browser import Screen, screen

# No camera watches it, an officer walks it, and the simulator stays away from it.
SECTION = "深南大道（益田路—金田路）"


async def code_of(city: City, phone: str) -> str:
    """Read the newest code that a phone was sent, as its owner would."""
    answer = await AsyncHTTPClient().fetch(f"{city.sms_inbox_url}.json")
    return next(
        found[0]
        for message in json.loads(answer.body)["messages"]
        if phone in json.dumps(message) and (found := re.findall(r"\b\d{6}\b", json.dumps(message)))
    )


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
    return await _staff(city, "patrol", "patrol1")


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


_LOGGED_IN: dict[tuple[str, str, str], Client] = {}


class Street:
    """A section, its officer, and the cars that tests let come and go there."""

    # A car that came an hour ago cannot have stood where another test's car just left.
    _used: ClassVar[set[str]] = set()

    def __init__(self, city: City, patrol: Client, section: dict[str, Any]) -> None:
        self.city, self.patrol, self.section = city, patrol, section
        # Each third sensor is of another maker, and speaks otherwise.
        own = {device.id for device in demo_city().devices}
        self._free = [one for one in section["berths"] if f"sensor-{one['code']}" in own]

    async def park(self, number: str, *, minutes_ago: int) -> str:
        """Let a car come by its sensor, and the officer read its plate; gives the berth's code."""
        berth = await self._come(minutes_ago)
        plate = {"number": number, "color": "blue"}
        await self.patrol.ask("POST", f"/berths/{berth['id']}/plate", plate)
        return str(berth["code"])

    async def come(self, *, minutes_ago: int) -> str:
        """Let a car come by its sensor, whose plate nobody has read; gives the berth's code."""
        return str((await self._come(minutes_ago))["code"])

    async def leave(self, code: str) -> None:
        """Let the car on a berth go, by its sensor."""
        at_ms = int(time.time() * 1000) - 1_000
        await asyncio.to_thread(said, self.city, code, "left", at_ms=at_ms)

    async def _come(self, minutes_ago: int) -> dict[str, Any]:
        at_ms = int(time.time() * 1000) - minutes_ago * 60_000
        # Where the simulator's cars have come and gone since, it is believed to have come after them.
        while await self._arrived_ms((berth := self._next())["code"], at_ms=at_ms) != at_ms:
            pass
        return berth

    def _next(self) -> dict[str, Any]:
        berth: dict[str, Any] = next(one for one in self._free if one["code"] not in self._used)
        self._used.add(berth["code"])
        return berth

    async def _arrived_ms(self, code: str, *, at_ms: int) -> int:
        """Let a car come at an instant; gives when the car that stands there came."""
        if stay := await self._stay(code):
            return int(stay["arrived_ms"])
        await asyncio.to_thread(said, self.city, code, "arrived", at_ms=at_ms)
        async with asyncio.timeout(20):
            while not (stay := await self._stay(code)):
                await asyncio.sleep(0.1)
        return int(stay["arrived_ms"])

    async def _stay(self, code: str) -> dict[str, Any] | None:
        channel = quote(f"section:{self.section['id']}:staff")
        data = (await self.patrol.ask("GET", f"/snapshots/{channel}"))["data"]
        row = next(row for row in data["berths"] if row[0] == code)
        return row[5] if len(row) > 5 else None


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


async def clerk(city: City, username: str) -> Client:
    """Log a member of staff in at the console."""
    return await _staff(city, "console", username)


async def _staff(city: City, audience: str, username: str) -> Client:
    """Log somebody in once for all tests: an account may try five times a minute."""
    key = (city.url, audience, username)
    if key not in _LOGGED_IN:
        body = {"username": username, "password": city.logins[username]}
        login = await city.post(f"/api/{audience}/logins", body)
        _LOGGED_IN[key] = Client(city, audience, login)
    return _LOGGED_IN[key]


@asynccontextmanager
async def without_grace(city: City) -> AsyncIterator[None]:
    """Let the city's manager have bills be past due at once meanwhile."""
    manager = await clerk(city, "city")
    before = await _set_grace(manager, 0)
    try:
        yield
    finally:
        await _set_grace(manager, before)


async def _set_grace(manager: Client, minutes: int) -> int:
    whole = (await manager.ask("GET", "/policies"))["scopes"][0]
    body = {"scope": "city", "values": {"arrears_grace_min": minutes}, "v": whole["v"]}
    await manager.ask("PUT", "/policies", body)
    return int(whole["resolved"]["arrears_grace_min"])


def minutes_with_a_fee() -> int:
    """Tell for how long a car must have stood to owe something: by night, since the day before."""
    hour = time.gmtime(time.time() + 8 * 3_600).tm_hour
    return 100 if 10 <= hour < 20 else 16 * 60


async def pay_at_cashier(browser: Browser, url: str) -> None:
    """Pay at the double's cashier, as on another phone that has scanned the code."""
    async with screen(browser, "phone") as phone:
        await phone.page.goto(url)
        await phone.page.locator("#pay").click()
        await expect(phone.page.get_by_text("支付成功")).to_be_visible()
