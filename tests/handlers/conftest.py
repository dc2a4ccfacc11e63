"""The API over a real store and a real HTTP server, with a text message sender that remembers."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest_asyncio
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from devices.permits import BrokerAccount, accounts_of
from handlers.app import App
from handlers.routes import make_application
from realtime.broker_memory import MemoryBroker
from realtime.channels import Channels, personal_channel
from realtime.hub import Hub
from realtime.snapshots import Snapshots
from server.config import Config
from server.debiting import Debiting
from server.domain.estate import City, Division, lay_out
from server.domain.identity import (
    Account,
    AccountKind,
    Organization,
    OrganizationKind,
    enrol,
    hash_password,
)
from server.domain.system import DataApp, hash_key, register_data_apps
from server.domain.vehicle import Plate, PlateColor, Vehicle, register_vehicles
from server.kernel.errors import Refused
from server.paying import Desk
from server.store.photos import GridFsPhotos
from tests.paying import FakeParking, FakeProvider
from tests.world import LNG_LAT, World

PASSWORD = "a good password"
BACKEND_KEY = "the key of a backend that publishes"
PARTNER_KEY = "partner key"
PHONE = "13800000001"
PLATE = Plate("粤B12345", PlateColor.BLUE)
STAFF = {
    "city": ("city_manager", ()),
    "chief": ("city_manager", ()),
    "district": ("district_manager", ("440303",)),
    "finance": ("finance", ()),
    "patrol1": ("patroller", ("440304",)),
    "patrol2": ("patroller", ("440303",)),
}


@dataclass
class Messages:
    """Text messages that were sent."""

    sent: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)

    async def send(self, *, phone: str, template: str, params: Mapping[str, str]) -> str:
        """Remember it."""
        self.sent.append((phone, template, params))
        return "message-1"


@dataclass
class Site:
    """A running server, and how to ask it."""

    url: str
    world: World
    messages: Messages
    config: Config
    provider: FakeProvider
    known: dict[str, str] = field(default_factory=dict)

    @property
    def token_key(self) -> str:
        """Key that signs websocket tokens."""
        return self.config.token_key

    @property
    def hook_secret(self) -> str:
        """What the MQTT broker proves itself with."""
        return self.config.mqtt_hook_secret

    @property
    def ingest(self) -> BrokerAccount:
        """The gateway's account at the broker."""
        return accounts_of(mqtt_url=self.config.mqtt_url, simulator_mqtt_url="")["ingest"]

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str = "",
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HTTPResponse:
        """Ask, and give the answer whatever its status."""
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        request = HTTPRequest(
            self.url + path, method=method, body=data, headers=sent, allow_nonstandard_methods=True
        )
        return await AsyncHTTPClient().fetch(request, raise_error=False)

    async def token(self, audience: str, username: str) -> str:
        """Log a member of staff in."""
        body = {"username": username, "password": PASSWORD}
        answer = await self.ask("POST", f"/api/{audience}/logins", body)
        return str(said(answer)["token"])

    async def motorist(self, phone: str = PHONE) -> str:
        """Log a motorist in."""
        await self.ask("POST", "/api/motorist/login-codes", {"phone": phone})
        code = self.messages.sent[-1][2]["code"]
        answer = await self.ask("POST", "/api/motorist/logins", {"phone": phone, "code": code})
        return str(said(answer)["token"])


def said(answer: HTTPResponse) -> Any:
    """Read an answer's JSON."""
    return json.loads(answer.body)


def code(answer: HTTPResponse) -> tuple[int, str]:
    """Read a refusal's status and code."""
    return answer.code, said(answer)["error"]["code"]


@pytest_asyncio.fixture
async def site(world: World, tmp_path: Path) -> AsyncIterator[Site]:
    """The street with people in it, behind a web server."""
    await world.run(
        lay_out,
        cities=[City(name="深圳", center=LNG_LAT)],
        divisions=[Division(id="440303", name="罗湖区"), Division(id="440304", name="福田区")],
        places=[],
        berths=[],
    )
    await world.run(
        enrol,
        organizations=[Organization(id="city", name="鹏城停车", kind=OrganizationKind.CITY)],
        accounts=_accounts(),
    )
    vehicle = Vehicle(id="v1", plate=PLATE, owner_id="motorist-1")
    await world.run(register_vehicles, vehicles=[vehicle])
    partner = DataApp(id="partner", name="合作方", key_hash=hash_key(PARTNER_KEY))
    await world.run(register_data_apps, apps=[partner])
    config = Config.from_environment(
        {"SMARTCLOUD_DATA_DIR": str(tmp_path), "SMARTCLOUD_REALTIME_API_KEY": BACKEND_KEY}
    )
    broker, messages, provider = MemoryBroker(), Messages(), FakeProvider()

    async def division_of(place_id: str) -> str | None:
        return "440304" if place_id == "s1" else None

    hub = Hub(
        Channels(division_of),
        broker,
        token_key=config.token_key,
        personal_channel=personal_channel,
    )
    await hub.start()
    app = App(
        config=config,
        store=world.store,
        photos=GridFsPhotos(world.store.database),
        hub=hub,
        snapshots=Snapshots(world.store.run, broker),
        sms=messages,
        desk=Desk(
            world.store,
            [provider, FakeProvider(name="alipay")],
            public_url="http://city",
            debiting=Debiting(world.store, FakeParking(), public_url="http://city"),
        ),
        payers=FakePayers(),
        health=_well,
        demo=_no_demo,
    )
    server = HTTPServer(make_application(app))
    [socket] = bind_sockets(0, "127.0.0.1")
    server.add_sockets([socket])
    yield Site(f"http://127.0.0.1:{socket.getsockname()[1]}", world, messages, config, provider)
    server.stop()
    await server.close_all_connections()
    await hub.close()


class FakePayers:
    """Knows one code."""

    async def openid(self, code: str) -> str:
        """Give an openid, or refuse as WeChat's client does."""
        if code != "person-1":
            raise Refused("wechat_code_invalid", "微信登录已失效，请重试")
        return "o1"

    def web_page(self, *, return_to: str, state: str) -> str:
        """Name a page that shows what it was told."""
        return f"https://wechat/authorize?to={return_to}&state={state}"

    async def web_openid(self, code: str) -> str:
        """Give another openid than the program's."""
        return f"{await self.openid(code)}-web"


async def _well() -> dict[str, Any]:
    return {"well": True, "components": {}}


async def _no_demo() -> None:
    return None


def _accounts() -> list[Account]:
    hashed = hash_password(PASSWORD)
    staff = [
        Account(
            id=f"staff-{username}",
            kind=AccountKind.STAFF,
            name=username,
            username=username,
            password_hash=hashed,
            roles=(role,),
            organization_id="city",
            division_codes=codes,
        )
        for username, (role, codes) in STAFF.items()
    ]
    motorist = Account(id="motorist-1", kind=AccountKind.MOTORIST, name="车主", phone=PHONE)
    return [*staff, motorist]
