"""Reads of arrears: what a plate or a driver owes, and what is behind a case."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from server.domain.billing import PAYABLE, Bill, BillState
from server.domain.identity import Account, Organization
from server.domain.recovery.model import Debt, DebtState, RecoveryCase
from server.domain.recovery.model.alerts import LIVE, Alert, AlertState
from server.domain.recovery.model.reminders import Reminder
from server.domain.recovery.model.templates import MessageKind, MessageTemplate
from server.domain.recovery.model.write_offs import WriteOff
from server.domain.recovery.rules import past_due_at
from server.domain.recovery.service import case_in_sight
from server.domain.recovery.service.links import Behind, open_link
from server.domain.recovery.service.pursuit import Elsewhere, debts_elsewhere
from server.domain.stay import Stay, policy_for
from server.domain.vehicle import Plate, owners_of
from server.kernel.codec import from_document
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.work import AtMost, Work

# 50: years of it, for one person.
GIVEN_UP_MOST = 50


@dataclass(frozen=True, slots=True)
class Unpaid:
    """A bill that is to be paid: under which plate, and when it was issued."""

    plate: Plate
    issued_at: datetime


async def unpaid_between(
    work: Work, *, organization_id: str, since: datetime, until: datetime, limit: int
) -> list[Unpaid]:
    """List the unpaid bills of an organization that were issued in a time, the oldest first."""
    issued = {"$gt": since, "$lte": until}
    found = await work.table(Bill).aggregate(
        [
            {
                "$match": {
                    "organization_id": organization_id,
                    "issued_at": issued,
                    "state": {"$in": [state.value for state in PAYABLE]},
                }
            },
            {"$sort": {"issued_at": 1}},
            {"$limit": limit},
            {"$project": {"_id": 1, "plate": 1, "issued_at": 1}},
        ]
    )
    return [from_document(Unpaid, row) for row in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedBill:
    """A bill that is to be paid, or whose stay is in dispute, with where and when the car stood."""

    bill: Bill
    stay: Stay
    open: Fen
    past_due_at: datetime
    past_due: bool
    frozen: bool


@dataclass(frozen=True, slots=True)
class Arrears:
    """All that is owed by plates: their open cases, and bills past due first, the oldest first."""

    cases: tuple[RecoveryCase, ...]
    bills: tuple[OwedBill, ...]
    elsewhere: tuple[Elsewhere, ...] = ()
    given_up: tuple[OwedBill, ...] = ()

    @property
    def past_due(self) -> tuple[OwedBill, ...]:
        """Give what is pursued."""
        return tuple(one for one in self.bills if one.past_due and not one.frozen)

    @property
    def in_grace(self) -> tuple[OwedBill, ...]:
        """Give what is to be paid, and has time."""
        return tuple(one for one in self.bills if not one.past_due and not one.frozen)

    @property
    def frozen(self) -> tuple[OwedBill, ...]:
        """Give what is in dispute."""
        return tuple(one for one in self.bills if one.frozen)


async def arrears_of_plate(work: Work, *, plate: Plate) -> Arrears:
    """Tell what a plate owes the actor's organization, and others whose debts he may pursue."""
    mine = work.actor.organization_id
    where = {"plate.number": plate.number, "state": list(PAYABLE)}
    found = await work.table(Bill).find(where)
    bills = [one for one in found if one.plate == plate and one.organization_id == mine]
    cases = await work.table(RecoveryCase).find({"plate.number": plate.number, "open": True})
    own = [one for one in cases if one.plate == plate and one.organization_id == mine]
    found_here = await _arrears(work, bills, own)
    return replace(found_here, elsewhere=tuple(await debts_elsewhere(work, plate=plate)))


async def own_arrears(work: Work) -> Arrears:
    """Tell what the actor owes, by all plates, for the time in which he drove under them.

    What was given up stands apart: nobody asks for it, and it may be paid all the same.
    """
    me = work.actor.id
    written_off = {"owner_id": me, "state": [BillState.WRITTEN_OFF]}
    given_up = await work.table(Bill).find(written_off, sort="-issued_at", limit=GIVEN_UP_MOST)
    bills = await work.table(Bill).find({"owner_id": me, "state": list(PAYABLE)})
    numbers = sorted({bill.plate.number for bill in bills})
    found = await work.table(RecoveryCase).find({"owner_id": me, "open": True})
    known = {case.id for case in found}
    others = await work.table(RecoveryCase).find({"plate.number": numbers, "open": True})
    found += [case for case in others if case.id not in known]
    owed = await _arrears(work, bills, found, owner_id=me)
    apart = await _arrears(work, given_up, (), owner_id=me)
    return replace(owed, given_up=apart.bills)


async def _arrears(
    work: Work, bills: Iterable[Bill], cases: Sequence[RecoveryCase], *, owner_id: str = ""
) -> Arrears:
    payable = [one for one in bills if one.valid_until is None]
    debts = {one.stay_id: one for case in cases for one in case.standing()}
    billed = {one.stay_id for one in payable}
    frozen = [
        one for one in debts.values() if one.state is DebtState.FROZEN and one.stay_id not in billed
    ]
    withdrawn = await work.table(Bill).load(one.bill_id for one in frozen)
    stays = await work.table(Stay).load([*billed, *(one.stay_id for one in frozen)])
    owed = []
    for bill in payable:
        debt = debts.get(bill.stay_id)
        policy = await policy_for(work, organization_id=bill.organization_id)
        due_at = debt.past_due_at if debt else past_due_at(bill.issued_at, policy)
        stay = stays[bill.stay_id]
        owed.append(
            OwedBill(
                bill=bill,
                stay=stay,
                open=bill.open,
                past_due_at=due_at,
                past_due=due_at <= work.now,
                frozen=bool(stay.holds),
            )
        )
    drivers = await owners_of(work, {bill.plate for bill in withdrawn.values() if bill.claimed})
    for one in frozen:
        stay, bill = stays[one.stay_id], withdrawn[one.bill_id]
        # A claimed bill is whose the plate is; once he lets it go, it is off his page.
        asked = drivers.get(bill.plate) if bill.claimed else stay.owner_id
        if owner_id in ("", asked):
            owed.append(_in_dispute(one, bill, stay))
    ordered = sorted(owed, key=lambda one: (not one.past_due, one.bill.issued_at, one.bill.id))
    return Arrears(tuple(cases), tuple(ordered))


