"""Each fact on the screens: what was shown, and what is published since, is what is shown now."""

import json
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest

from handlers.base import encode
from handlers.shows import show_bill
from realtime.authority import CONCERNS
from realtime.broker_memory import MemoryBroker
from realtime.feeds import FEEDS, SILENT
from realtime.gathering import publications_of
from realtime.own import own_bill
from realtime.snapshots import Snapshots
from server.domain.autopay import ParkingEntryChanged
from server.domain.autopay.reactions import follow_cars
from server.domain.billing import (
    Bill,
    BillClaimed,
    BillDiscounted,
    BillIssued,
    BillPaid,
    BillRefunded,
    BillUnclaimed,
    BillWithdrawn,
    waive_bill,
)
from server.domain.billing.reactions import bill_priced_stays
from server.domain.equipment import DeviceAlarmed, DeviceRecovered, DeviceSilent, Numbering
from server.domain.equipment.jobs import notice_silent_devices
from server.domain.estate import PlaceTariffCancelled, PlaceTariffChanged
from server.domain.identity import Organization, enrol
from server.domain.insight import FiguresChanged
from server.domain.insight.jobs import refresh_figures
from server.domain.payment import (
    IntentEnded,
    Method,
    Payment,
    PaymentSucceeded,
    WalletChanged,
    begin_top_up,
    close_intent,
)
from server.domain.recovery import (
    AlertAcknowledged,
    AlertEscalated,
    AlertRepeated,
    AlertRetracted,
    ArrearsChanged,
    ArrearsClosed,
    ArrearsOpened,
    ArrearsSpotted,
    Reminder,
    ReminderIssued,
    ReminderReported,
    WriteOffDecided,
    WriteOffRequested,
    acknowledge_alert,
    approve_write_off,
    note_report,
    note_sent,
    request_write_off,
)
from server.domain.recovery.jobs import advance_arrears, open_arrears, repeat_alerts
from server.domain.refund import (
    RefundAnswer,
    RefundOpened,
    RefundState,
    RefundSucceeded,
    approve_refund,
    hear_refund,
    open_refund,
)
from server.domain.stay import (
    Change,
    DisputeReason,
    EditKind,
    OccupancyChanged,
    StayClosed,
    StayCorrected,
    StayDisputed,
    StayDoubted,
    StayEdited,
    StayIdentified,
    StayOpened,
    StayReleased,
    StayVoided,
    SupplyChanged,
    change_policy,
    dispute_stay,
    edit_stay,
    identify_berth,
    withdraw_dispute,
)
from server.domain.stay.jobs import count_room, settle_berths
from server.domain.stay.reactions import distrust_berths, show_running_stays
from server.domain.tariff import assign_tariff, cancel_assignments, publish_tariffs
from server.domain.vehicle import (
    Plate,
    PlateColor,
    Vehicle,
    VehicleBound,
    VehicleUnbound,
    bind_vehicle,
    register_vehicles,
    unbind_vehicle,
)
from server.kernel.access import Actor, Audience
from server.kernel.events import Fact, Facts
from server.kernel.period import to_ms
from tests.domain.arrears import CHIEF as APPROVER
from tests.domain.arrears import CLERK as PURSUER
from tests.domain.arrears import GRACE, alerts, follow, stayed, the_case
from tests.domain.money import CHIEF, CLERK, paid, rows, wish
from tests.domain.money import OWNER as MOTORIST
from tests.domain.test_tariff_places import DEAR, MANAGER
from tests.world import NOON, World

PLATE = Plate("粤B12345", PlateColor.BLUE)
OWNER = "motorist-1"
STATES = ("section:s1", "section:s1:staff", "map:ws107", "kpi:city")


async def park(world: World) -> None:
    await world.see("d1", "arrived", at_s=0)
    await world.run(identify_berth, berth_id="b1", plate=PLATE)


async def leave(world: World) -> None:
    await park(world)
    await world.see("d1", "left", at_s=61 * 60)
    world.now = NOON + timedelta(minutes=62)
    await world.job(settle_berths)


async def leave_and_bill(world: World) -> None:
    await leave(world)
    await world.run(bill_priced_stays, facts=await world.facts(StayClosed))


async def correct(world: World) -> None:
    await park(world)
    await world.see("d1", "heartbeat", at_s=61 * 60)
    lost = world.reading("d1", "left", at_s=100 * 60)
    again = world.reading("d1", "arrived", at_s=180 * 60)
    await world.take(again, force=[again])
    await world.run(bill_priced_stays, facts=await world.facts(StayClosed))
    await world.take(lost)
    await world.run(bill_priced_stays, facts=await world.facts(StayCorrected))


