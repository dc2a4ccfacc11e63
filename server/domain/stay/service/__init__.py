"""Use cases of berths and stays: what readings and officers do to them."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from server.domain.estate import Berth, Place, repriced_places
from server.domain.stay.events import (
    StayClosed,
    StayCorrected,
    StayDoubted,
    StayOpened,
)
from server.domain.stay.model import (
    BerthLabel,
    Occupancy,
    OccupancyState,
    Stay,
    StayLabel,
    StayState,
)
from server.domain.stay.model.policies import Policy
from server.domain.stay.rules import (
    Close,
    Doubt,
    Identify,
    Leave,
    Open,
    Outcome,
    StayOn,
    Step,
    settle,
)
from server.domain.stay.service.prices import Prices
from server.domain.stay.service.telling import about, identified, occupancy_changed, priced
from server.domain.tariff import Quote
from server.domain.vehicle import Plate, owners_of
from server.kernel.errors import DomainError, NotFound, Refused
from server.kernel.nouns import replace
from server.kernel.work import AtLeast, Work

# A day: what a tariff gives once, it gives once a day at most.
_LOOKED_BACK = timedelta(days=1)


async def open_berths(work: Work, *, berths: Sequence[Berth], places: Sequence[Place]) -> None:
    """Begin to keep the state of berths; what is not known yet is unknown."""
    rows = work.table(Occupancy)
    have = await rows.load(berth.id for berth in berths)
    by_id = {place.id: place for place in places}
    for berth in berths:
        if berth.id in have:
            continue
        now = work.now
        label = label_of(berth, by_id[berth.place_id], at=now)
        rows.add(
            Occupancy(
                id=berth.id, berth=label, since=now, heard_at=now, evidence_at=now, changed_at=now
            )
        )


def label_of(berth: Berth, place: Place, *, at: datetime) -> BerthLabel:
    """Give what is copied of a berth into what happens on it from an instant on."""
    return BerthLabel(
        code=berth.code,
        place_id=place.id,
        place_name=place.name,
        place_kind=place.kind.value,
        division_code=place.division_code,
        organization_id=place.organization_id,
        tariff_id=place.tariff_at(at),
    )


async def policy_of(work: Work) -> Policy:
    """Read how patient the city is with its sensors."""
    return await work.table(Policy).maybe("city") or Policy()


async def price_stay(work: Work, *, stay: Stay, until: datetime) -> Quote:
    """Price a stay as if it ended then."""
    return await Stays(work, await policy_of(work)).price(stay, until)


async def reprice_stay(work: Work, *, stay: Stay) -> Stay:
    """Price a stay that has ended anew."""
    return await Stays(work, await policy_of(work)).reprice(stay)


class Stays:
    """The stays and berths that one unit of work touches: takes the steps of the rules."""

    def __init__(self, work: Work, policy: Policy) -> None:
        self._work = work
        self._rows = work.table(Stay)
        self._occupancies = work.table(Occupancy)
        self._held: dict[str, Stay] = {}
        self._standing: dict[Plate, Stay] = {}
        self._owners: dict[Plate, str] = {}
        self._prices = Prices(ZoneInfo(policy.time_zone))
        self._earlier: dict[Plate, list[Stay]] = {}

    async def load(self, occupancies: Iterable[Occupancy], plates: set[Plate]) -> None:
        """Read in one go what the steps on these berths and plates will need."""
        berths = list(occupancies)
        ids = [one.stay.id for one in berths if one.stay]
        ids += [one.inferred_stay_id for one in berths if one.inferred_stay_id]
        self._held, changed = await asyncio.gather(
            self._rows.load(ids), repriced_places(self._work)
        )
        labels = [one.berth for one in berths] + [one.berth for one in self._held.values()]
        await self._prices.load(self._work, labels, changed)
        await self._look_back()
        if plates:
            numbers = sorted({plate.number for plate in plates})
            for stay in await self._rows.find({"open": True, "plate.number": numbers}):
                if stay.plate is not None:
                    self._standing[stay.plate] = stay
            self._owners = await owners_of(self._work, plates)

    async def _look_back(self) -> None:
        """Read when the cars came before, where a tariff gives something once a day."""
        stays = [stay for stay in self._held.values() if stay.plate and self._prices.asks(stay)]
        if not stays:
            return
        where = {
            "plate.number": sorted({stay.plate.number for stay in stays if stay.plate}),
            "remembered": True,
            "arrived_at": AtLeast(min(stay.arrived_at for stay in stays) - _LOOKED_BACK),
        }
        before = await self._rows.find(where)
        for plate in {stay.plate for stay in stays if stay.plate}:
            self._earlier[plate] = [one for one in before if one.plate == plate]

    def apply(
        self, before: Occupancy, outcome: Outcome, *, flags: tuple[str, ...] = ()
    ) -> Occupancy:
        """Take the steps, save the berth, and tell what changed."""
        after = outcome.occupancy
        for step in outcome.steps:
            after = self._take(after, step, flags)
        if after == before:
            return before
        after = self._occupancies.save(replace(after, changed_at=self._work.now))
        if (after.state, after.since, after.confidence, after.stay) != (
            before.state,
            before.since,
            before.confidence,
            before.stay,
        ):
            self._tell_changed(before, after)
        return after

    def identify(self, occupancy: Occupancy, stay: Stay, plate: Plate) -> Stay:
        """Give an open stay a plate, or another one, and show it on the berth."""
        identified = self._identify(stay, plate)
        label = StayLabel(stay.id, stay.arrived_at, plate)
        shown = replace(occupancy, stay=label, changed_at=self._work.now)
        self._tell_changed(occupancy, self._occupancies.save(shown))
        return identified

    def elsewhere(self, plate: Plate, berth_id: str) -> bool:
        """Say whether the car is known to stand on another berth."""
        standing = self._standing.get(plate)
        return standing is not None and standing.open and standing.berth_id != berth_id

    def correct(self, occupancy: Occupancy, *, left_at: datetime) -> Occupancy:
        """A leave that had been missed came late: end the stay where it really ended."""
        stay = self._held.get(occupancy.inferred_stay_id or "")
        until = occupancy.stay.arrived_at if occupancy.stay else occupancy.since
        if stay is None or not stay.arrived_at <= left_at <= until:
            return occupancy
        quoted = self._quote(stay, left_at)
        corrected = self._save(stay.correct_left(left_at=left_at, quote=quoted))
        self._work.tell(StayCorrected(at=self._work.now, **priced(corrected)))
        return self._occupancies.save(replace(occupancy, inferred_stay_id=None))

    def _take(self, occupancy: Occupancy, step: Step, flags: tuple[str, ...]) -> Occupancy:
        match step:
            case Open():
                return self._open(occupancy, step, flags)
            case Leave():
                self._save(self._held[step.stay_id].leave().flagged(*flags))
            case StayOn():
                self._save(self._held[step.stay_id].stay_on())
            case Close():
                stay = self._held[step.stay_id].flagged(*step.flags, *flags)
                self._close(stay, step.left_at)
                for doubt in step.flags:
                    self._tell_doubt(stay, doubt, None)
            case Doubt():
                self._doubt(self._held[step.stay_id], step.flag, step.seen)
            case Identify():
                return self._identify_seen(occupancy, step)
        return occupancy

    def _open(self, occupancy: Occupancy, step: Open, flags: tuple[str, ...]) -> Occupancy:
        plate = step.plate
        label = self._prices.label(occupancy.berth, step.arrived_at)
        if label is not occupancy.berth:
            occupancy = replace(occupancy, berth=label)
        if plate is not None and self.elsewhere(plate, occupancy.id):
            plate, flags = None, (*flags, "plate_elsewhere")
        stay = Stay(
            id=step.stay_id,
            berth_id=occupancy.id,
            berth=occupancy.berth,
            state=StayState.RUNNING if plate else StayState.DETECTED,
            plate=plate,
            owner_id=self._owners.get(plate) if plate else None,
            arrived_at=step.arrived_at,
            flags=flags,
        )
        self._note(self._rows.add(stay))
        self._work.tell(StayOpened(at=stay.arrived_at, **about(stay)))
        if plate is not step.plate:
            self._tell_doubt(stay, "plate_elsewhere", step.plate)
        shown = occupancy.stay
        if shown is None or shown.id != stay.id or shown.plate == plate:
            return occupancy
        return replace(occupancy, stay=replace(shown, plate=plate))

    def _identify_seen(self, occupancy: Occupancy, step: Identify) -> Occupancy:
        stay = self._held[step.stay_id]
        if self.elsewhere(step.plate, occupancy.id):
            self._doubt(stay, "plate_elsewhere", step.plate)
            return occupancy
        self._identify(stay, step.plate)
        return replace(occupancy, stay=StayLabel(stay.id, stay.arrived_at, step.plate))

    def _identify(self, stay: Stay, plate: Plate) -> Stay:
        before = stay
        stay = self._save(stay.identify(plate, self._owners.get(plate)))
        self._work.tell(identified(before, stay, at=self._work.now))
        return stay

    def _doubt(self, stay: Stay, doubt: str, seen: Plate | None) -> None:
        if doubt not in stay.flags:
            self._tell_doubt(self._save(stay.flagged(doubt)), doubt, seen)

    def _tell_doubt(self, stay: Stay, doubt: str, seen: Plate | None) -> None:
        self._work.tell(StayDoubted(at=self._work.now, doubt=doubt, seen=seen, **about(stay)))

    def _close(self, stay: Stay, left_at: datetime) -> None:
        left_at = max(left_at, stay.arrived_at)
        if self._prices.asks(stay):
            stay = replace(stay, remembered=True)
        closed = self._save(stay.close(left_at=left_at, quote=self._quote(stay, left_at)))
        self._work.tell(StayClosed(at=left_at, **priced(closed)))

    async def price(self, stay: Stay, until: datetime) -> Quote:
        """Price a stay as if it ended then; refuses with what its tariff lacks."""
        await self._know(stay)
        return self._price(stay, until)

    async def pricer(self, stay: Stay) -> Callable[[datetime], Quote]:
        """Give what prices a stay as if it ended then, for asking about many ends."""
        await self._know(stay)
        return lambda until: self._price(stay, until)

    async def reprice(self, stay: Stay) -> Stay:
        """Price a stay that has ended anew, if it has a price."""
        assert stay.left_at is not None
        await self._know(stay)
        quoted = self._quote(stay, stay.left_at)
        return replace(stay, remembered=self._prices.asks(stay)).price(quoted)

    async def _know(self, stay: Stay) -> None:
        self._held = {stay.id: stay}
        await self._prices.load(self._work, [stay.berth], await repriced_places(self._work))
        await self._look_back()

    def _quote(self, stay: Stay, left_at: datetime) -> Quote | None:
        """Price a stay, if it has a price: a car that has gone has gone, whatever its tariff lacks."""
        try:
            return self._price(stay, left_at)
        except DomainError:
            return None

    def _price(self, stay: Stay, until: datetime) -> Quote:
        before = self._earlier.get(stay.plate) if stay.plate else None
        # A stay whose arrival is moved is not one that came before itself.
        came = None if before is None else tuple(one.arrived_at for one in before if one.id != stay.id)  # fmt: skip
        return self._prices.quote(stay, until, earlier=came)

    def _save(self, stay: Stay) -> Stay:
        return self._note(self._rows.save(stay))

    def _note(self, stay: Stay) -> Stay:
        self._held[stay.id] = stay
        if stay.plate is not None:
            self._standing[stay.plate] = stay
        return stay

    def _tell_changed(self, before: Occupancy, after: Occupancy) -> None:
        # What a settling or an officer changed was not heard from a device: it is known from now.
        heard = after.heard_at != before.heard_at
        heard_at = after.heard_at if heard else self._work.now
        self._work.tell(occupancy_changed(before, after, heard_at=heard_at))


async def identify_berth(
    work: Work, *, berth_id: str, plate: Plate, stay_id: str | None = None
) -> Stay:
    """Say which car stands on a berth; the same plate again changes nothing.

    `stay_id` is the stay that the plate was read for: read offline and sent later, it must not
    land on the next car. Refuses with `berth_has_no_stay` where nothing stands, `stay_changed`
    where another car does, and `plate_has_open_stay` where that car is known to stand elsewhere.
    """
    occupancy = await work.table(Occupancy).maybe(berth_id)
    # One answer for what is not there and what is out of sight: nobody learns which it is.
    if occupancy is None or not work.actor.scope.covers(occupancy.berth.division_code):
        raise NotFound("berth_not_found", "没有找到该泊位", berth_id=berth_id)
    stays = Stays(work, await policy_of(work))
    await stays.load([occupancy], {plate})
    if occupancy.state is OccupancyState.PENDING_OCCUPIED:  # an officer's eye settles it
        due = replace(occupancy, settle_at=work.now)
        settled = settle(due, until=work.now, new_id=work.new_id)
        occupancy = stays.apply(occupancy, settled)
    if occupancy.stay is None:
        raise Refused("berth_has_no_stay", "该泊位没有在停车辆", berth_id=berth_id)
    if stay_id is not None and stay_id != occupancy.stay.id:
        raise Refused("stay_changed", "该泊位已换车，请核对后重新录入", berth_id=berth_id)
    stay = await work.table(Stay).get(occupancy.stay.id)
    if stay.plate == plate:
        return stay
    if stays.elsewhere(plate, berth_id):
        raise Refused("plate_has_open_stay", "该车牌已有在停记录", number=plate.number)
    return stays.identify(occupancy, stay, plate)
