"""The one fixture of the use-case tests: a real store, a standing clock, and captured facts."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from server.domain.equipment import (
    Accepted,
    Device,
    DeviceKind,
    Numbering,
    Reading,
    ReadingKind,
    accept_readings,
    install,
)
from server.domain.estate import Berth, BerthKind, Place, PlaceKind, Point, geohash, lay_out
from server.domain.stay import Occupancy, Stay, observe, open_berths
from server.domain.tariff import Cap, FreeTime, Rate, Step, Tariff, Terms, publish_tariffs
from server.kernel.access import Actor, system
from server.kernel.codec import from_text
from server.kernel.events import Fact, Facts
from server.kernel.schedule import JobBody
from server.kernel.work import Work
from server.store.mongo import OUTBOX, Store

T = TypeVar("T")
# 12:00 on a Wednesday in Shenzhen; far ahead, so that no token made then has run out by now.
NOON = datetime(2053, 7, 2, 4, 0, tzinfo=UTC)
LNG_LAT = (114.0579, 22.5431)

DAY_TARIFF = Tariff(
    id="roadside@1",
    code="roadside",
    name="roadside",
    organization_id="city",
    number=1,
    valid_from=NOON - timedelta(days=30),
    terms=Terms(
        free=FreeTime(15),
        rates=(
            Rate(0, 450),
            Rate(450, 1260, steps=(Step(60, 300),), unit_min=30, unit_amount=100),
            Rate(1260, 1440),
        ),
        caps=(Cap(2500),),
    ),
)


class World:
    """A small street with three berths and a sensor each, at noon."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOON
        self.seqs: dict[str, int] = {}
        store.clock = lambda: self.now

    async def build(self) -> None:
        """Lay the street out, with a tariff and devices."""
        place = Place(
            id="s1",
            kind=PlaceKind.SECTION,
            name="福华路",
            address="福华路",
            division_code="440304",
            organization_id="city",
            point=Point(LNG_LAT),
            outline=(LNG_LAT,),
            cell=geohash(LNG_LAT),
            tariff_id=DAY_TARIFF.code,
            total=3,
        )
        berths = [
            Berth(
                id=f"b{number}",
                code=f"44030400{number}",
                kind=BerthKind.ROADSIDE,
                place_id="s1",
                division_code="440304",
                ordinal=number,
                polygon=(LNG_LAT,) * 4,
            )
            for number in (1, 2, 3)
        ]
        sensors = [
            self.device(f"d{number}", {berth.code: berth.id})
            for number, berth in enumerate(berths, 1)
        ]
        camera = self.device(
            "cam", {berth.code: berth.id for berth in berths}, kind=DeviceKind.CAMERA
        )
        await self.run(lay_out, divisions=[], places=[place], berths=berths)
        await self.run(publish_tariffs, tariffs=[DAY_TARIFF])
        await self.run(open_berths, berths=berths, places=[place])
        await self.run(install, devices=[*sensors, camera])

    def device(
        self, id: str, berths: dict[str, str], *, kind: DeviceKind = DeviceKind.BERTH_SENSOR
    ) -> Device:
        """Make a device on the street."""
        return Device(
            id=id,
            kind=kind,
            maker="canonical",
            place_id="s1",
            division_code="440304",
            berths=berths,
            heartbeat_s=600,
        )

    async def run(
        self, use_case: Callable[..., Awaitable[T]], *, actor: Actor | None = None, **arguments: Any
    ) -> T:
        """Run a use case as a unit of work of its own."""
        who = actor or system("test")
        return await self.store.run(who, lambda work: use_case(work, **arguments))

    async def job(self, body: JobBody) -> None:
        """Run a job once."""
        await self.store.run(system("test"), body)

    def reading(self, device_id: str, kind: str, *, at_s: float = 0, **said: Any) -> Reading:
        """Make the next reading of a device, seen that many seconds after noon."""
        seq = said.pop("seq", self.seqs.get(device_id, 0))
        self.seqs[device_id] = seq + 1
        at = NOON + timedelta(seconds=at_s)
        return Reading(
            device_id=device_id,
            boot=said.pop("boot", 1),
            seq=seq,
            at=at,
            kind=ReadingKind(kind),
            received_at=said.pop("received_at", at),
            numbering=said.pop("numbering", Numbering.DENSE),
            **said,
        )

    async def take(self, *readings: Reading, force: Sequence[Reading] = ()) -> list[Accepted]:
        """Let readings through as the gateway does, at the time the last one was received."""
        forced = frozenset((one.device_id, one.boot, one.seq) for one in force)
        self.now = max([self.now, *(reading.received_at for reading in readings)])

        async def use_case(work: Work) -> list[Accepted]:
            accepted = await accept_readings(work, readings=readings, force=forced)
            await observe(work, accepted=accepted)
            return accepted

        return await self.store.run(system("ingest"), use_case)

    async def see(self, device_id: str, kind: str, *, at_s: float = 0, **said: Any) -> Accepted:
        """Let one reading through."""
        return (await self.take(self.reading(device_id, kind, at_s=at_s, **said)))[0]

    async def occupancy(self, berth_id: str = "b1") -> Occupancy:
        """Read a berth's state."""
        return await self.run(lambda work: work.table(Occupancy).get(berth_id))

    async def stays(self, berth_id: str = "b1") -> list[Stay]:
        """Read a berth's stays, in the order in which they began."""
        return await self.run(
            lambda work: work.table(Stay).find({"berth_id": berth_id}, sort="arrived_at")
        )

    async def facts(self, kind: type[Fact] | None = None) -> list[Any]:
        """Read what was told so far, in order."""
        rows = await self.store.database[OUTBOX].find({}).sort("_id", 1).to_list(None)
        told = [
            from_text(Facts.kinds[fact["kind"]], fact["body"])
            for row in rows
            for fact in row["facts"]
        ]
        return [fact for fact in told if kind is None or isinstance(fact, kind)]
