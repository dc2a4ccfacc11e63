"""Use cases of arrears: cases follow the bills that are past due."""

from collections.abc import Iterable, Mapping
from typing import Any

from server.domain.billing import PAYABLE, Bill
from server.domain.recovery.events import ArrearsChanged, ArrearsClosed, ArrearsOpened
from server.domain.recovery.model import Freeze, RecoveryCase, RecoveryState
from server.domain.recovery.rules import Owed, debts_of, follow, owed_since, person_of
from server.domain.stay import Policy, Stay, policy_for
from server.domain.vehicle import Plate, owners_of
from server.kernel.errors import NotFound, Refused
from server.kernel.nouns import replace
from server.kernel.work import Work

Debtor = tuple[str, Plate]
"""Whom something is owed to, and by which plate."""


async def bring_up(work: Work, debtors: Iterable[Debtor]) -> list[RecoveryCase]:
    """Bring the cases of plates in line with their bills; done twice, it changes nothing.

    Gives the cases that have changed.
    """
    wanted = list(dict.fromkeys(debtors))
    if not wanted:
        return []
    # The cases are read before the bills: whoever brings them up meanwhile makes this one try again.
    cases = await _open_cases(work, wanted)
    books = await _Books.read(work, wanted, cases.values())
    organization_ids = dict.fromkeys(organization_id for organization_id, _ in wanted)
    policies = {id: await policy_for(work, organization_id=id) for id in organization_ids}
    drivers = await owners_of(work, {plate for _, plate in wanted})
    changed = []
    for debtor in wanted:
        driver_id, policy = drivers.get(debtor[1]), policies[debtor[0]]
        after = _brought_up(work, cases.get(debtor), debtor, books, policy, driver_id)
        if after is not None:
            changed.append(after)
    return changed


def _brought_up(
    work: Work,
    before: RecoveryCase | None,
    debtor: Debtor,
    books: "_Books",
    policy: Policy,
    driver_id: str | None,
) -> RecoveryCase | None:
    """Give a plate's case if it is another than before."""
    case = before or _blank(work, debtor)
    debts = debts_of(
        case,
        books.owed.get(debtor, ()),
        standing=books.standing,
        stays=books.stays,
        policy=policy,
        now=work.now,
    )
    if not debts and before is None:
        return None
    case = replace(case, owner_id=person_of(case, debts, driver_id))
    return keep(work, before, follow(case, debts, policy, now=work.now))


def keep(work: Work, before: RecoveryCase | None, after: RecoveryCase) -> RecoveryCase | None:
    """Save a case if it has changed, and tell what changed for people."""
    if after == before:
        return None
    rows = work.table(RecoveryCase)
    if before is None:
        opened = rows.add(after)
        work.tell(ArrearsOpened(at=work.now, **about(opened)))
        return opened
    saved = rows.save(after)
    if not saved.open:
        work.tell(ArrearsClosed(at=work.now, **about(saved)))
    elif _shown(saved) != _shown(before):
        lost = before.owner_id if before.owner_id != saved.owner_id else None
        work.tell(ArrearsChanged(at=work.now, owner_before=lost, **about(saved)))
    return saved


def about(case: RecoveryCase) -> dict[str, Any]:
    """Give what every fact about a case says."""
    return {
        "case_id": case.id,
        "plate": case.plate,
        "owner_id": case.owner_id,
        "organization_id": case.organization_id,
        "state": case.state,
        "amount": case.amount,
        "frozen": case.frozen,
        "count": case.count,
        "own_amount": case.own_amount,
        "own_frozen": case.own_frozen,
        "own_count": case.own_count,
        "v": case.v,
    }


async def case_in_sight(work: Work, *, case_id: str) -> RecoveryCase:
    """Read a case of the actor's organization with a debt in his scope."""
    case = await work.table(RecoveryCase).maybe(case_id)
    if case is None or not _sees(work, case):
        raise NotFound("recovery_case_not_found", "没有找到这条记录", id=case_id)
    return case


