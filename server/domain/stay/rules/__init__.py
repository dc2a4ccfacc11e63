"""What readings mean for a berth: its moves, and what they do to the stay on it. Pure.

    unknown → free ⇄ pending_occupied → occupied ⇄ pending_free → free

A pending state waits for contradiction: a lorry that passes is no car, and a car that shifts has
not left. Only when it settles does a stay open or close.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.domain.stay.model import Occupancy, OccupancyState, StayLabel
from server.domain.stay.model.policies import Policy
from server.domain.vehicle import Plate
from server.kernel.nouns import replace

CONFIDENT = 90
CONFIRMED = 99
# 60: a pending state may be taken back within seconds; clients draw it lighter.
PENDING = 60

_STATE = OccupancyState


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One reading as it bears on one berth, its time already judged.

    `evidence_at` is until when the device vouched for the state before; `left_at` is when the state before this one began, where the device knows.
    """

    arrived: bool
    at: datetime
    received_at: datetime
    device_id: str
    plate: Plate | None = None
    confidence: int | None = None
    evidence_at: datetime | None = None
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """Open a stay for the car that came."""

    stay_id: str
    arrived_at: datetime
    plate: Plate | None


@dataclass(frozen=True, slots=True)
class Leave:
    """The car on the stay seems to have gone."""

    stay_id: str


@dataclass(frozen=True, slots=True)
class StayOn:
    """It had not gone after all."""

    stay_id: str