async def owed(world: World) -> Bill:
    await leave_and_bill(world)
    [bill] = await rows(world, Bill)
    assert isinstance(bill, Bill)
    return bill


async def pay(world: World) -> Payment:
    return await paid(world, await wish(world, await owed(world)))


async def waive(world: World) -> None:
    bill = await owed(world)
    await world.run(waive_bill, actor=CLERK, bill_id=bill.id, amount=10, reason="地磁误判")


async def give_up(world: World) -> None:
    intent = await wish(world, await owed(world))
    await world.run(close_intent, actor=MOTORIST, intent_id=intent.id)


async def fill_wallet(world: World) -> None:
    await park(world)
    named = {"amount": 500, "provider": Method.WECHAT, "scene": "native"}
    await paid(world, await world.run(begin_top_up, actor=MOTORIST, **named))


async def bind(world: World) -> None:
    """Let a car be bound that stands, and be let go."""
    await park(world)
    await world.see("d2", "arrived", at_s=63 * 60)
    other = Plate("粤B54321", PlateColor.BLUE)
    await world.run(identify_berth, berth_id="b2", plate=other)
    bound = await world.run(bind_vehicle, actor=MOTORIST, plate=other)
    await world.run(show_running_stays, facts=await world.facts(VehicleBound))
    await world.run(unbind_vehicle, actor=MOTORIST, vehicle_id=bound.id)
    await world.run(show_running_stays, facts=await world.facts(VehicleUnbound))


async def give_back(world: World) -> None:
    payment = await pay(world)
    [part] = payment.applied
    asked = {"payment_id": payment.id, "stay_id": part.stay_id, "amount": 50, "reason": "误收"}
    refund = await world.run(open_refund, actor=CLERK, request_key="r1", **asked)
    await world.run(approve_refund, actor=CHIEF, refund_id=refund.id)
    await world.run(hear_refund, answer=RefundAnswer(refund.id, RefundState.SUCCEEDED))


async def count(world: World) -> None:
    await park(world)
    await world.job(count_room)


async def figure(world: World) -> None:
    await count(world)
    await world.job(refresh_figures)


async def raise_alarm(world: World) -> None:
    await park(world)
    await world.see("d1", "alarm", alarm="battery_low")


async def fall_silent(world: World) -> None:
    await park(world)
    world.now = NOON + timedelta(minutes=31)
    await world.job(notice_silent_devices)
    await world.run(distrust_berths, facts=await world.facts(DeviceSilent))


async def come_back(world: World) -> None:
    await fall_silent(world)
    await world.see("d1", "heartbeat", at_s=32 * 60)


async def mend(world: World) -> None:
    """Say that another car stood there, and then on another berth, and that it was none at all."""
    await leave(world)
    await world.see("d2", "arrived", at_s=63 * 60)
    await world.run(identify_berth, berth_id="b2", plate=PLATE)
    [stay] = await world.stays("b2")
    other = Plate("粤B54321", PlateColor.BLUE)
    for kind, said in (
        (EditKind.PLATE, {"plate": other}),
        (EditKind.BERTH, {"berth_id": "b3"}),
        (EditKind.VOID, {}),
    ):
        change = Change(kind=kind, reason="核实监控", stay_id=stay.id, **said)
        await world.run(edit_stay, change=change)


async def quarrel(world: World) -> None:
    """Let the owner dispute his stay, and take that back."""
    await leave(world)
    [stay] = await world.stays()
    me = Actor(OWNER, Audience.MOTORIST)
    said = {"reason": DisputeReason.NOT_PARKED, "statement": "不在现场"}
    await world.run(dispute_stay, actor=me, stay_id=stay.id, **said)
    await world.run(withdraw_dispute, actor=me, stay_id=stay.id)


async def clone(world: World) -> None:
    """Let a camera read the same plate on another berth."""
    await park(world)
    await world.see(
        "cam",
        "arrived",
        at_s=60,
        plate=PLATE.number,
        berth_code="440304003",
        numbering=Numbering.CLOCK,
    )
    world.now = NOON + timedelta(minutes=2)
    await world.job(settle_berths)


async def find_old_bill(world: World) -> str:
    """Let somebody bind a plate that had no owner when its car stood."""
    await park(world)
    other = Plate("粤B99999", PlateColor.BLUE)
    await stayed(world, "old", 500, plate=other, owner_id=None)
    vehicle = await world.run(bind_vehicle, actor=Actor(OWNER, Audience.MOTORIST), plate=other)
    await follow(world)
    return vehicle.id


