"""A desk of arrears: cases in each state that the addresses want, an alert, a link."""

from dataclasses import replace

from server.domain.payment import Method
from server.domain.recovery import (
    Alert,
    MessageKind,
    RecoveryCase,
    link_plate,
    pay_behind_link,
    request_write_off,
    set_template,
)
from server.domain.recovery.jobs import open_arrears
from server.domain.stay import change_policy
from server.domain.vehicle import Plate, PlateColor
from server.kernel.access import ANYONE
from tests.domain.arrears import stayed
from tests.domain.money import PATROL
from tests.handlers.clerks import clerk
from tests.handlers.conftest import Site

STANDING = Plate("粤B77777", PlateColor.BLUE)
AT_ONCE = {"arrears_grace_min": 0, "quiet_from_h": 0, "quiet_to_h": 0, "reminder_gap_h": 0}
ASKED = {"given_up": "chief", "refused": "chief", "taken_back": "finance"}


async def debts_day(site: Site) -> None:
    """Let plates owe beyond the grace, and somebody ask for some of it to be given up."""
    world, known = site.world, site.known
    await world.run(change_policy, actor=clerk("city"), scope="operator:city", values=AT_ONCE, v=0)
    await stayed(world, "owing", 900, plate=STANDING)
    for number, name in enumerate([*ASKED, "linked"]):
        plate = Plate(f"粤B1000{number}", PlateColor.BLUE)
        await stayed(world, f"stay-{name}", 700, plate=plate, owner_id=None)
    await world.job(open_arrears)
    cases = {one.plate.number: one for one in await world.run(all_cases)}
    known["case"] = cases["粤B12345"].id
    for number, (name, who) in enumerate(ASKED.items()):
        case = cases[f"粤B1000{number}"]
        asked = await world.run(
            request_write_off, actor=clerk(who), case_id=case.id, reason="车辆已报废"
        )
        known[name] = asked.id
    await world.run(
        set_template,
        actor=clerk("city"),
        kind=MessageKind.REMINDER,
        code="SMS_1",
        text="${plate} ${amount} ${link}",
        v=0,
    )
    [alert] = await world.run(lambda work: work.table(Alert).find({}))
    known["alert"] = alert.id
    key = site.config.token_key
    plate = Plate("粤B10003", PlateColor.BLUE)
    signed = await world.run(link_plate, actor=PATROL, plate=plate, key=key)
    known["token"] = signed.token
    intent = await world.run(
        pay_behind_link,
        actor=replace(ANYONE, id="partner"),
        token=signed.token,
        key=key,
        bill_ids=[],
        provider=Method.ALIPAY,
        scene="wap",
        request_key="behind",
    )
    known["behind"] = intent.id


async def all_cases(work: object) -> list[RecoveryCase]:
    """Read every case."""
    return await work.table(RecoveryCase).find({})  # type: ignore[attr-defined,no-any-return]
