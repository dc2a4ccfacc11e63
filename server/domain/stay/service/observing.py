"""The use case of readings: what devices saw moves berths and stays."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from server.domain.equipment import Accepted, ReadingKind, Verdict
from server.domain.stay.model import Occupancy
from server.domain.stay.model.policies import Policy, StaysBy
from server.domain.stay.rules import Outcome, Sighting, recover, see
from server.domain.stay.service import Stays, policy_of
from server.domain.stay.service.policies import stays_kept_by
from server.domain.vehicle import Plate, read_plate
from server.kernel.errors import Invalid
from server.kernel.work import Work


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
    kept_by = await stays_kept_by(work)
    held = {id: one for id, one in held.items() if kept_by(one.berth) is not StaysBy.OFFICERS}
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