async def drop_old_bill(world: World) -> None:
    vehicle_id = await find_old_bill(world)
    await world.run(unbind_vehicle, actor=Actor(OWNER, Audience.MOTORIST), vehicle_id=vehicle_id)
    await follow(world)


async def fall_due(world: World) -> None:
    """Let a bill's grace end."""
    await leave_and_bill(world)
    world.now += GRACE
    await world.job(open_arrears)


async def be_reminded(world: World) -> None:
    await fall_due(world)
    await world.job(advance_arrears)


async def be_delivered(world: World) -> None:
    """Let a text message be taken by the provider, and arrive."""
    await be_reminded(world)
    [one] = await rows(world, Reminder)
    await world.run(note_sent, reminder_id=one.id, receipt="biz")
    await world.run(note_report, reminder_id=one.id, delivered=True, failure=None, at=None)


async def come_again(world: World) -> None:
    """Let the car that owes stand on another berth."""
    await fall_due(world)
    at_s = int((world.now - NOON).total_seconds()) + 60
    await world.see("d2", "arrived", at_s=at_s)
    await world.run(identify_berth, berth_id="b2", plate=PLATE)
    await follow(world)


async def be_told_again(world: World) -> None:
    await come_again(world)
    world.now += timedelta(seconds=31)
    await world.job(repeat_alerts)


async def be_seen(world: World) -> None:
    await come_again(world)
    [alert] = await alerts(world)
    await world.run(acknowledge_alert, actor=PURSUER, alert_id=alert.id)


async def go_up(world: World) -> None:
    await come_again(world)
    for _ in range(3):
        world.now += timedelta(seconds=31)
        await world.job(repeat_alerts)


async def pay_up(world: World) -> None:
    await come_again(world)
    [bill] = await rows(world, Bill)
    await paid(world, await wish(world, bill))
    await follow(world)


async def give_up_debt(world: World) -> None:
    await come_again(world)
    case = await the_case(world)
    asked = await world.run(request_write_off, actor=PURSUER, case_id=case.id, reason="无法追缴")
    await world.run(approve_write_off, actor=APPROVER, write_off_id=asked.id)


async def tell_of(world: World) -> None:
    """Let a car stand where autopay is on."""
    await world.run(change_policy, scope="place:s1", values={"autopay": "on"}, v=0)
    await park(world)
    await world.run(follow_cars, facts=await world.facts(StayIdentified))


async def plan_price(world: World) -> None:
    """Let the street have another tariff tomorrow, and then not."""
    await park(world)
    await world.run(publish_tariffs, tariffs=[DEAR])
    seen, tomorrow = {"s1": 1}, NOON + timedelta(days=1)
    planned = {"tariff_id": DEAR.id, "places": seen, "begins_at": tomorrow}
    await world.run(assign_tariff, actor=MANAGER, **planned)
    await world.run(cancel_assignments, actor=MANAGER, places={"s1": 2})


SCENARIOS: dict[type[Fact], Callable[[World], Awaitable[Any]]] = {
    OccupancyChanged: park,
    StayOpened: park,
    StayIdentified: park,
    StayClosed: leave,
    StayCorrected: correct,
    StayVoided: mend,
    StayEdited: mend,
    StayDisputed: quarrel,
    StayReleased: quarrel,
    StayDoubted: clone,
    BillIssued: leave_and_bill,
    BillWithdrawn: correct,
    BillDiscounted: waive,
    BillPaid: pay,
    BillRefunded: give_back,
    BillClaimed: find_old_bill,
    BillUnclaimed: drop_old_bill,
    PaymentSucceeded: pay,
    IntentEnded: give_up,
    WalletChanged: fill_wallet,
    VehicleBound: bind,
    VehicleUnbound: bind,
    ParkingEntryChanged: tell_of,
    RefundOpened: give_back,
    RefundSucceeded: give_back,
    ArrearsOpened: fall_due,
    ArrearsChanged: be_reminded,
    ReminderIssued: be_reminded,
    ReminderReported: be_delivered,
    ArrearsSpotted: come_again,
    AlertRepeated: be_told_again,
    AlertAcknowledged: be_seen,
    AlertEscalated: go_up,
    AlertRetracted: pay_up,
    ArrearsClosed: pay_up,
    WriteOffRequested: give_up_debt,
    WriteOffDecided: give_up_debt,
    PlaceTariffChanged: plan_price,
    PlaceTariffCancelled: plan_price,
    SupplyChanged: count,
    FiguresChanged: figure,
    DeviceAlarmed: raise_alarm,
    DeviceSilent: fall_silent,
    DeviceRecovered: come_back,
}


