"""What a motorist's own screens show of his stays and bills: in a snapshot and in a publication alike."""

from datetime import datetime

from realtime.publications import Data, Publication
from server.domain.autopay import ParkingEntryChanged
from server.domain.billing import Bill
from server.domain.stay import Stay, StayFact, StayState
from server.kernel.codec import to_plain
from server.kernel.period import to_ms


def own_stay(stay: Stay | StayFact) -> Data:
    """Show a stay to its driver; a car that only seems to have gone still stands."""
    stay_id = stay.id if isinstance(stay, Stay) else stay.stay_id
    standing = stay.left_at is None or stay.state is StayState.LEAVING
    running = StayState.RUNNING if stay.plate else StayState.DETECTED
    return {
        "id": stay_id,
        "state": (running if standing else stay.state).value,
        "plate": to_plain(stay.plate),
        "place": {"id": stay.berth.place_id, "name": stay.berth.place_name},
        "berth_code": stay.berth.code,
        "arrived_at": _iso(stay.arrived_at),
        "left_at": None if standing or stay.left_at is None else _iso(stay.left_at),
        "amount": None if standing else stay.amount,
    }


def own_bill(bill: Bill) -> Data:
    """Show a bill to whom it belongs."""
    return {
        "id": bill.id,
        "stay_id": bill.stay_id,
        "state": bill.state.value,
        "plate": to_plain(bill.plate),
        "due": bill.due,
        "waived": bill.waived,
        "paid": bill.paid,
        "open": bill.open,
        "given_up": bill.given_up,
        "valid_until": _iso(bill.valid_until) if bill.valid_until else None,
        "lines": [{"text": line.text, "amount": line.amount} for line in bill.lines],
        "issued_at": _iso(bill.issued_at),
    }


def entry_told(fact: ParkingEntryChanged) -> list[Publication]:
    """Show a motorist whether his car will be debited, or was not."""
    if fact.owner_id is None:
        return []
    data = {
        "fact": "ParkingEntryChanged",
        "at_ms": to_ms(fact.at),
        "stay_id": fact.stay_id,
        "attempt": fact.attempt,
        "state": fact.state.value,
        "block": fact.block.value if fact.block else None,
        "closing": fact.closing.value if fact.closing else None,
    }
    return [Publication(f"#{fact.owner_id}", data)]


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