def _in_dispute(debt: Debt, withdrawn: Bill, stay: Stay) -> OwedBill:
    """Say what was open on a bill that was withdrawn because of a dispute."""
    return OwedBill(
        bill=withdrawn,
        stay=stay,
        open=debt.open,
        past_due_at=debt.past_due_at,
        past_due=True,
        frozen=True,
    )


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case with all that was done for it, as far as the actor may see it.

    `given_up` is what of each stay was written off and may still be paid.
    """

    case: RecoveryCase
    owner: Account | None
    reminders: tuple[Reminder, ...]
    alerts: tuple[Alert, ...]
    write_offs: tuple[WriteOff, ...]
    now: datetime
    given_up: Mapping[str, Fen] = field(default_factory=dict)


async def case_file(work: Work, *, case_id: str) -> CaseFile:
    """Read a case with its reminders, alerts and write-offs, the latest first."""
    case = await case_in_sight(work, case_id=case_id)
    owner = await work.table(Account).maybe(case.owner_id) if case.owner_id else None
    about = {"case_id": case.id}
    within = case_within(work, case)
    return CaseFile(
        within,
        owner,
        tuple(await work.table(Reminder).find(about, sort="-number")),
        tuple(await work.table(Alert).find(about, sort="-spotted_at", limit=50)),
        tuple(await work.table(WriteOff).find(about, sort="-requested_at")),
        work.now,
        await _given_up(work, within),
    )


async def _given_up(work: Work, case: RecoveryCase) -> dict[str, Fen]:
    """Tell what of a case was written off and was not paid since."""
    over = [one.bill_id for one in case.debts if one.state is DebtState.WRITTEN_OFF]
    bills = await work.table(Bill).load(over)
    return {one.stay_id: one.given_up for one in bills.values() if one.given_up}


def case_within(work: Work, case: RecoveryCase) -> RecoveryCase:
    """Cut a case down to the debts of the divisions that the actor sees."""
    scope = work.actor.scope
    if scope.everything:
        return case
    debts = tuple(one for one in case.debts if scope.covers(one.division_code))
    standing = [one for one in debts if one.standing]
    pursued = [one for one in standing if one.state is DebtState.OPEN]
    return replace(
        case,
        debts=debts,
        amount=sum(one.open for one in pursued),
        frozen=sum(one.open for one in standing if one.state is DebtState.FROZEN),
        count=len(pursued),
        oldest_at=min((one.owed_since for one in standing), default=case.oldest_at),
    )


async def pending_write_offs(work: Work, *, case_ids: Sequence[str]) -> dict[str, WriteOff]:
    """Find what waits for a second person, by case."""
    where = {"case_id": list(case_ids), "state": "requested"}
    return {one.case_id: one for one in await work.table(WriteOff).find(where)}


async def live_alerts(work: Work, *, section_id: str | None = None) -> list[Alert]:
    """List the alerts in the actor's scope that are not over, the latest first."""
    where: dict[str, object] = {
        "state": [one.value for one in LIVE],
        "berth.organization_id": work.actor.organization_id,
    }
    if not work.actor.scope.everything:
        where["berth.division_code"] = sorted(work.actor.scope.division_codes)
    if section_id is not None:
        where["berth.place_id"] = section_id
    return await work.table(Alert).find(where, sort="-spotted_at", limit=500)


async def alerts_at(work: Work, *, place_id: str, since: datetime) -> list[Alert]:
    """List a place's alerts that are live, and those that ended since then."""
    where = {"berth.place_id": place_id}
    live = await work.table(Alert).find({**where, "state": [one.value for one in LIVE]})
    over = [AlertState.RETRACTED.value, AlertState.GONE.value]
    found = await work.table(Alert).find({**where, "state": over}, sort="-ended_at", limit=100)
    return [*live, *(one for one in found if one.ended_at and one.ended_at >= since)]


async def behind_link(work: Work, *, token: str, key: str) -> tuple[Behind, Organization]:
    """Read what is behind a link, and to whom it is owed."""
    behind = await open_link(work, token=token, key=key)
    return behind, await work.table(Organization).get(behind.link.organization_id)


async def reminders_to_send(work: Work, *, limit: int = 100) -> list[Reminder]:
    """List the reminders that the provider is to be given now."""
    return await work.table(Reminder).find(
        {"send_at": AtMost(work.now)}, sort="send_at", limit=limit
    )


async def reminders_to_ask(work: Work, *, limit: int = 100) -> list[Reminder]:
    """List the reminders that the provider is to be asked about now."""
    return await work.table(Reminder).find({"ask_at": AtMost(work.now)}, sort="ask_at", limit=limit)


async def own_templates(work: Work) -> dict[MessageKind, MessageTemplate]:
    """Read the message templates of the actor's operator, by kind; those that were dropped too."""
    found = await work.table(MessageTemplate).find({"organization_id": work.actor.organization_id})
    return {one.kind: one for one in found}