@pytest.fixture
async def city(world: World) -> World:
    """The street, with somebody who drives under the plate."""
    await world.run(enrol, organizations=[Organization(id="city", name="演示运营商")], accounts=[])
    vehicle = Vehicle(id="v1", plate=PLATE, owner_id=OWNER)
    await world.run(register_vehicles, vehicles=[vehicle])
    await world.see("d2", "left")
    await world.job(count_room)
    await world.job(refresh_figures)
    return world


async def shown(world: World, channel: str) -> dict[str, Any]:
    snapshot = await Snapshots(world.store.run, MemoryBroker()).read(channel)
    data: dict[str, Any] = snapshot["data"]
    return data


def fold(data: dict[str, Any], published: dict[str, Any]) -> dict[str, Any]:
    """Do as a client does: take a row only when its version is higher."""
    folded = dict(data)
    for name, value in published.items():
        if isinstance(value, list):
            rows = {row[0]: row for row in folded[name]}
            for row in value:
                version = 4  # of berths and of places alike
                if row[0] not in rows or row[version] > rows[row[0]][version]:
                    rows[row[0]] = row
            folded[name] = list(rows.values())
        elif name != "heard_ms":
            folded[name] = value
    return folded


def without_versions(data: dict[str, Any]) -> dict[str, Any]:
    """Leave the versions out: a row's may rise by what no screen shows, its last evidence say."""
    return {
        name: sorted(row[:4] + row[5:] for row in value) if isinstance(value, list) else value
        for name, value in data.items()
    }


def versions(data: dict[str, Any]) -> list[int]:
    """List the versions in the order of the rows' names."""
    rows = [row for value in data.values() if isinstance(value, list) for row in value]
    return [row[4] for row in sorted(rows)]


def unproved(kinds: Iterable[type[Fact]]) -> set[type[Fact]]:
    """List the facts that nobody hears and nobody means to, and those whose feed has no proof."""
    unheard = {kind for kind in kinds if kind not in FEEDS and kind not in SILENT}
    return unheard | set(FEEDS) - set(SCENARIOS)


def test_every_kind_of_fact_is_silent_on_purpose_or_has_a_feed_that_is_proved() -> None:
    assert unproved(Facts.kinds.values()) == set()
    assert not SILENT & set(FEEDS)
    # nothing is listed that is no fact any more
    assert SILENT | set(FEEDS) | set(SCENARIOS) | set(CONCERNS) <= {*Facts.kinds.values()}


