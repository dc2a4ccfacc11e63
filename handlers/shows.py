"""What clients see of nouns. Masking is a decision, so it is written out here."""

from typing import Any

from server.domain.billing import Bill
from server.domain.estate import Berth, Place
from server.domain.identity import Account, Login, mask_phone
from server.domain.stay import Stay, Supply
from server.domain.tariff import Tariff, summary
from server.domain.vehicle import Plate, Vehicle

Shown = dict[str, Any]


def show_plate(plate: Plate | None) -> Shown | None:
    """Show a plate whole: to its driver, and to staff in scope."""
    return {"number": plate.number, "color": plate.color.value} if plate else None


def show_place(place: Place, supply: Supply | None, tariff: Tariff) -> Shown:
    """Show a place with its room; where nothing is known yet, all berths are unknown."""
    return {
        "id": place.id,
        "kind": place.kind.value,
        "name": place.name,
        "address": place.address,
        "division_code": place.division_code,
        "point": place.point.coordinates,
        "cell": place.cell,
        "price": {"summary": summary(tariff.terms)},
        **show_room(place, supply),
    }


def show_room(place: Place, supply: Supply | None) -> Shown:
    """Show how much room a place has."""
    if supply is None:
        return {
            "total": place.total,
            "free": 0,
            "occupied": 0,
            "unknown": place.total,
            "out_of_service": 0,
            "v": 0,
        }
    return {
        "total": supply.total,
        "free": supply.free,
        "occupied": supply.occupied,
        "unknown": supply.unknown,
        "out_of_service": supply.out_of_service,
        "v": supply.v,
    }


def show_berth(berth: Berth) -> Shown:
    """Show where a berth is."""
    return {"id": berth.id, "code": berth.code, "polygon": berth.polygon}


def show_stay(stay: Stay) -> Shown:
    """Show a stay to its driver, or to staff in scope."""
    return {
        "id": stay.id,
        "state": stay.state.value,
        "plate": show_plate(stay.plate),
        "place": {"id": stay.berth.place_id, "name": stay.berth.place_name},
        "berth_code": stay.berth.code,
        "arrived_at": stay.arrived_at,
        "left_at": stay.left_at,
        "amount": stay.amount,
    }


def show_bill(bill: Bill) -> Shown:
    """Show a bill to whom it belongs."""
    return {
        "id": bill.id,
        "stay_id": bill.stay_id,
        "state": bill.state.value,
        "plate": show_plate(bill.plate),
        "due": bill.due,
        "waived": bill.waived,
        "paid": bill.paid,
        "open": bill.open,
        "given_up": bill.given_up,
        "valid_until": bill.valid_until,
        "lines": [{"text": line.text, "amount": line.amount} for line in bill.lines],
        "issued_at": bill.issued_at,
    }


def show_vehicle(vehicle: Vehicle) -> Shown:
    """Show a vehicle to whoever drives it."""
    return {
        "id": vehicle.id,
        "plate": show_plate(vehicle.plate),
        "preferred": vehicle.preferred,
    }


def show_login(token: str, account: Account, login: Login) -> Shown:
    """Show a login that has just begun."""
    return {"token": token, "expires_at": login.expires_at, "account": show_account(account)}


def show_account(account: Account) -> Shown:
    """Show an account to itself, its phone masked."""
    shown: Shown = {"id": account.id, "name": account.name}
    if account.phone:
        shown["phone"] = mask_phone(account.phone)
    return shown
