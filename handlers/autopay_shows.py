"""What motorists see of autopay."""

from handlers.shows import Shown, show_plate
from server.domain.autopay import ParkingEntry
from server.domain.autopay.queries import OwnAutopay, OwnDebit
from server.domain.vehicle import Vehicle
from server.providers.parking import ProviderPage, ServiceState


def show_mandate(service: ServiceState, page: ProviderPage, repay: ProviderPage) -> Shown:
    """Show what became of a mandate, and where it is given, ended and repaid."""
    return {"service": service.value, "page": _show_page(page), "repay": _show_page(repay)}


def show_own_autopay(own: OwnAutopay) -> Shown:
    """Show a motorist what is his own."""
    return {
        "grounds": [
            {
                "operator": one.operator,
                "everywhere": one.everywhere,
                "places": one.places,
                "limit": one.limit,
            }
            for one in own.grounds
        ],
        "vehicles": [_show_vehicle(one, own.last_told.get(one.id)) for one in own.vehicles],
        "debits": [_show_debit(one) for one in own.debits],
    }


def _show_page(page: ProviderPage) -> Shown:
    return {"app_id": page.app_id, "path": page.path, "told": dict(page.told)}


def _show_vehicle(vehicle: Vehicle, told: ParkingEntry | None) -> Shown:
    standing = None if told is None else "blocked" if told.block else "normal"
    return {
        "id": vehicle.id,
        "plate": show_plate(vehicle.plate),
        "preferred": vehicle.preferred,
        "standing": standing,
        "block": told.block.value if told and told.block else None,
        "told_at": told.told_at if told else None,
    }


def _show_debit(debit: OwnDebit) -> Shown:
    stay, entry, bill, payment = debit.stay, debit.entry, debit.bill, debit.payment
    return {
        "stay_id": stay.id,
        "plate": show_plate(entry.plate),
        "place_name": entry.place_name,
        "arrived_at": entry.arrived_at,
        "left_at": None if stay.open else stay.left_at,
        "outcome": debit.outcome.value,
        "state": entry.state.value,
        "block": entry.block.value if entry.block else None,
        "closing": entry.closing.value if entry.closing else None,
        "attempt": entry.attempt,
        "again_at": entry.ask_at if debit.outcome.value == "again" else None,
        "amount": payment.amount if payment else bill.due if bill else 0,
        "paid_at": payment.paid_at if payment else None,
        "bill_id": bill.id if bill and bill.open else None,
        "open": bill.open if bill else 0,
    }
