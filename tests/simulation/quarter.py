"""A quarter of a city whose berths a test flips itself: places, sensors, people, and what they saw."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime

from server.domain.equipment import (
    Device,
    DeviceKind,
    Numbering,
    Reading,
    ReadingKind,
    accept_readings,
    install,
)
from server.domain.estate import Berth, BerthKind, City, Place, PlaceKind, Point, geohash, lay_out
from server.domain.identity import (
    Account,
    AccountKind,
    Organization,
    OrganizationKind,
    enrol,
    hash_password,
)
from server.domain.stay import Policy, observe, open_berths
from server.domain.tariff import Cap, FreeTime, Rate, Tariff, Terms, publish_tariffs
from server.kernel.access import system
from server.kernel.work import Work
from server.store.mongo import Store

CENTER = (114.0579, 22.5431)
DIVISION = "440304"
PASSWORD = "a password for tests"
TARIFF = Tariff(
    id="quarter@1",
    code="quarter",
    name="quarter",
    number=1,
    valid_from=datetime(2026, 1, 1, tzinfo=UTC),
    terms=Terms(
        free=FreeTime(15),
        rates=(Rate(0, 1440, unit_min=30, unit_amount=100),),
        caps=(Cap(2500),),
    ),
)


class Quarter:
    """So many places with so many berths each."""

    def __init__(self, places: int, berths_each: int) -> None:
        self.places = [_place(number, berths_each) for number in range(places)]
        self.berths = [
            _berth(place, ordinal) for place in self.places for ordinal in range(berths_each)
        ]
        self._seqs = [0] * len(self.berths)

    @property
    def channels(self) -> list[str]:
        """The channels of its places, without and with plates, and of the map."""
        public = [f"section:{place.id}" for place in self.places]
        cells = {f"map:{place.cell}" for place in self.places}
        return [*public, *(f"{one}:staff" for one in public), *sorted(cells)]

    async def fill(self, store: Store) -> None:
        """Put it in, with a manager `city`, a patroller `patrol1`, and no debounce."""
        await store.prepare()
        hashed = hash_password(PASSWORD)

        async def build(work: Work) -> None:
            await lay_out(
                work,
                cities=[City(name="深圳", center=CENTER)],
                divisions=[],
                places=self.places,
                berths=self.berths,
            )
            await publish_tariffs(work, tariffs=[TARIFF])
            await open_berths(work, berths=self.berths, places=self.places)
            await install(work, devices=[_sensor(berth) for berth in self.berths])
            work.table(Policy).add(Policy(arrive_debounce_s=0, leave_debounce_s=0))
            people = [
                _staff("city", "city_manager", (), hashed),
                _staff("patrol1", "patroller", (DIVISION,), hashed),
            ]
            await enrol(
                work,
                organizations=[
                    Organization(id="city", name="演示运营商", kind=OrganizationKind.CITY)
                ],
                accounts=people,
            )

        await store.run(system("test"), build)

    async def flip(self, store: Store, chance: random.Random, count: int) -> None:
        """Let a car come to, or leave, so many berths, in one unit of work as a gateway does."""
        numbers = chance.sample(range(len(self.berths)), count)
        readings = [self._next(number) for number in numbers]

        async def take(work: Work) -> None:
            await observe(work, accepted=await accept_readings(work, readings=readings))

        await store.run(system("ingest"), take)

    def _next(self, number: int) -> Reading:
        seq = self._seqs[number]
        self._seqs[number] += 1
        now = datetime.now(UTC)
        return Reading(
            device_id=f"sensor-{self.berths[number].id}",
            boot=1,
            seq=seq,
            at=now,
            kind=ReadingKind.LEFT if seq % 2 else ReadingKind.ARRIVED,
            received_at=now,
            numbering=Numbering.DENSE,
        )


def _place(number: int, berths: int) -> Place:
    # 0.03 degrees are half a map cell: a few cells with a few places each.
    point = (CENTER[0] + 0.03 * (number % 3), CENTER[1] + 0.001 * number)
    return Place(
        id=f"p{number}",
        kind=PlaceKind.SECTION,
        name=f"路段{number}",
        address="",
        division_code=DIVISION,
        organization_id="city",
        point=Point(point),
        outline=(point,),
        cell=geohash(point),
        tariff_id=TARIFF.code,
        total=berths,
    )


def _berth(place: Place, ordinal: int) -> Berth:
    return Berth(
        id=f"{place.id}-{ordinal}",
        code=f"{place.id}{ordinal:03}",
        kind=BerthKind.ROADSIDE,
        place_id=place.id,
        division_code=DIVISION,
        ordinal=ordinal,
        polygon=(CENTER,) * 4,
    )


def _sensor(berth: Berth) -> Device:
    return Device(
        id=f"sensor-{berth.id}",
        kind=DeviceKind.BERTH_SENSOR,
        maker="canonical",
        place_id=berth.place_id,
        division_code=DIVISION,
        berths={berth.code: berth.id},
        heartbeat_s=86_400,
    )


def _staff(name: str, role: str, division_codes: Sequence[str], hashed: str) -> Account:
    return Account(
        id=f"staff-{name}",
        kind=AccountKind.STAFF,
        name=name,
        username=name,
        password_hash=hashed,
        roles=(role,),
        organization_id="city",
        division_codes=tuple(division_codes),
    )
