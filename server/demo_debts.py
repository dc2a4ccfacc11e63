"""Lets a demo city begin with debts of every age: past stays that were billed and never paid."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from devices.simulator.model import DemoCity
from server.domain.billing import bill_stays
from server.domain.recovery import (
    RecoveryCase,
    bring_up,
    freeze_case,
    request_write_off,
)
from server.domain.stay import (
    Change,
    DisputeReason,
    EditKind,
    StayEdit,
    change_policy,
    dispute_stay,
    edit_stay,
)
from server.domain.vehicle import Plate, PlateColor
from server.kernel.access import Actor, Audience, Scope, system
from server.kernel.work import Work
from server.store.mongo import Store

# In a demo a bill is past due after a coffee, and nobody sleeps.
POLICY = {
    "arrears_grace_min": 10,
    "reminder_ladder": "0:app+sms,3:app+sms,10:app+sms,25:app+sms",
    "quiet_from_h": 0,
    "quiet_to_h": 0,
    "local_prefix": "粤B",
}
# 24 of the 200 cars that come back: some of them stand somewhere within minutes.
DEBTORS = 24
OLDEST_DAYS = 120


@dataclass(frozen=True, slots=True)
class PastStay:
    """Where a car stood, and when it left without paying."""

    plate: Plate
    berth_id: str
    arrived_at: datetime
    left_at: datetime


async def fill_debts(store: Store, city: DemoCity, *, operator: str) -> None:
    """Let past stays be billed at their time, cases be opened, and some of them be argued about."""
    await store.run(
        system("demo"), lambda work: change_policy(work, scope="city", values=POLICY, v=0)
    )
    stays = await _bill(store, [*_past_stays(city, store.clock())])
    plates = list(dict.fromkeys(stays.values()))

    async def open_cases(work: Work) -> list[RecoveryCase]:
        return await bring_up(work, [(operator, plate) for plate in plates])

    cases = {one.plate: one for one in await store.run(system("demo"), open_cases)}
    await _argue(store, stays, cases, operator=operator)


async def _bill(store: Store, past: list[PastStay]) -> dict[str, Plate]:
    """Put the stays in as an officer would have done, each when its car had gone."""
    clock, made = store.clock, {}
    try:
        for one in past:
            store.clock = lambda at=one.left_at: at  # type: ignore[misc]
            made[await store.run(system("demo"), _parked(one))] = one.plate
    finally:
        store.clock = clock
    return made


def _parked(one: PastStay) -> Callable[[Work], Awaitable[str]]:
    async def park(work: Work) -> str:
        change = Change(
            kind=EditKind.ARRIVAL,
            reason="演示数据",
            berth_id=one.berth_id,
            plate=one.plate,
            arrived_at=one.arrived_at,
            left_at=one.left_at,
        )
        edit = await edit_stay(work, change=change)
        assert isinstance(edit, StayEdit)
        await bill_stays(work, stay_ids=edit.stay_ids)
        return edit.stay_ids[0]

    return park


def _past_stays(city: DemoCity, now: datetime) -> Iterable[PastStay]:
    """Spread stays over four months, the oldest first; always at ten in the morning, local time."""
    zone = ZoneInfo("Asia/Shanghai")
    kerb = [one.id for one in city.berths if one.kind == "roadside"]
    drawn = [
        (1 + (number * 7 + turn * 11) % OLDEST_DAYS, number, turn)
        for number in range(DEBTORS)
        for turn in range(1 + number * number % 9)
    ]
    for days, number, turn in sorted(drawn, reverse=True):
        car = city.vehicles[number]
        morning = (now - timedelta(days=days)).astimezone(zone).replace(hour=10, minute=number)
        yield PastStay(
            plate=Plate(car.number, PlateColor(car.color)),
            berth_id=kerb[(number * 37 + turn * 211) % len(kerb)],
            arrived_at=morning.astimezone(now.tzinfo),
            left_at=(morning + timedelta(hours=2 + turn, minutes=number)).astimezone(now.tzinfo),
        )


async def _argue(
    store: Store, stays: dict[str, Plate], cases: dict[Plate, RecoveryCase], *, operator: str
) -> None:
    """Let an owner dispute a stay, a clerk freeze a case, and another ask for a write-off."""
    # The youngest, as a stay cannot be disputed for ever.
    disputed, frozen, given_up = list(cases.values())[-3:]
    stay_id = next(id for id, plate in reversed(stays.items()) if plate == disputed.plate)
    owner = Actor(disputed.owner_id or "", Audience.MOTORIST)
    clerk = Actor(
        "staff-dispatch1", Audience.CONSOLE, scope=Scope(everything=True), organization_id=operator
    )
    await store.run(
        owner,
        lambda work: dispute_stay(
            work, stay_id=stay_id, reason=DisputeReason.NOT_PARKED, statement="当天我不在本市"
        ),
    )
    await store.run(
        clerk, lambda work: freeze_case(work, case_id=frozen.id, reason="车主来电，核实监控")
    )
    await store.run(
        clerk,
        lambda work: request_write_off(work, case_id=given_up.id, reason="车辆已报废，无法追缴"),
    )