async def freeze_case(work: Work, *, case_id: str, reason: str) -> RecoveryCase:
    """Leave a case alone until somebody thaws it: no reminders, no alerts."""
    case = await case_in_sight(work, case_id=case_id)
    _still_open(case)
    if case.freeze is not None:
        return case
    freeze = Freeze(reason=reason, by=work.actor.id, at=work.now)
    return await move(work, case, replace(case, freezes=(*case.freezes, freeze)))


async def unfreeze_case(work: Work, *, case_id: str) -> RecoveryCase:
    """Pursue a case again."""
    case = await case_in_sight(work, case_id=case_id)
    _still_open(case)
    if case.freeze is None:
        return case
    over = replace(case.freeze, until=work.now, until_by=work.actor.id)
    return await move(work, case, replace(case, freezes=(*case.freezes[:-1], over)))


async def move(work: Work, before: RecoveryCase, case: RecoveryCase) -> RecoveryCase:
    """Say anew how a case stands that somebody, or the time, has moved."""
    policy = await policy_for(work, organization_id=case.organization_id)
    return keep(work, before, follow(case, case.debts, policy, now=work.now)) or before


def _still_open(case: RecoveryCase) -> None:
    if not case.open:
        raise Refused("arrears_closed", "该追缴记录已结束", case_id=case.id)


def _sees(work: Work, case: RecoveryCase) -> bool:
    covers = work.actor.scope.covers
    mine = case.organization_id == work.actor.organization_id
    return mine and any(covers(one.division_code) for one in case.debts)


def _shown(case: RecoveryCase) -> tuple[Any, ...]:
    own = case.owner_id, case.own_amount, case.own_frozen, case.own_count
    return case.state, case.amount, case.frozen, case.count, own


def _blank(work: Work, debtor: Debtor) -> RecoveryCase:
    organization_id, plate = debtor
    return RecoveryCase(
        id=work.new_id(),
        plate=plate,
        organization_id=organization_id,
        state=RecoveryState.GRACE,
        oldest_at=work.now,
        opened_at=work.now,
    )


async def _open_cases(work: Work, wanted: list[Debtor]) -> dict[Debtor, RecoveryCase]:
    numbers = sorted({plate.number for _, plate in wanted})
    where = {"plate.number": numbers, "open": True}
    found = await work.table(RecoveryCase).find(where)
    return {(case.organization_id, case.plate): case for case in found}


class _Books:
    """What the bills and stays of plates say: what is owed, and what stands for each stay."""

    def __init__(
        self,
        owed: Mapping[Debtor, list[Owed]],
        standing: Mapping[str, Bill],
        stays: Mapping[str, Stay],
    ) -> None:
        self.owed, self.standing, self.stays = owed, standing, stays

    @classmethod
    async def read(
        cls, work: Work, wanted: list[Debtor], cases: Iterable[RecoveryCase]
    ) -> "_Books":
        """Read the bills that are to be paid, and the stays of these and of the cases."""
        numbers = sorted({plate.number for _, plate in wanted})
        found = await work.table(Bill).find({"plate.number": numbers, "state": list(PAYABLE)})
        # The price of a car that still stands is no debt yet.
        payable = [one for one in found if one.valid_until is None]
        asked = {one.stay_id for one in payable}
        missing = {one.stay_id for case in cases for one in case.standing()} - asked
        priced_anew = {one.stay_id for one in payable if one.revision > 1}
        histories = await _histories(work, missing | priced_anew)
        stays = await work.table(Stay).load(sorted(asked | missing))
        owed: dict[Debtor, list[Owed]] = {}
        for bill in payable:
            since = owed_since(bill, histories.get(bill.stay_id, ()))
            debtor = (bill.organization_id, bill.plate)
            owed.setdefault(debtor, []).append(Owed(bill, stays[bill.stay_id], since))
        standing = {
            bill.stay_id: bill for bills in histories.values() for bill in bills if bill.standing
        }
        return cls(owed, standing, stays)


async def _histories(work: Work, stay_ids: set[str]) -> dict[str, list[Bill]]:
    histories: dict[str, list[Bill]] = {}
    if stay_ids:
        for bill in await work.table(Bill).find({"stay_id": sorted(stay_ids)}, sort="revision"):
            histories.setdefault(bill.stay_id, []).append(bill)
    return histories
