"""A city of nothing but numbers for the benches: berths with a sensor each, and no debounce."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from server.domain.equipment import Device, DeviceKind, install
from server.domain.estate import Berth, BerthKind, Place, PlaceKind, Point, geohash, lay_out
from server.domain.stay import Policy, open_berths
from server.domain.tariff import Cap, FreeTime, Rate, Step, Tariff, Terms, publish_tariffs
from server.kernel.access import system
from server.kernel.work import Work
from server.store.mongo import Store

BERTHS = 5_000
PLACES = 50
POINT = (114.0579, 22.5431)
TARIFF = Tariff(
    id="bench@1",
    code="bench",
    name="bench",
    number=1,
    valid_from=datetime(2026, 1, 1, tzinfo=UTC),
    terms=Terms(
        free=FreeTime(15),
        rates=(Rate(0, 1440, steps=(Step(60, 300),), unit_min=30, unit_amount=100),),
        caps=(Cap(2500),),
    ),
)


def place_of(number: int) -> str:
    """Name the place of a numbered berth."""
    return f"place-{number % PLACES}"


async def fill(store: Store, berths: int = BERTHS) -> None:
    """Lay out places, berths and sensors; a reading moves its berth at once."""
    await store.prepare()
    places = [_place(number) for number in range(PLACES)]
    made = [_berth(number) for number in range(berths)]

    async def build(work: Work) -> None:
        await lay_out(work, divisions=[], places=places, berths=made)
        await publish_tariffs(work, tariffs=[TARIFF])
        await open_berths(work, berths=made, places=places)
        await install(work, devices=[_sensor(berth) for berth in made])
        work.table(Policy).add(Policy(arrive_debounce_s=0, leave_debounce_s=0))

    await store.run(system("bench"), build)


class Street:
    """Makes the next reading of each sensor: arrived, left, arrived, …"""

    def __init__(self, numbers: Sequence[int] = range(BERTHS)) -> None:
        self._numbers = numbers
        self._next = 0
        self._seqs = [0] * len(numbers)

    def reading(self) -> tuple[str, bytes]:
        """Give the next sensor's id and its reading as canonical JSON; sensors take turns."""
        turn = self._next
        self._next = (turn + 1) % len(self._seqs)
        seq = self._seqs[turn]
        self._seqs[turn] = seq + 1
        kind = "left" if seq % 2 else "arrived"
        at = int(datetime.now(UTC).timestamp() * 1000)
        body = {"boot": 1, "seq": seq, "at": at, "kind": kind, "battery": 90, "rssi": -80}
        return f"sensor-{self._numbers[turn]}", json.dumps(body).encode()


def _place(number: int) -> Place:
    return Place(
        id=place_of(number),
        kind=PlaceKind.SECTION,
        name=f"路段 {number}",
        address="",
        division_code="440304",
        organization_id="bench",
        point=Point(POINT),
        outline=(POINT,),
        cell=geohash(POINT),
        tariff_id=TARIFF.code,
        total=BERTHS // PLACES,
    )


def _berth(number: int) -> Berth:
    return Berth(
        id=f"berth-{number}",
        code=f"{number:06}",
        kind=BerthKind.ROADSIDE,
        place_id=place_of(number),
        division_code="440304",
        ordinal=number,
        polygon=(POINT,) * 4,
    )


def _sensor(berth: Berth) -> Device:
    return Device(
        id=berth.id.replace("berth", "sensor"),
        kind=DeviceKind.BERTH_SENSOR,
        maker="bench",
        place_id=berth.place_id,
        division_code=berth.division_code,
        berths={berth.code: berth.id},
        heartbeat_s=600,
    )