def test_a_new_fact_is_noticed_and_so_is_a_feed_without_a_proof(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class BarrierOpened(Fact):
        """A fact that somebody has just declared."""

    assert unproved([*Facts.kinds.values(), BarrierOpened]) == {BarrierOpened}

    monkeypatch.setitem(FEEDS, BarrierOpened, lambda _fact: [])  # type: ignore[arg-type]

    assert unproved([*Facts.kinds.values(), BarrierOpened]) == {BarrierOpened}


@pytest.mark.parametrize("kind", SCENARIOS, ids=lambda kind: kind.__name__)
async def test_what_was_shown_and_what_is_published_is_what_is_shown(
    city: World, kind: type[Fact]
) -> None:
    before = {channel: await shown(city, channel) for channel in STATES}
    told_before = len(await city.facts())

    await SCENARIOS[kind](city)

    told = (await city.facts())[told_before:]
    assert any(isinstance(fact, kind) for fact in told)
    folded = dict(before)
    for one in publications_of(told):
        if one.channel in folded:
            folded[one.channel] = fold(folded[one.channel], one.data)
    for channel in STATES:
        now = await shown(city, channel)
        assert without_versions(folded[channel]) == without_versions(now)
        assert versions(folded[channel]) <= versions(now)


Own = dict[str, Any]


def fold_own(held: Own, data: dict[str, Any]) -> Own:
    """Do as a motorist's screens do with a publication: each carries whole what it is about."""
    stays, bills = dict(held["stays"]), dict(held["bills"])
    if data["fact"] == "StayRetracted":
        del stays[data["stay_id"]]
    if "stay" in data:
        stays[data["stay"]["id"]] = data["stay"]
    if "bill" in data:
        bill = data["bill"]
        bills[bill["id"]] = bill
        if bill["state"] in ("withdrawn", "superseded"):
            del bills[bill["id"]]
    wallet = held["wallet"]
    if data["fact"] == "WalletChanged":
        wallet = {"balance": data["balance"], "bonus": data["bonus"]}
    return {"stays": stays, "bills": bills, "wallet": wallet}


async def own(world: World) -> Own:
    """Read what the motorist's screens begin with."""
    data = await shown(world, f"#{OWNER}")
    rows_of = {name: {row["id"]: row for row in data[name]} for name in ("stays", "bills")}
    return {**rows_of, "wallet": data["wallet"]}


@pytest.mark.parametrize("kind", SCENARIOS, ids=lambda kind: kind.__name__)
async def test_a_motorist_s_lists_and_what_is_told_to_him_are_his_lists(
    city: World, kind: type[Fact]
) -> None:
    folded = await own(city)

    await SCENARIOS[kind](city)

    for one in publications_of(await city.facts()):
        if one.channel == f"#{OWNER}":
            folded = fold_own(folded, json.loads(json.dumps(one.data)))
    assert folded == await own(city)
    assert folded["stays"]


async def test_what_is_pushed_of_a_bill_is_what_the_api_shows_of_it(city: World) -> None:
    bill = await owed(city)

    assert own_bill(bill) == json.loads(encode(show_bill(bill)))


async def test_whoever_drove_under_the_plate_before_hears_that_it_was_not_his_car(
    city: World,
) -> None:
    await mend(city)

    mine = [one.data for one in publications_of(await city.facts()) if one.channel == f"#{OWNER}"]

    assert [one["fact"] for one in mine][-1] == "StayRetracted"
    assert "粤B54321" not in str(mine)


async def test_no_plate_leaves_on_a_channel_that_anybody_may_hear(city: World) -> None:
    await leave_and_bill(city)

    for one in publications_of(await city.facts()):
        if not one.channel.endswith(":staff") and not one.channel.startswith("#"):
            assert PLATE.number not in str(one.data)


@pytest.mark.parametrize(
    ("said", "berth_code", "alarm"),
    [
        ({"device_id": "d1", "alarm": "battery_low"}, "440304001", "battery_low"),
        ({"device_id": "cam", "alarm": "fake_plate", "berth_code": "440304002"}, "440304002", "fake_plate"),
        ({"device_id": "cam", "alarm": "lens_dirty"}, None, "lens_dirty"),
    ],
)  # fmt: skip
async def test_an_alarm_is_a_line_that_names_its_device_and_berth(
    city: World, said: dict[str, str], berth_code: str | None, alarm: str
) -> None:
    camera = said["device_id"] == "cam"
    await city.see(kind="alarm", **said, numbering=Numbering.CLOCK if camera else Numbering.DENSE)

    [line] = publications_of(await city.facts(DeviceAlarmed))

    assert line.channel == "live:city"
    assert line.data == {
        "fact": "DeviceAlarmed",
        "at_ms": to_ms(NOON),
        "place_id": "s1",
        "place_name": "福华路",
        "berth_code": berth_code,
        "plate": None,
        "stay_id": None,
        "amount": None,
        "duration_s": None,
        "device_kind": "camera" if camera else "berth_sensor",
        "alarm": alarm,
    }


async def test_every_line_of_the_live_feed_has_the_same_keys(city: World) -> None:
    for scenario in (leave_and_bill, raise_alarm, come_back, plan_price):
        await scenario(city)

    lines = [one for one in publications_of(await city.facts()) if one.channel == "live:city"]

    assert {frozenset(line.data) for line in lines} == {frozenset(lines[0].data)}


async def test_a_line_about_a_stay_says_which(city: World) -> None:
    await mend(city)

    lines = [one.data for one in publications_of(await city.facts()) if one.channel == "live:city"]

    ids = {one.id for berth in ("b1", "b3") for one in await city.stays(berth)}
    told = {line["fact"]: line["stay_id"] for line in lines}
    stays = [line["stay_id"] for line in lines if line["fact"].startswith("Stay")]
    assert set(stays) == ids
    assert None not in stays
    assert told["BerthOccupied"] in ids
    assert told["BerthFreed"] is None


async def test_a_planned_price_is_a_line_that_names_its_place(city: World) -> None:
    await plan_price(city)

    lines = publications_of(
        [
            one
            for one in await city.facts()
            if isinstance(one, PlaceTariffChanged | PlaceTariffCancelled)
        ]
    )

    assert [one.channel for one in lines] == ["live:city"] * 2
    assert [one.data["fact"] for one in lines] == ["PlaceTariffChanged", "PlaceTariffCancelled"]
    assert {(one.data["place_id"], one.data["place_name"]) for one in lines} == {("s1", "福华路")}
