"""When a car is told of, when it is debited, and when it is left to be billed. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from server.domain.autopay.model import Closing, EntryState, ParkingEntry
from server.domain.billing import Bill, BillState
from server.domain.payment import Intent, IntentState
from server.domain.stay import Autopay, Policy, Stay, StayState

SETTLED = frozenset({BillState.PAID, BillState.WRITTEN_OFF})
# 15 minutes: a plate that is typed as the car drives off. Who left before gets his bill.
MADE_WITHIN = timedelta(minutes=15)
# Half an hour, for a payer to fill his purse; then a day. Three failures, and it is arrears.
LADDER = (timedelta(minutes=30), timedelta(days=1))


class Step(StrEnum):
    """What is to be done with an entry, where it is not closed."""

    KEEP = "keep"
    DEBIT = "debit"
    USE = "use"
    RETRY = "retry"


class Outcome(StrEnum):
    """在停 扣费中 待重试 已扣费 待手动缴费 无需扣费: what a driver is told of a stay."""

    STANDING = "standing"
    UNDER_WAY = "under_way"
    AGAIN = "again"
    PAID = "paid"
    LEFT = "left"
    """Nothing is debited any more, and something is to be paid by hand."""
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """All that an entry is judged by; `intent` is its own debit."""

    stay: Stay | None
    bill: Bill | None
    intent: Intent | None
    policy: Policy


def same_car(entry: ParkingEntry, stay: Stay) -> bool:
    """Say whether an entry says of a stay what is so."""
    berth = stay.berth
    said = (entry.plate, entry.arrived_at, entry.place_id, entry.place_name)
    return said == (stay.plate, stay.arrived_at, berth.place_id, berth.place_name)


def wants_entry(stay: Stay, policy: Policy, now: datetime) -> bool:
    """Say whether a stay is to have an entry."""
    if stay.plate is None or stay.state is StayState.VOID or policy.autopay is Autopay.OFF:
        return False
    return stay.open or (stay.left_at is not None and now <= stay.left_at + MADE_WITHIN)


def next_step(entry: ParkingEntry, matter: Matter) -> Step | Closing:
    """Tell what is to be done with an entry now: a step, or why it is closed."""
    stay, bill, intent = matter.stay, matter.bill, matter.intent
    if intent is not None and intent.state is IntentState.SUCCEEDED:
        return Step.USE
    if stay is None or stay.state is StayState.VOID:
        return Closing.VOIDED
    if not same_car(entry, stay):
        return Closing.CORRECTED
    if stay.open:
        return Step.KEEP
    if bill is None:
        return Closing.NOTHING_DUE if stay.amount == 0 else Step.KEEP
    if not _fits(bill, stay):
        return Step.KEEP
    if bill.state in SETTLED:
        return Closing.SETTLED
    if intent is not None:
        return Step.KEEP if intent.live else Step.RETRY
    return _debit_or_not(entry, stay, bill, matter.policy)


def whole_seconds(at: datetime) -> datetime:
    """Cut an instant as a provider writes it."""
    return at.replace(microsecond=0)


def end_of(stay: Stay, now: datetime) -> datetime:
    """Tell when a stay ended as a debit may say it: never later than now."""
    assert stay.left_at is not None
    return min(stay.left_at, now)


def next_attempt(entry: ParkingEntry, *, id: str, now: datetime) -> ParkingEntry | None:
    """Make the entry of the next attempt; none where there were enough."""
    if entry.attempt > len(LADDER):
        return None
    return ParkingEntry(
        id=id,
        stay_id=entry.stay_id,
        organization_id=entry.organization_id,
        place_id=entry.place_id,
        place_name=entry.place_name,
        plate=entry.plate,
        arrived_at=entry.arrived_at,
        free_time_s=entry.free_time_s,
        attempt=entry.attempt + 1,
        created_at=now,
        ask_at=now + LADDER[entry.attempt - 1],
    )


def outcome_of(entry: ParkingEntry, *, stay: Stay, bill: Bill | None, now: datetime) -> Outcome:
    """Tell what has become of a stay by its newest entry."""
    if entry.state is EntryState.USED:
        return Outcome.PAID
    if stay.open and stay.state is not StayState.VOID:
        return Outcome.STANDING
    if entry.live:
        waits = entry.attempt > 1 and entry.ask_at is not None and entry.ask_at > now
        return Outcome.AGAIN if waits else Outcome.UNDER_WAY
    return Outcome.LEFT if bill is not None and bill.open else Outcome.OVER


def _fits(bill: Bill, stay: Stay) -> bool:
    """Say whether a bill is the price of a stay: not one of before, whose next is about to come."""
    if bill.state in SETTLED:
        left_at, until = stay.left_at, bill.valid_until
        in_time = left_at is not None and until is not None and left_at <= until
        return in_time or bill.due == stay.amount
    same = (bill.plate, bill.due) == (stay.plate, stay.amount)
    return same and bill.valid_until is None


def _debit_or_not(entry: ParkingEntry, stay: Stay, bill: Bill, policy: Policy) -> Step | Closing:
    # A bill that was withdrawn takes no money: its next is about to come.
    if stay.holds or entry.state is EntryState.ASKED or not bill.open:
        return Step.KEEP
    if entry.state is EntryState.BLOCKED:
        return Closing.BLOCKED
    if policy.autopay is Autopay.OFF:
        return Closing.SWITCHED_OFF
    if bill.open > policy.autopay_limit:
        return Closing.OVER_LIMIT
    assert stay.left_at is not None
    if whole_seconds(stay.left_at) <= whole_seconds(stay.arrived_at):
        return Closing.TOO_SHORT
    return Step.DEBIT
