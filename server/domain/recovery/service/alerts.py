"""Use cases of alerts: a car that owes is spotted, and somebody hears of it until he says so."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from server.domain.identity import Organization
from server.domain.recovery.events import (
    AlertAcknowledged,
    AlertEscalated,
    AlertRepeated,
    AlertRetracted,
    ArrearsSpotted,
)
from server.domain.recovery.model import RecoveryCase, Seen
from server.domain.recovery.model.alerts import LIVE, Alert, AlertState
from server.domain.stay import Policy, Pursuit, Stay, policy_for
from server.domain.vehicle import Plate
from server.kernel.errors import NotFound
from server.kernel.nouns import replace
from server.kernel.work import Work

# 30 s: long enough to take a handheld out of a pocket.
REPEAT_AFTER = timedelta(seconds=30)


async def look_for_arrears(work: Work, *, stay_ids: Iterable[str]) -> None:
    """Bring the alerts of stays in line with where the cars stand and what they owe.

    Done twice, it changes nothing.
    """
    stays = await work.table(Stay).load(stay_ids)
    await _bring_alerts_up(work, list(stays.values()))


async def look_for_cars(work: Work, *, cases: Sequence[RecoveryCase]) -> None:
    """Bring the alerts of cases in line: of cars that stand, and of those told of before."""
    if not cases:
        return
    told = await work.table(Alert).find(
        {"case_id": [case.id for case in cases], "state": [one.value for one in LIVE]}
    )
    numbers = sorted({case.plate.number for case in cases})
    standing = await work.table(Stay).find({"open": True, "plate.number": numbers})
    before = await work.table(Stay).load(alert.stay_id for alert in told)
    stays = {stay.id: stay for stay in (*standing, *before.values())}
    await _bring_alerts_up(work, list(stays.values()))


async def _bring_alerts_up(work: Work, stays: Sequence[Stay]) -> None:
    if not stays:
        return
    rows = work.table(Alert)
    told = await rows.find({"stay_id": [stay.id for stay in stays]})
    cases = await _pursued(work, {stay.plate for stay in stays if stay.open and stay.plate})
    creditors = await work.table(Organization).load({one.organization_id for one in cases})
    for stay in stays:
        owing = await _owing(work, stay, cases)
        for alert in (one for one in told if one.stay_id == stay.id and one.live):
            if alert.case_id not in {one.id for one in owing}:
                _end(work, alert, AlertState.RETRACTED if stay.open else AlertState.GONE)
        for case in owing:
            known = next((one for one in told if one.id == alert_id(case, stay)), None)
            creditor = creditors.get(case.organization_id)
            _tell(work, known, case, stay, creditor.name if creditor else "")


async def _owing(work: Work, stay: Stay, cases: Iterable[RecoveryCase]) -> list[RecoveryCase]:
    """Choose whose debts are told of where a car stands: the operator's own, and those of whoever
    lets others pursue them."""
    if not stay.open or stay.plate is None:
        return []
    return [
        case
        for case in cases
        if case.plate == stay.plate
        and await may_pursue(work, case, organization_id=stay.berth.organization_id)
    ]


def alert_id(case: RecoveryCase, stay: Stay) -> str:
    """Name the one alert that a stay has for a case."""
    return f"{case.id}:{stay.id}"


def _tell(work: Work, known: Alert | None, case: RecoveryCase, stay: Stay, creditor: str) -> None:
    """Spot a car, or say what it owes its creditor now."""
    rows = work.table(Alert)
    said = {
        "case_state": case.state,
        "owner_id": stay.owner_id,
        "berth": stay.berth,
        "amount": case.amount,
        "count": case.count,
        "oldest_at": case.oldest_at,
        "creditor_id": case.organization_id,
        "creditor_name": creditor,
    }
    if known is not None and known.live:
        now = replace(known, **said)  # type: ignore[arg-type]
        if now != known:
            work.tell(AlertRepeated(at=work.now, alert=rows.save(now)))
        return
    assert stay.plate is not None
    fresh = Alert(
        id=alert_id(case, stay),
        case_id=case.id,
        stay_id=stay.id,
        plate=stay.plate,
        spotted_at=work.now,
        tell_at=work.now + REPEAT_AFTER,
        **said,  # type: ignore[arg-type]
    )
    alert = rows.save(replace(fresh, v=known.v)) if known else rows.add(fresh)
    seen = Seen(
        at=work.now,
        place_id=stay.berth.place_id,
        place_name=stay.berth.place_name,
        berth_code=stay.berth.code,
    )
    work.table(RecoveryCase).save(replace(case, last_seen=seen))
    work.tell(ArrearsSpotted(at=work.now, alert=alert))


def _end(work: Work, alert: Alert, state: AlertState) -> None:
    over = work.table(Alert).save(alert.end(state, at=work.now))
    work.tell(AlertRetracted(at=work.now, alert=over))


async def _pursued(work: Work, plates: set[Plate]) -> list[RecoveryCase]:
    """Read the cases of plates, of whichever operator."""
    if not plates:
        return []
    where = {"plate.number": sorted({plate.number for plate in plates}), "open": True}
    found = await work.table(RecoveryCase).find(where)
    return [case for case in found if case.pursued]


async def may_pursue(work: Work, case: RecoveryCase, *, organization_id: str) -> bool:
    """Say whether an operator may know of a case and collect it: its own, or as the creditor wants."""
    if case.organization_id == organization_id:
        return True
    return await pursuit_of(work, organization_id=case.organization_id) is not None


async def pursuit_of(work: Work, *, organization_id: str) -> int | None:
    """Tell at what commission others may collect what is owed to an operator; none where they may not."""
    policy = await policy_for(work, organization_id=organization_id)
    return policy.pursuit_commission_bp if policy.pursuit is Pursuit.OPERATORS else None


async def look_at_others(work: Work, *, creditor_ids: Sequence[str]) -> None:
    """Bring the alerts in line that stand on the street for these creditors."""
    told = await work.table(Alert).find(
        {"creditor_id": list(creditor_ids), "state": [one.value for one in LIVE]}
    )
    await look_for_arrears(work, stay_ids=sorted({one.stay_id for one in told if one.foreign}))


async def acknowledge_alert(work: Work, *, alert_id: str) -> Alert:
    """Say that one has seen an alert; said again, or by another, it changes nothing."""
    rows = work.table(Alert)
    alert = await rows.maybe(alert_id)
    if alert is None or not _sees(work, alert):
        raise NotFound("alert_not_found", "没有找到这条记录", id=alert_id)
    seen = alert.acknowledge(by=work.actor.id, at=work.now)
    if seen is alert:
        return alert
    kept = rows.save(seen)
    work.tell(AlertAcknowledged(at=work.now, alert=kept))
    return kept


def tell_again(work: Work, alert: Alert, policy: Policy) -> None:
    """Tell an alert again that nobody has acknowledged; after the last round it goes up."""
    rows = work.table(Alert)
    if alert.rounds < policy.alert_rounds:
        again = replace(alert, rounds=alert.rounds + 1, tell_at=work.now + REPEAT_AFTER)
        work.tell(AlertRepeated(at=work.now, alert=rows.save(again)))
        return
    up = rows.save(replace(alert, escalated=True, tell_at=None))
    work.tell(AlertEscalated(at=work.now, alert=up))


def _sees(work: Work, alert: Alert) -> bool:
    mine = alert.berth.organization_id == work.actor.organization_id
    return mine and work.actor.scope.covers(alert.berth.division_code)
