"""Use cases of berths and stays: what readings and officers do to them."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server.domain.equipment import Accepted, ReadingKind, Verdict
from server.domain.estate import Berth, Place
from server.domain.stay.events import (
    OccupancyChanged,
    StayClosed,
    StayCorrected,
    StayIdentified,
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
from server.domain.stay.rules import (
    Close,
    Doubt,
    Identify,
    Leave,
    Open,
    Outcome,
    Policy,
    Sighting,
    StayOn,
    Step,
    recover,
    see,
    settle,
)
from server.domain.tariff import Pricing, Quote, car_of, load_pricing
from server.domain.vehicle import Plate, owners_of, read_plate
from server.kernel.errors import DomainError, Invalid, NotFound, Refused
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
        place = by_id[berth.place_id]
        label = BerthLabel(
            code=berth.code,
            place_id=place.id,
            place_name=place.name,
            place_kind=place.kind.value,
            division_code=place.division_code,
            organization_id=place.organization_id,
            tariff_id=place.tariff_id,
        )
        now = work.now
        rows.add(
            Occupancy(
                id=berth.id, berth=label, since=now, heard_at=now, evidence_at=now, changed_at=now
            )
        )


async def policy_of(work: Work) -> Policy:
    """Read how patient the city is with its sensors."""
    return await work.table(Policy).maybe("city") or Policy()


async def price_stay(work: Work, *, stay: Stay, until: datetime) -> Quote:
    """Price a stay as if it ended then."""
    return await Stays(work, await policy_of(work)).price(stay, until)


class Stays:
    """The stays and berths that one unit of work touches: takes the steps of the rules."""

    def __init__(self, work: Work, policy: Policy) -> None:
        self._work = work
        self._policy = policy
        self._rows = work.table(Stay)
        self._occupancies = work.table(Occupancy)
        self._held: dict[str, Stay] = {}
        self._standing: dict[Plate, Stay] = {}
        self._owners: dict[Plate, str] = {}
        self._pricing: dict[str, Pricing] = {}
        self._earlier: dict[Plate, tuple[datetime, ...]] = {}

    async def load(self, occupancies: Iterable[Occupancy], plates: set[Plate]) -> None:
        """Read in one go what the steps on these berths and plates will need."""
        berths = list(occupancies)
        ids = [one.stay.id for one in berths if one.stay]
        ids += [one.inferred_stay_id for one in berths if one.inferred_stay_id]
        tariff_codes = {one.berth.tariff_id for one in berths}
        self._held, self._pricing = await asyncio.gather(
            self._rows.load(ids), load_pricing(self._work, tariff_codes)
        )
        await self._look_back()
        if plates:
            numbers = sorted({plate.number for plate in plates})
            for stay in await self._rows.find({"open": True, "plate.number": numbers}):
                if stay.plate is not None:
                    self._standing[stay.plate] = stay
            self._owners = await owners_of(self._work, plates)

    async def _look_back(self) -> None:
        """Read when the cars came before, where a tariff gives something once a day."""
        stays = [stay for stay in self._held.values() if stay.plate and self._asks(stay)]
        if not stays:
            return
        where = {
            "plate.number": sorted({stay.plate.number for stay in stays if stay.plate}),
            "remembered": True,
            "arrived_at": AtLeast(min(stay.arrived_at for stay in stays) - _LOOKED_BACK),
        }
        before = await self._rows.find(where)
        for plate in {stay.plate for stay in stays if stay.plate}:
            self._earlier[plate] = tuple(one.arrived_at for one in before if one.plate == plate)

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
        priced = self._quote(stay, left_at)
        corrected = self._save(stay.correct_left(left_at=left_at, quote=priced))
        self._work.tell(StayCorrected(at=self._work.now, **_priced(corrected)))
        return self._occupancies.save(replace(occupancy, inferred_stay_id=None))

    def _take(self, occupancy: Occupancy, step: Step, flags: tuple[str, ...]) -> Occupancy:
        match step:
            case Open():
                return self._open(occupancy, step, flags)
            case Leave():
                self._save(self._held[step.stay_id].leave(step.left_at).flagged(*flags))
            case StayOn():
                self._save(self._held[step.stay_id].stay_on())
            case Close():
                self._close(self._held[step.stay_id].flagged(*step.flags, *flags), step.left_at)
            case Doubt():
                self._save(self._held[step.stay_id].flagged(step.flag))
            case Identify():
                return self._identify_seen(occupancy, step)
        return occupancy

    def _open(self, occupancy: Occupancy, step: Open, flags: tuple[str, ...]) -> Occupancy:
        plate = step.plate
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
        self._work.tell(StayOpened(at=stay.arrived_at, **_about(stay)))
        shown = occupancy.stay
        if shown is None or shown.id != stay.id or shown.plate == plate:
            return occupancy
        return replace(occupancy, stay=replace(shown, plate=plate))

    def _identify_seen(self, occupancy: Occupancy, step: Identify) -> Occupancy:
        stay = self._held[step.stay_id]
        if self.elsewhere(step.plate, occupancy.id):
            self._save(stay.flagged("plate_elsewhere"))
            return occupancy
        self._identify(stay, step.plate)
        return replace(occupancy, stay=StayLabel(stay.id, stay.arrived_at, step.plate))

    def _identify(self, stay: Stay, plate: Plate) -> Stay:
        before = stay.plate
        stay = self._save(stay.identify(plate, self._owners.get(plate)))
        self._work.tell(
            StayIdentified(at=self._work.now, before=before, billable=not stay.open, **_about(stay))
        )
        return stay

    def _close(self, stay: Stay, left_at: datetime) -> None:
        left_at = max(left_at, stay.arrived_at)
        if self._asks(stay):
            stay = replace(stay, remembered=True)
        closed = self._save(stay.close(left_at=left_at, quote=self._quote(stay, left_at)))
        self._work.tell(StayClosed(at=left_at, **_priced(closed)))

    async def price(self, stay: Stay, until: datetime) -> Quote:
        """Price a stay as if it ended then; refuses with what its tariff lacks."""
        self._held = {stay.id: stay}
        self._pricing = await load_pricing(self._work, {stay.berth.tariff_id})
        await self._look_back()
        return self._price(stay, until)

    def _quote(self, stay: Stay, left_at: datetime) -> Quote | None:
        """Price a stay, if it has a price: a car that has gone has gone, whatever its tariff lacks."""
        try:
            return self._price(stay, left_at)
        except DomainError:
            return None

    def _price(self, stay: Stay, until: datetime) -> Quote:
        pricing, zone = self._pricing[stay.berth.tariff_id], ZoneInfo(self._policy.time_zone)
        car = car_of(stay.plate, earlier=self._earlier.get(stay.plate) if stay.plate else None)
        return pricing.quote(arrived_at=stay.arrived_at, left_at=until, zone=zone, car=car)

    def _asks(self, stay: Stay) -> bool:
        return self._pricing[stay.berth.tariff_id].asks_history

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
        self._work.tell(
            OccupancyChanged(
                at=after.since,
                berth_id=after.id,
                berth=after.berth,
                before=before.state,
                state=after.state,
                confidence=after.confidence,
                since=after.since,
                heard_at=after.heard_at if heard else self._work.now,
                v=after.v,
                stay=after.stay,
            )
        )


def _about(stay: Stay) -> dict[str, Any]:
    return {
        "stay_id": stay.id,
        "berth_id": stay.berth_id,
        "berth": stay.berth,
        "plate": stay.plate,
        "owner_id": stay.owner_id,
        "arrived_at": stay.arrived_at,
    }


def _priced(stay: Stay) -> dict[str, Any]:
    assert stay.left_at is not None
    return {
        **_about(stay),
        "left_at": stay.left_at,
        "amount": stay.amount,
        "lines": stay.lines,
        "revision": stay.revision,
    }


@dataclass(frozen=True, slots=True)
class _Seen:
    one: Accepted
    plate: Plate | None


async def observe(work: Work, *, accepted: Sequence[Accepted]) -> None:
    """Let accepted readings move berths and stays, in the order given."""
    news = [one for one in accepted if _matters(one)]
    if not news:
        return
    rows = work.table(Occupancy)
    policy, held = await asyncio.gather(
        policy_of(work), rows.load(berth_id for one in news for berth_id in _berths(one))
    )
    seen = [_Seen(one, _plate_of(one, policy)) for one in news]
    stays = Stays(work, policy)
    await stays.load(held.values(), {each.plate for each in seen if each.plate})
    for each in seen:
        for berth_id in _berths(each.one):
            if berth_id in held:
                held[berth_id] = _apply(work, stays, held[berth_id], each, policy)


def _matters(one: Accepted) -> bool:
    if one.verdict is Verdict.LATE:
        return one.reading.kind is ReadingKind.LEFT and one.berth_id is not None
    moves = one.reading.kind in (ReadingKind.ARRIVED, ReadingKind.LEFT)
    if one.verdict is not Verdict.APPLIED:
        return False
    return bool(one.recovered) or (moves and one.berth_id is not None)


def _berths(one: Accepted) -> Iterable[str]:
    return one.recovered or ((one.berth_id,) if one.berth_id else ())


def _plate_of(one: Accepted, policy: Policy) -> Plate | None:
    reading = one.reading
    sure = reading.confidence is None or reading.confidence >= policy.plate_confidence
    if reading.plate is None or not sure:
        return None
    try:
        return read_plate(reading.plate, reading.plate_color or "blue")
    except Invalid:  # an unreadable plate is no reason to miss the car
        return None


def _apply(work: Work, stays: Stays, before: Occupancy, each: _Seen, policy: Policy) -> Occupancy:
    one, reading = each.one, each.one.reading
    if one.verdict is Verdict.LATE:
        return stays.correct(before, left_at=one.at)
    occupancy = before
    if one.recovered:
        occupancy = recover(occupancy, whole=not one.gap, at=one.at)
    outcome = Outcome(occupancy)
    if one.berth_id == before.id and reading.kind in (ReadingKind.ARRIVED, ReadingKind.LEFT):
        outcome = see(occupancy, _sighting(each), policy, new_id=work.new_id)
    return stays.apply(before, outcome, flags=("clock",) if one.skewed else ())


def _sighting(each: _Seen) -> Sighting:
    one, reading = each.one, each.one.reading
    lasted = reading.previous_state_s
    return Sighting(
        arrived=reading.kind is ReadingKind.ARRIVED,
        at=one.at,
        received_at=reading.received_at,
        device_id=reading.device_id,
        plate=each.plate,
        confidence=reading.confidence,
        evidence_at=one.evidence_at,
        left_at=one.at - timedelta(seconds=lasted) if lasted is not None else None,
    )


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
