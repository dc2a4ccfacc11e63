"""Fills a new installation with the demo city: deterministic but for its passwords."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex, token_urlsafe

from devices.simulator.city import demo_city
from devices.simulator.model import DemoCity, DemoLot, DemoSection, DemoTariff, DemoWindow
from devices.simulator.secrets import demo_secret
from devices.simulator.streets import NANSHAN
from server.config import SECRETS_FILE, SIMULATOR
from server.demo_debts import fill_debts
from server.domain.equipment import Device, DeviceKind, install, issue_secrets
from server.domain.estate import (
    Berth,
    BerthKind,
    City,
    Division,
    Place,
    PlaceKind,
    Point,
    geohash,
    lay_out,
)
from server.domain.identity import (
    Account,
    AccountKind,
    Organization,
    OrganizationKind,
    enrol,
    hash_password,
)
from server.domain.payment import TopUpOffer, offer_top_ups
from server.domain.stay import change_policy, open_berths
from server.domain.system import DataApp, hash_key, register_data_apps
from server.domain.tariff import (
    CalendarYear,
    Cap,
    FreeTime,
    Rate,
    Step,
    Tariff,
    TariffState,
    Terms,
    publish_tariffs,
    put_calendars,
    read_list,
    year_of,
)
from server.domain.tariff.schema import TariffFile
from server.domain.vehicle import Plate, PlateColor, Vehicle, register_vehicles
from server.kernel.access import system
from server.kernel.work import Work
from server.secrets_file import keep_secrets, new_demo_secret
from server.store.mongo import Store

ORGANIZATION = "pengcheng"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
DAY_MIN = 1_440
LOGINS_FILE = "demo_logins.json"
PARTNER_KEY = "partner_key"
OFFERS = [
    TopUpOffer(id=f"offer-{amount}", amount=amount, bonus=bonus)
    for amount, bonus in ((5_000, 500), (10_000, 1_500), (20_000, 4_000))
]


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """A member of staff's login, as the landing page shows it."""

    username: str
    name: str
    password: str
    client: str


def demo_logins(data_dir: Path, city: DemoCity | None = None) -> list[DemoLogin]:
    """Give the staff's logins, making their passwords at the first call."""
    staff = (city or demo_city()).staff
    makers = {one.username: lambda: token_urlsafe(6) for one in staff}
    passwords = keep_secrets(data_dir / LOGINS_FILE, makers)
    return [
        DemoLogin(
            one.username,
            one.name,
            passwords[one.username],
            "pos" if one.role == "patroller" else "console",
        )
        for one in staff
    ]


def demo_partner_key(data_dir: Path) -> str:
    """Give the demo partner's key to open data, making it at the first call."""
    made = keep_secrets(data_dir / LOGINS_FILE, {PARTNER_KEY: lambda: token_hex(16)})
    return made[PARTNER_KEY]


def demo_device_secret(data_dir: Path, device_id: str) -> str:
    """Give the secret that a demo device was filled in with."""
    return demo_secret(_simulator_key(data_dir), device_id)


def _simulator_key(data_dir: Path) -> str:
    name = f"mqtt_{SIMULATOR}"
    return keep_secrets(data_dir / SECRETS_FILE, {name: new_demo_secret})[name]


async def fill_once(store: Store, data_dir: Path) -> None:
    """Put the demo city into an empty database."""
    if not await store.database["places"].find_one():
        city = demo_city()
        await fill(store, data_dir, city)
        await fill_debts(store, city, operator=ORGANIZATION)
        await switch_autopay_on(store, city)


async def fill(store: Store, data_dir: Path, city: DemoCity | None = None) -> None:
    """Put the demo city in; what is there already stays as it is."""
    city = city or demo_city()
    places, berths = [*_places(city)], [*_berths(city)]

    async def build(work: Work) -> None:
        await lay_out(
            work,
            cities=[City(name=city.name, center=city.center)],
            divisions=[Division(id=one.code, name=one.name) for one in city.divisions],
            places=places,
            berths=berths,
        )
        tariffs = [*(_tariff(one) for one in city.tariffs), *shipped_tariffs()]
        await publish_tariffs(work, tariffs=tariffs)
        await put_calendars(work, years=shipped_calendars())
        await open_berths(work, berths=berths, places=places)
        await install(work, devices=[*_devices(city)])
        key = _simulator_key(data_dir)
        await issue_secrets(
            work, secrets={one.id: demo_secret(key, one.id) for one in city.devices}
        )

    async def people(work: Work) -> None:
        accounts = [*demo_staff(city, data_dir), *_motorists(city)]
        await enrol(
            work,
            organizations=[
                Organization(id=ORGANIZATION, name=city.operator, kind=OrganizationKind.CITY)
            ],
            accounts=accounts,
        )
        await register_vehicles(work, vehicles=[*_vehicles(city)])
        await offer_top_ups(work, offers=OFFERS)
        partner = DataApp(
            id="partner", name="演示合作方", key_hash=hash_key(demo_partner_key(data_dir))
        )
        await register_data_apps(work, apps=[partner])

    await store.run(system("demo"), people)
    await store.run(system("demo"), build)


async def switch_autopay_on(store: Store, city: DemoCity) -> None:
    """Let cars be debited in one district, where a camera reads their plates; elsewhere people pay."""
    division_of = {place.id: place.division_code for place in city.places}
    watched = {one.place_id for one in city.devices if one.kind == "camera"}
    debited = sorted(id for id in watched if division_of[id] == NANSHAN.code)

    async def switch(work: Work) -> None:
        for id in debited:
            await change_policy(work, scope=f"place:{id}", values={"autopay": "on"}, v=0)

    await store.run(system("demo"), switch)