@dataclass(frozen=True, slots=True)
class Close:
    """The stay is over."""

    stay_id: str
    left_at: datetime
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identify:
    """The car on the stay has this plate."""

    stay_id: str
    plate: Plate


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something about the stay does not fit; `seen` is the plate that was read."""

    stay_id: str
    flag: str
    seen: Plate | None = None


Step = Open | Leave | StayOn | Close | Identify | Doubt


@dataclass(frozen=True, slots=True)
class Outcome:
    """A berth after what was seen, and what that does to stays, in order."""

    occupancy: Occupancy
    steps: tuple[Step, ...] = ()


NewId = Callable[[], str]


def see(occupancy: Occupancy, sighting: Sighting, policy: Policy, *, new_id: NewId) -> Outcome:
    """Decide what a sighting means for a berth; `new_id` names the stays that it opens."""
    first = settle(occupancy, until=sighting.at, new_id=new_id)
    move = _arrived if sighting.arrived else _left
    after = move(first.occupancy, sighting, policy)
    # Not until it was received: what contradicts it may be the next page of the same journal.
    last = settle(after.occupancy, until=sighting.at, new_id=new_id)
    heard = replace(
        last.occupancy,
        heard_at=sighting.received_at,
        evidence_at=max(sighting.at, occupancy.evidence_at),
        device_id=occupancy.device_id or sighting.device_id,
    )
    return Outcome(heard, first.steps + after.steps + last.steps)


def settle(occupancy: Occupancy, *, until: datetime, new_id: NewId) -> Outcome:
    """Settle a pending state whose time has come."""
    if occupancy.settle_at is None or occupancy.settle_at > until:
        return Outcome(occupancy)
    if occupancy.state is _STATE.PENDING_OCCUPIED:
        stay = StayLabel(new_id(), occupancy.since, occupancy.seen_plate)
        settled = replace(
            occupancy,
            state=_STATE.OCCUPIED,
            confidence=CONFIDENT,
            settle_at=None,
            seen_plate=None,
            stay=stay,
        )
        return Outcome(settled, (Open(stay.id, stay.arrived_at, stay.plate),))
    freed = replace(occupancy, state=_STATE.FREE, confidence=CONFIDENT, settle_at=None, stay=None)
    if occupancy.stay is None:
        return Outcome(freed)
    return Outcome(freed, (Close(occupancy.stay.id, occupancy.since),))


def is_uncontradicted(occupancy: Occupancy, policy: Policy, *, now: datetime) -> bool:
    """Say whether a contradiction to a pending state would have come by now.

    It would come as late as the reading did that made the state pending.
    """
    arriving = occupancy.state is _STATE.PENDING_OCCUPIED
    waits_s = policy.arrive_debounce_s if arriving else policy.leave_debounce_s
    return occupancy.heard_at + timedelta(seconds=waits_s) <= now


def fall_silent(occupancy: Occupancy, *, at: datetime) -> Occupancy:
    """The device is silent: what it said last is kept, but no longer shown as known."""
    if occupancy.state in (_STATE.UNKNOWN, _STATE.OUT_OF_SERVICE):
        return occupancy
    return replace(
        occupancy,
        state=_STATE.UNKNOWN,
        confidence=0,
        since=at,
        settle_at=None,
        trusted=_believed(occupancy.state),
    )


def recover(occupancy: Occupancy, *, whole: bool, at: datetime) -> Occupancy:
    """The device is back: if no reading is missing, what it said last still holds."""
    if occupancy.state is not _STATE.UNKNOWN or occupancy.trusted is None or not whole:
        return occupancy
    since = occupancy.stay.arrived_at if occupancy.stay else at
    return replace(
        occupancy,
        state=occupancy.trusted,
        confidence=CONFIDENT,
        since=since,
        trusted=None,
        evidence_at=max(at, occupancy.evidence_at),
    )


def _believed(state: OccupancyState) -> OccupancyState:
    """A pending state that lost its device is believed as far as it had been settled."""
    settled = {_STATE.PENDING_OCCUPIED: _STATE.FREE, _STATE.PENDING_FREE: _STATE.OCCUPIED}
    return settled.get(state, state)


def _arrived(occupancy: Occupancy, seen: Sighting, policy: Policy) -> Outcome:
    match occupancy.state:
        case _STATE.OUT_OF_SERVICE:
            return Outcome(occupancy)
        case _STATE.PENDING_OCCUPIED:
            return Outcome(_confirm_arrival(occupancy, seen))
        case _STATE.PENDING_FREE:
            return _arrived_again(occupancy, seen, policy)
        case _STATE.OCCUPIED | _STATE.UNKNOWN if occupancy.stay is not None:
            return _arrived_on_stay(occupancy, occupancy.stay, seen, policy)
        case _:
            return Outcome(_pend_arrival(occupancy, seen, policy))


def _pend_arrival(occupancy: Occupancy, seen: Sighting, policy: Policy) -> Occupancy:
    return replace(
        occupancy,
        state=_STATE.PENDING_OCCUPIED,
        confidence=min(PENDING, seen.confidence or PENDING),
        since=seen.at,
        settle_at=seen.at + timedelta(seconds=policy.arrive_debounce_s),
        stay=None,
        seen_plate=seen.plate,
        trusted=None,
        device_id=seen.device_id,
    )


def _confirm_arrival(occupancy: Occupancy, seen: Sighting) -> Occupancy:
    """A second device that sees the car ends the waiting; the same one adds nothing."""
    if seen.device_id == occupancy.device_id:
        return replace(occupancy, seen_plate=occupancy.seen_plate or seen.plate)
    plate = seen.plate or occupancy.seen_plate
    return replace(occupancy, settle_at=min(seen.at, seen.received_at), seen_plate=plate)


def _arrived_again(occupancy: Occupancy, seen: Sighting, policy: Policy) -> Outcome:
    """Arrived while a leave was settling: a bounce, unless it is another car."""
    stay = occupancy.stay
    if stay is not None and not (seen.plate and stay.plate and seen.plate != stay.plate):
        back = replace(
            occupancy,
            state=_STATE.OCCUPIED,
            confidence=CONFIDENT,
            since=stay.arrived_at,
            settle_at=None,
        )
        return Outcome(back, (StayOn(stay.id),))
    closing = (Close(stay.id, occupancy.since),) if stay else ()
    return Outcome(_pend_arrival(occupancy, seen, policy), closing)


def _arrived_on_stay(
    occupancy: Occupancy, stay: StayLabel, seen: Sighting, policy: Policy
) -> Outcome:
    """Arrived where a car is known to stand: the same one seen again, or its leave was missed."""
    # A stay that an officer put in has no device yet: the first to see it may see the same arrival.
    by_hand = occupancy.device_id is None
    same_device = by_hand or seen.device_id == occupancy.device_id
    same_s = policy.same_stay_s if by_hand else policy.leave_debounce_s
    bounced = seen.at - stay.arrived_at < timedelta(seconds=same_s)
    if seen.plate and stay.plate == seen.plate:
        return Outcome(_confirmed(occupancy, stay))
    if same_device and not bounced:
        left_at = min(_missed_leave(occupancy, stay, seen), seen.at)
        closing = Close(stay.id, left_at, ("missed_leave",))
        arriving = replace(occupancy, inferred_stay_id=stay.id)
        return Outcome(_pend_arrival(arriving, seen, policy), (closing,))
    if seen.plate and stay.plate:
        return Outcome(occupancy, (Doubt(stay.id, "plate_conflict", seen.plate),))
    if seen.plate:
        return Outcome(_confirmed(occupancy, stay), (Identify(stay.id, seen.plate),))
    return Outcome(_confirmed(occupancy, stay))


def _confirmed(occupancy: Occupancy, stay: StayLabel) -> Occupancy:
    return replace(
        occupancy,
        state=_STATE.OCCUPIED,
        confidence=CONFIRMED,
        since=stay.arrived_at,
        settle_at=None,
        trusted=None,
    )


def _missed_leave(occupancy: Occupancy, stay: StayLabel, seen: Sighting) -> datetime:
    """When a car left that nobody saw leave: as the device says, else at the last evidence."""
    if seen.left_at is not None and seen.left_at >= stay.arrived_at:
        return seen.left_at
    vouched = max(occupancy.evidence_at, seen.evidence_at or occupancy.evidence_at)
    return max(vouched, stay.arrived_at)


def _left(occupancy: Occupancy, seen: Sighting, policy: Policy) -> Outcome:
    match occupancy.state:
        case _STATE.PENDING_OCCUPIED:
            return Outcome(_free(occupancy, seen))
        case _STATE.OCCUPIED if occupancy.stay is not None:
            return _pend_leave(occupancy, occupancy.stay, seen.at, policy)
        case _STATE.UNKNOWN if occupancy.stay is not None:
            # Readings are missing, so the car may have gone long before: charge what is proved.
            left_at = max(occupancy.stay.arrived_at, min(occupancy.evidence_at, seen.at))
            after = _pend_leave(occupancy, occupancy.stay, left_at, policy, since=seen.at)
            doubt = Doubt(occupancy.stay.id, "silent_device")
            return Outcome(after.occupancy, (*after.steps, doubt))
        case _STATE.UNKNOWN | _STATE.OCCUPIED:
            return Outcome(_free(occupancy, seen))
        case _:
            return Outcome(occupancy)


def _free(occupancy: Occupancy, seen: Sighting) -> Occupancy:
    return replace(
        occupancy,
        state=_STATE.FREE,
        confidence=seen.confidence or CONFIDENT,
        since=seen.at,
        settle_at=None,
        seen_plate=None,
        trusted=None,
        stay=None,
    )


def _pend_leave(
    occupancy: Occupancy,
    stay: StayLabel,
    left_at: datetime,
    policy: Policy,
    *,
    since: datetime | None = None,
) -> Outcome:
    left_at = max(left_at, stay.arrived_at)
    pending = replace(
        occupancy,
        state=_STATE.PENDING_FREE,
        confidence=PENDING,
        since=left_at,
        settle_at=(since or left_at) + timedelta(seconds=policy.leave_debounce_s),
        trusted=None,
    )
    return Outcome(pending, (Leave(stay.id),))
