"""From facts to publications: pure functions, one a kind of fact. `gathering` joins those of a batch.

A fact that nobody hears on a socket is listed in `SILENT`, so that a forgotten feed is noticed.
"""

from collections.abc import Callable, Mapping
from typing import Any

from realtime.arrears import ARREARS_FEEDS
from realtime.lines import line, place_told
from realtime.own import entry_told, own_bill, own_stay
from realtime.publications import Data, Publication
from server.domain.autopay import ParkingEntryChanged
from server.domain.billing import (
    BillClaimed,
    BillDiscounted,
    BillIssued,
    BillOverpaid,
    BillPaid,
    BillRefunded,
    BillState,
    BillUnclaimed,
    BillWithdrawn,
)
from server.domain.equipment import DeviceAlarmed, DeviceFact, DeviceRecovered, DeviceSilent
from server.domain.estate import PlaceTariffCancelled, PlaceTariffChanged
from server.domain.identity import LoginEnded, RightsChanged
from server.domain.insight import Figures, FiguresChanged
from server.domain.payment import IntentEnded, PaymentSucceeded, PaymentUnapplied, WalletChanged
from server.domain.refund import RefundFailed, RefundOpened, RefundSucceeded
from server.domain.stay import (
    OccupancyChanged,
    OccupancyState,
    PolicyChanged,
    StayClosed,
    StayCorrected,
    StayDisputed,
    StayDoubted,
    StayEdited,
    StayIdentified,
    StayLabel,
    StayOpened,
    StayReleased,
    StayVoided,
    Supply,
    SupplyChanged,
)
from server.domain.tariff import TariffCalendarChanged, TariffPublished
from server.domain.vehicle import VehicleBound, VehicleUnbound
from server.kernel.codec import to_plain
from server.kernel.events import Fact
from server.kernel.period import to_ms

Feed = Callable[[Any], list[Publication]]


def place_channel(kind: str, place_id: str) -> str:
    """Name the channel of a place's berths."""
    return f"{kind}:{place_id}"


def berth_row(code: str, state: str, confidence: int, since_ms: int, v: int) -> list[Any]:
    """Make a berth's row as anybody may see it."""
    return [code, state, confidence, since_ms, v]


def staff_row(row: list[Any], stay: StayLabel | None) -> list[Any]:
    """Add to a berth's row what staff see of the car on it."""
    return [*row, stay and {"id": stay.id, "plate": to_plain(stay.plate), "arrived_ms": to_ms(stay.arrived_at)}]  # fmt: skip


def supply_row(id: str, supply: Supply | SupplyChanged) -> list[Any]:
    """Make a place's row of the map."""
    return [id, supply.total, supply.free, supply.unknown, supply.v]


def figures_data(figures: Figures) -> Data:
    """Show an organization's figures."""
    data: Data = to_plain(figures)
    del data["id"]
    return data


def occupancy_changed(fact: OccupancyChanged) -> list[Publication]:
    """Show a berth's change on its place's channels, and settled ones as a line."""
    berth, heard_ms = fact.berth, to_ms(fact.heard_at)
    row = berth_row(berth.code, fact.state.value, fact.confidence, to_ms(fact.since), fact.v)
    channel = place_channel(berth.place_kind, berth.place_id)
    shown = [
        Publication(channel, {"berths": [row], "heard_ms": heard_ms}),
        Publication(
            f"{channel}:staff", {"berths": [staff_row(row, fact.stay)], "heard_ms": heard_ms}
        ),
    ]
    name = _SETTLED.get(fact.state)
    if name is not None and fact.state is not fact.before:
        stay = fact.stay
        plate, stay_id = (stay.plate, stay.id) if stay else (None, None)
        shown.append(line(fact, berth, name, plate, berth_code=berth.code, stay_id=stay_id))
    return shown


_SETTLED = {
    OccupancyState.OCCUPIED: "BerthOccupied",
    OccupancyState.FREE: "BerthFreed",
    OccupancyState.UNKNOWN: "BerthUnknown",
}


StayFact = (
    StayOpened
    | StayIdentified
    | StayVoided
    | StayEdited
    | StayDisputed
    | StayReleased
    | StayDoubted
)
PricedFact = StayClosed | StayCorrected


def stay_told(fact: StayFact) -> list[Publication]:
    """Show what happened to a stay as a line, and to whom it belongs."""
    return [_stay_line(fact), *_personal(fact)]


def stay_identified(fact: StayIdentified) -> list[Publication]:
    """Show whose stay it is, and to whom it was thought to belong that it is not his."""
    shown = stay_told(fact)
    if fact.owner_before is None:
        return shown
    gone = {"fact": "StayRetracted", "at_ms": to_ms(fact.at), "stay_id": fact.stay_id}
    return [*shown, Publication(f"#{fact.owner_before}", gone)]


def stay_doubted(fact: StayDoubted) -> list[Publication]:
    """Show as a line that something about a stay does not fit."""
    return [_stay_line(fact)]


def stay_priced(fact: PricedFact) -> list[Publication]:
    """Show a stay's end and price as a line, and to whom it belongs."""
    assert fact.left_at is not None
    lasted_s = int((fact.left_at - fact.arrived_at).total_seconds())
    told = _stay_line(fact, amount=fact.amount, duration_s=lasted_s)
    return [told, *_personal(fact, left_ms=to_ms(fact.left_at), amount=fact.amount)]


def _stay_line(fact: StayFact | PricedFact, **more: int | None) -> Publication:
    said = {"berth_code": fact.berth.code, "stay_id": fact.stay_id, **more}
    return line(fact, fact.berth, type(fact).__name__, fact.plate, **said)