def _places(city: DemoCity) -> Iterable[Place]:
    counts: dict[str, int] = {}
    for berth in city.berths:
        counts[berth.place_id] = counts.get(berth.place_id, 0) + 1
    tariffs = {one.berth_kind: _tariff(one).code for one in city.tariffs}
    for place in city.places:
        section = isinstance(place, DemoSection)
        yield Place(
            id=place.id,
            kind=PlaceKind.SECTION if section else PlaceKind.LOT,
            name=place.name,
            address=place.address,
            division_code=place.division_code,
            organization_id=ORGANIZATION,
            point=Point(place.point),
            outline=place.outline,
            cell=geohash(place.point),
            tariff_id=tariffs["roadside" if section else "lot"],
            total=counts.get(place.id, 0),
        )


def _berths(city: DemoCity) -> Iterable[Berth]:
    place_of: dict[str, DemoSection | DemoLot] = {place.id: place for place in city.places}
    sensors = {one.berth_ids[0]: one.id for one in city.devices if one.kind == "berth_sensor"}
    for ordinal, berth in enumerate(city.berths):
        yield Berth(
            id=berth.id,
            code=berth.code,
            kind=BerthKind(berth.kind),
            place_id=berth.place_id,
            division_code=place_of[berth.place_id].division_code,
            ordinal=ordinal,
            polygon=berth.polygon,
            sensor_id=sensors.get(berth.id),
        )


def _devices(city: DemoCity) -> Iterable[Device]:
    codes = {berth.id: berth.code for berth in city.berths}
    divisions = {place.id: place.division_code for place in city.places}
    for device in city.devices:
        yield Device(
            id=device.id,
            kind=DeviceKind(device.kind),
            maker=device.supplier,
            place_id=device.place_id,
            division_code=divisions[device.place_id],
            berths={codes[berth_id]: berth_id for berth_id in device.berth_ids},
            heartbeat_s=device.heartbeat_s,
        )


def demo_staff(city: DemoCity, data_dir: Path) -> Iterable[Account]:
    """Give the staff with their roles and what each sees."""
    passwords = {login.username: login.password for login in demo_logins(data_dir, city)}
    for one in city.staff:
        whole_city = len(one.division_codes) == len(city.divisions)
        yield Account(
            id=f"staff-{one.username}",
            kind=AccountKind.STAFF,
            name=one.name,
            username=one.username,
            password_hash=hash_password(passwords[one.username]),
            roles=(_role(one.role, whole_city),),
            organization_id=ORGANIZATION,
            # Who works for the whole city is bound to no part of it, or he could not set its policy.
            division_codes=() if whole_city else one.division_codes,
        )


def _role(role: str, whole_city: bool) -> str:
    if role != "manager":
        return role
    return "city_manager" if whole_city else "district_manager"


def _motorists(city: DemoCity) -> Iterable[Account]:
    for one in city.motorists:
        yield Account(
            id=f"motorist-{one.phone}", kind=AccountKind.MOTORIST, name=one.name, phone=one.phone
        )


def _vehicles(city: DemoCity) -> Iterable[Vehicle]:
    owners: set[str] = set()
    for number, one in enumerate(city.vehicles):
        yield Vehicle(
            id=f"vehicle-{number:03}",
            plate=Plate(one.number, PlateColor(one.color)),
            owner_id=f"motorist-{one.owner_phone}",
            preferred=one.owner_phone not in owners,
        )
        owners.add(one.owner_phone)


def shipped_tariffs() -> list[Tariff]:
    """Read the tariffs of other cities that are shipped as files: checked, to be tried and copied."""
    read = [TariffFile().load(json.loads(path.read_text("utf-8"))) for path in _files("*.json")]
    return [
        Tariff(
            id=f"{one['code']}@1",
            number=1,
            state=TariffState.VALIDATED,
            valid_from=LONG_AGO,
            organization_id=ORGANIZATION,
            **{name: value for name, value in one.items() if name != "format"},
        )
        for one in read
    ]


def shipped_calendars() -> list[CalendarYear]:
    """Read the State Council's lists that are shipped as files."""
    lists = [read_list(path.read_text("utf-8")) for path in _files("china-*.csv")]
    return [year_of("china", "国务院节假日", one, year=one[0].on.year) for one in lists]


def _files(pattern: str) -> list[Path]:
    return sorted((Path(__file__).parent / "tariffs").glob(pattern))


def _tariff(demo: DemoTariff) -> Tariff:
    rates: list[Rate] = []
    at = 0
    for window in demo.windows:
        rate = _rate(window)
        if rate.from_min > at:
            rates.append(Rate(at, rate.from_min))
        rates.append(rate)
        at = rate.to_min
    if at < DAY_MIN:
        rates.append(Rate(at, DAY_MIN))
    return Tariff(
        id=f"{demo.berth_kind}@1",
        code=demo.berth_kind,
        name=demo.name,
        number=1,
        valid_from=LONG_AGO,
        organization_id=ORGANIZATION,
        terms=Terms(free=FreeTime(demo.free_minutes), rates=tuple(rates), caps=(Cap(demo.cap),)),
    )


def _rate(window: DemoWindow) -> Rate:
    steps = tuple(Step(s.until_minutes, s.amount) for s in window.steps if s.until_minutes)
    last = window.steps[-1]
    return Rate(
        _minute(window.from_time), _minute(window.to_time), steps, last.unit_minutes, last.amount
    )


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
