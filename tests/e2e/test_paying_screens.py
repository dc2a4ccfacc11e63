"""Paying in a real Chromium: a car parks by its sensor, its driver and an officer pay, and all screens follow."""

import asyncio
import hmac
import json
import time
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from paho.mqtt import publish
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from server.demo import demo_device_secret
from tests.city import City
from tests.e2e.browser import Screen
from tests.e2e.test_screens import code_of

pytestmark = pytest.mark.e2e
# No camera watches it, and an officer walks it; the simulator stands still meanwhile.
SECTION = "华富路（福华路—振华路）"
PHONE = "13800000003"
HOUR_MS = 3_600_000


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
        self._free = [berth for berth in section["berths"] if berth["sensor"]]

    async def park(self, number: str, *, minutes_ago: int) -> str:
        """Let a car come by its sensor, and the officer read its plate; gives the berth's code."""
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


async def street_of(city: City) -> Street:
    """Find the street, with its officer."""
    patrol = await officer(city)
    sections = (await patrol.ask("GET", "/sections"))["items"]
    found = next(one for one in sections if one["name"] == SECTION)
    return Street(city, patrol, await patrol.ask("GET", f"/sections/{found['id']}"))


async def open_as(seen: Screen, who: Client, page: str) -> None:
    """Open a page of the mini-program as somebody who is logged in there already."""
    kept = json.dumps({"type": "object", "data": who.login})
    await seen.page.add_init_script(
        f"localStorage.getItem('motorist-login') || localStorage.setItem('motorist-login', {json.dumps(kept)})"
    )
    await seen.page.goto(f"{who.city.url}/m/#/pages/{page}")
