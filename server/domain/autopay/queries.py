"""Reads of parking entries: those that are due, those of a stay, and what a driver has of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from server.domain.autopay.model import ParkingEntry
from server.domain.autopay.rules import Outcome, outcome_of
from server.domain.billing import Bill
from server.domain.estate import Place
from server.domain.identity import Organization
from server.domain.payment import Payment
from server.domain.stay import Autopay, PolicyLayer, Stay, policy_for, stay_in_sight
from server.domain.vehicle import Vehicle
from server.kernel.money import Fen
from server.kernel.work import AtMost, Work

# 50 stays, as in a driver's own list of them: weeks for somebody who parks daily.
STAYS = 50


async def entries_to_ask(work: Work, *, limit: int = 100) -> Sequence[ParkingEntry]:
    """List the entries that a provider is to be told of, or debited by, the longest overdue first."""
    due = {"ask_at": AtMost(work.now), "live": True}
    return await work.table(ParkingEntry).find(due, sort="ask_at", limit=limit)


async def entries_of_stay(work: Work, *, stay_id: str) -> Sequence[ParkingEntry]:
    """List the entries of a stay that the actor may see, the first first."""
    stay = await stay_in_sight(work, stay_id=stay_id)
    return await work.table(ParkingEntry).find({"stay_id": stay.id}, sort="created_at")


@dataclass(frozen=True, slots=True)
class Ground:
    """Where an operator debits: everywhere, or at so many places; never more than the limit."""

    operator: str
    everywhere: bool
    places: int
    limit: Fen


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDebit:
    """A stay of one's own that a provider was told of: its newest entry, and what came of it.

    `payment` is what was debited; the bill is what stands.
    """

    stay: Stay
    entry: ParkingEntry
    outcome: Outcome
    bill: Bill | None
    payment: Payment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAutopay:
    """What a motorist has of autopay; by vehicle the newest entry that the provider spoke of."""

    grounds: Sequence[Ground]
    vehicles: Sequence[Vehicle]
    last_told: Mapping[str, ParkingEntry]
    debits: Sequence[OwnDebit]


async def own_autopay(work: Work) -> OwnAutopay:
    """Read what is the actor's own: vehicles, and of the last stays those told of, the latest first."""
    mine = {"owner_id": work.actor.id}
    vehicles = await work.table(Vehicle).find(mine)
    stays = await work.table(Stay).find(mine, sort="-arrived_at", limit=STAYS)
    newest: dict[str, ParkingEntry] = {}
    last_told: dict[str, ParkingEntry] = {}
    of_plate = {vehicle.plate: vehicle.id for vehicle in vehicles}
    if stays:
        where = {"stay_id": [stay.id for stay in stays]}
        for entry in await work.table(ParkingEntry).find(where, sort="created_at"):
            newest[entry.stay_id] = entry
            vehicle_id = of_plate.get(entry.plate)
            known = last_told.get(vehicle_id or "")
            if vehicle_id and _is_newer(entry, known):
                last_told[vehicle_id] = entry
    return OwnAutopay(
        grounds=await _grounds(work),
        vehicles=vehicles,
        last_told=last_told,
        debits=await _debits(work, [stay for stay in stays if stay.id in newest], newest),
    )


def _is_newer(entry: ParkingEntry, known: ParkingEntry | None) -> bool:
    if entry.told_at is None:
        return False
    return known is None or known.told_at is None or entry.told_at >= known.told_at


async def _debits(
    work: Work, stays: Sequence[Stay], newest: Mapping[str, ParkingEntry]
) -> list[OwnDebit]:
    if not stays:
        return []
    where = {"stay_id": [stay.id for stay in stays], "standing": True}
    bills = {bill.stay_id: bill for bill in await work.table(Bill).find(where)}
    asked = [entry.intent_id for entry in newest.values() if entry.intent_id]
    paid = await work.table(Payment).find({"intent_id": asked}) if asked else []
    payments = {payment.intent_id: payment for payment in paid}
    found = []
    for stay in stays:
        entry, bill = newest[stay.id], bills.get(stay.id)
        outcome = outcome_of(entry, stay=stay, bill=bill, now=work.now)
        payment = payments.get(entry.intent_id)
        found.append(OwnDebit(stay=stay, entry=entry, outcome=outcome, bill=bill, payment=payment))
    return found


async def _grounds(work: Work) -> list[Ground]:
    """List the operators that debit, by name; a place that differs from its operator is a layer."""
    switched = await work.table(PolicyLayer).find({"values.autopay": Autopay.ON.value})
    layers = {
        layer.id.removeprefix("place:"): layer
        for layer in switched
        if layer.id.startswith("place:")
    }
    places = await work.table(Place).load(layers)
    found = []
    for one in await work.table(Organization).find({}, sort="name"):
        whole = await policy_for(work, organization_id=one.id)
        own = [layers[place.id] for place in places.values() if place.organization_id == one.id]
        limits = [int(layer.values.get("autopay_limit", whole.autopay_limit)) for layer in own]
        if whole.autopay is Autopay.ON:
            limits.append(whole.autopay_limit)
        if limits:
            everywhere = whole.autopay is Autopay.ON
            found.append(Ground(one.name, everywhere, len(own), max(limits)))
    return found