def _personal(fact: StayFact | PricedFact, **more: int | None) -> list[Publication]:
    if fact.owner_id is None:
        return []
    data = {
        "fact": type(fact).__name__,
        "at_ms": to_ms(fact.at),
        "stay_id": fact.stay_id,
        "place_id": fact.berth.place_id,
        "place_name": fact.berth.place_name,
        "berth_code": fact.berth.code,
        "plate": to_plain(fact.plate),
        "arrived_ms": to_ms(fact.arrived_at),
    }
    return [Publication(f"#{fact.owner_id}", {**data, **more, "stay": own_stay(fact)})]


BillToldFact = (
    BillIssued
    | BillWithdrawn
    | BillDiscounted
    | BillPaid
    | BillRefunded
    | BillClaimed
    | BillUnclaimed
)


def bill_told(fact: BillToldFact) -> list[Publication]:
    """Show what happened to a bill to whom it belongs."""
    if fact.owner_id is None:
        return []
    data = {
        "fact": type(fact).__name__,
        "at_ms": to_ms(fact.at),
        "bill_id": fact.bill_id,
        "stay_id": fact.stay_id,
        "due": fact.due,
        "bill": own_bill(fact.bill),
    }
    if isinstance(fact, BillUnclaimed):  # it is owed, but not shown to this one any more
        data["bill"] = {**own_bill(fact.bill), "state": BillState.WITHDRAWN.value}
    if isinstance(fact, BillDiscounted | BillPaid | BillRefunded):
        data |= {"amount": fact.amount, "open": fact.open}
    return [Publication(f"#{fact.owner_id}", data)]


PayerFact = PaymentSucceeded | IntentEnded | RefundOpened | RefundSucceeded


def payer_told(fact: PayerFact) -> list[Publication]:
    """Show what became of money to whoever paid it."""
    if not fact.payer_id:
        return []
    data = {"fact": type(fact).__name__, **to_plain(fact), "at_ms": to_ms(fact.at)}
    hidden = ("at", "payer_id", "organization_ids")
    shown = {name: value for name, value in data.items() if name not in hidden}
    return [Publication(f"#{fact.payer_id}", shown)]


def wallet_changed(fact: WalletChanged) -> list[Publication]:
    """Show a motorist what is in the wallet."""
    data = {"fact": "WalletChanged", "at_ms": to_ms(fact.at)}
    wallet = {"balance": fact.balance, "bonus": fact.bonus}
    return [Publication(f"#{fact.account_id}", {**data, **wallet})]


def vehicle_told(fact: VehicleBound | VehicleUnbound) -> list[Publication]:
    """Show a motorist that he drives under a plate, or does not any more."""
    data = {"fact": type(fact).__name__, "at_ms": to_ms(fact.at)}
    vehicle = {"vehicle_id": fact.vehicle_id, "plate": to_plain(fact.plate)}
    return [Publication(f"#{fact.owner_id}", {**data, **vehicle})]


def device_told(fact: DeviceFact) -> list[Publication]:
    """Show as a line what is the matter with a device, at the berth that it concerns if it is one."""
    more = {
        "berth_code": _berth_code(fact),
        "device_kind": fact.device_kind.value,
        "alarm": fact.alarm if isinstance(fact, DeviceAlarmed) else None,
    }
    return [line(fact, fact, type(fact).__name__, None, **more)]


def _berth_code(fact: DeviceFact) -> str | None:
    codes = dict(zip(fact.berth_ids, fact.berth_codes, strict=True))
    if isinstance(fact, DeviceAlarmed) and fact.berth_id is not None:
        return codes.get(fact.berth_id)
    return fact.berth_codes[0] if len(fact.berth_codes) == 1 else None


def supply_changed(fact: SupplyChanged) -> list[Publication]:
    """Show a place's room on the map."""
    return [Publication(f"map:{fact.cell}", {"places": [supply_row(fact.place_id, fact)]})]


def figures_changed(fact: FiguresChanged) -> list[Publication]:
    """Show the home page's figures."""
    return [Publication(f"kpi:{fact.figures.id}", figures_data(fact.figures))]


FEEDS: Mapping[type[Fact], Feed] = {
    OccupancyChanged: occupancy_changed,
    StayOpened: stay_told,
    StayIdentified: stay_identified,
    StayVoided: stay_told,
    StayEdited: stay_told,
    StayDisputed: stay_told,
    StayReleased: stay_told,
    StayDoubted: stay_doubted,
    StayClosed: stay_priced,
    StayCorrected: stay_priced,
    BillIssued: bill_told,
    BillWithdrawn: bill_told,
    BillDiscounted: bill_told,
    BillPaid: bill_told,
    BillRefunded: bill_told,
    BillClaimed: bill_told,
    BillUnclaimed: bill_told,
    PaymentSucceeded: payer_told,
    IntentEnded: payer_told,
    RefundOpened: payer_told,
    RefundSucceeded: payer_told,
    WalletChanged: wallet_changed,
    VehicleBound: vehicle_told,
    VehicleUnbound: vehicle_told,
    ParkingEntryChanged: entry_told,
    SupplyChanged: supply_changed,
    FiguresChanged: figures_changed,
    PlaceTariffChanged: place_told,
    PlaceTariffCancelled: place_told,
    DeviceSilent: device_told,
    DeviceRecovered: device_told,
    DeviceAlarmed: device_told,
    **ARREARS_FEEDS,
}

SILENT: frozenset[type[Fact]] = frozenset(
    {
        LoginEnded,
        RightsChanged,
        TariffPublished,
        TariffCalendarChanged,
        BillOverpaid,
        PaymentUnapplied,
        RefundFailed,
        PolicyChanged,
    }
)
"""Facts that no channel carries: their effects are told by facts of their own."""
