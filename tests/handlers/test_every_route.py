"""What holds for every address of the API: what it answers, and whom it refuses."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from secrets import token_hex
from typing import Any

import pytest

from handlers.base import Action, Permit
from handlers.openapi import VERBS, action_of
from handlers.routes import api_handlers
from handlers.wechat_states import COOKIE, write_state
from realtime.tokens import read_connection_token
from server.domain.billing import Coupon, grant_coupons
from server.domain.billing.reactions import bill_priced_stays
from server.domain.identity import Account
from server.domain.insight.jobs import refresh_figures
from server.domain.payment import (
    Method,
    Payment,
    begin_payment,
    begin_top_up,
    open_shift,
    pay_by_cash,
)
from server.domain.reconciliation import Discrepancy, DiscrepancyKind
from server.domain.refund import (
    Refund,
    RefundAnswer,
    RefundState,
    approve_refund,
    hear_refund,
    open_refund,
)
from server.domain.stay import Stay, StayClosed, StayState
from server.domain.stay.jobs import count_room, settle_berths
from server.domain.system import DataApp
from server.domain.tariff import TariffState, publish_tariffs, put_calendars, year_of
from server.domain.vehicle import Plate, PlateColor, bind_vehicle
from server.kernel.access import Audience
from server.kernel.work import Work
from tests.domain.money import CHIEF, CLERK, OWNER, PATROL, billed, closed_stay, paid, wish
from tests.handlers.clerks import desk, picture
from tests.handlers.conftest import LNG_LAT, PARTNER_KEY, PASSWORD, PHONE, Site, code, said
from tests.handlers.debts import debts_day
from tests.world import DAY_TARIFF, NOON, World

NEAR = f"?near={LNG_LAT[0]},{LNG_LAT[1]}"
BLUE = {"number": "粤B12345", "color": "blue"}
KEY = {"X-API-Key": PARTNER_KEY}
# What is shown as a picture, and may be kept by who has seen it.
PICTURES = frozenset(
    f"GET /api/{who}/photos/{{photo_id}}" for who in ("motorist", "patrol", "console")
)
TERMS = {
    "name": "新标准",
    "terms": {"rates": [{"from_min": 0, "to_min": 1440, "unit_amount": 100}]},
}
TRIAL = {"arrived_at": "2053-07-02T04:00:00Z", "left_at": "2053-07-02T05:00:00Z"}
# What finance does, who is not the manager.
FINANCE = ("/api/console/bills", "/api/console/refunds", "/api/console/payments", "/api/console/cash", "/api/console/provider", "/api/console/rec", "/api/console/books", "/api/console/dis", "/api/console/arrears", "/api/console/write-offs")  # fmt: skip
# How each address is called well: what its path's names are, its query, its body.
CALLS: dict[str, tuple[dict[str, str], str, Any]] = {
    "GET /api/time": ({}, "", None),
    "POST /api/motorist/login-codes": ({}, "", {"phone": "13800000002"}),
    "POST /api/motorist/wechat-openids": ({}, "", {"code": "person-1"}),
    "POST /api/motorist/wechat-authorizations": ({}, "", {"return_to": "http://127.0.0.1:8800/m/"}),
    "POST /api/motorist/wechat-web-openids": ({}, "", {"code": "person-1", "state": "$state"}),
    "POST /api/motorist/logins": ({}, "", {"phone": PHONE, "code": ""}),
    "DELETE /api/motorist/logins/current": ({}, "", None),
    "POST /api/motorist/realtime-tokens": ({}, "", None),
    "GET /api/motorist/snapshots/{channel}": ({"channel": "section:s1"}, "", None),
    "GET /api/motorist/places": ({}, NEAR, None),
    "GET /api/motorist/places/{place_id}": ({"place_id": "s1"}, "", None),
    "GET /api/motorist/places/{place_id}/berths": ({"place_id": "s1"}, "", None),
    "GET /api/motorist/stays": ({}, "", None),
    "GET /api/motorist/bills": ({}, "", None),
    "GET /api/motorist/vehicles": ({}, "", None),
    "POST /api/motorist/vehicles": ({}, "", {**BLUE, "number": "粤B55555"}),
    "DELETE /api/motorist/vehicles/{vehicle_id}": ({"vehicle_id": "$spare"}, "", None),
    "POST /api/motorist/vehicles/{vehicle_id}/preferred": ({"vehicle_id": "$bound"}, "", None),
    "GET /api/motorist/autopay": ({}, "", None),
    "GET /api/motorist/vehicles/{vehicle_id}/autopay": ({"vehicle_id": "$bound"}, "?payer=openid-1", None),
    "GET /api/console/stays/{stay_id}/parking-entries": ({"stay_id": "$ended"}, "", None),
    "GET /api/motorist/stays/{stay_id}/fee": ({"stay_id": "$stay"}, "", None),
    "GET /api/motorist/wallet/entries": ({}, "", None),
    "GET /api/patrol/cash-shifts/current": ({}, "", None),
    "GET /api/patrol/intents/{intent_id}": ({"intent_id": "$code"}, "", None),
    "DELETE /api/patrol/intents/{intent_id}": ({"intent_id": "$code"}, "", None),
    "GET /api/patrol/stays/{stay_id}/fee": ({"stay_id": "$stay"}, "", None),
    "POST /api/patrol/stays/{stay_id}/bill": ({"stay_id": "$stay"}, "", None),
    "POST /api/motorist/intents": ({}, "", {"bill_ids": ["$bill1"], "provider": "wechat", "scene": "native"}),
    "GET /api/motorist/intents/{intent_id}": ({"intent_id": "$intent"}, "", None),
    "DELETE /api/motorist/intents/{intent_id}": ({"intent_id": "$intent"}, "", None),
    "GET /api/motorist/payments": ({}, "", None),
    "GET /api/motorist/refunds": ({}, "", None),
    "GET /api/motorist/wallet": ({}, "", None),
    "POST /api/motorist/wallet/payments": ({}, "", {"bill_ids": ["$bill2"], "amount": 10}),
    "POST /api/motorist/top-ups": ({}, "", {"amount": 5000, "provider": "alipay", "scene": "wap"}),
    "GET /api/motorist/coupons": ({}, "", None),
    "POST /api/motorist/bills/{bill_id}/coupon": ({"bill_id": "$bill3"}, "", {"coupon_id": "c1"}),
    "POST /api/motorist/stays/{stay_id}/bill": ({"stay_id": "$stay"}, "", None),
    "POST /api/patrol/logins": ({}, "", {"username": "patrol1", "password": PASSWORD}),
    "DELETE /api/patrol/logins/current": ({}, "", None),
    "POST /api/patrol/realtime-tokens": ({}, "", None),
    "GET /api/patrol/snapshots/{channel}": ({"channel": "section:s1:staff"}, "", None),
    "GET /api/patrol/sections": ({}, "", None),
    "GET /api/patrol/sections/{section_id}": ({"section_id": "s1"}, "", None),
    "POST /api/patrol/berths/{berth_id}/plate": ({"berth_id": "b2"}, "", {**BLUE, "number": "粤B66666"}),
    "GET /api/motorist/stays/{stay_id}": ({"stay_id": "$ended"}, "", None),
    "POST /api/motorist/stays/{stay_id}/dispute": ({"stay_id": "$ended"}, "", {"reason": "amount", "statement": "只停了半小时"}),
    "POST /api/motorist/bills/{bill_id}/dispute": ({"bill_id": "$bill9"}, "", {"reason": "not_parked", "statement": "买车前的"}),
    "DELETE /api/motorist/stays/{stay_id}/dispute": ({"stay_id": "$ended"}, "", None),
    "POST /api/motorist/stays/{stay_id}/photos": ({"stay_id": "$ended"}, "?kind=dispute", picture("red")),
    "GET /api/motorist/photos/{photo_id}": ({"photo_id": "$photo"}, "", None),
    "POST /api/patrol/arrivals": ({}, "", {"berth_id": "b3", "arrived_at": "2053-07-02T05:00:00Z", "client_id": "pos-1:arrival"}),
    "POST /api/patrol/leaves": ({}, "", {"stay_id": "$standing", "left_at": "2053-07-02T05:01:30Z", "client_id": "pos-1:leave"}),
    "POST /api/patrol/plate-corrections": ({}, "", {"stay_id": "$ended", "plate": {**BLUE, "number": "粤B77777"}, "reason": "车牌看错", "client_id": "pos-1:plate"}),
    "POST /api/patrol/stays/{stay_id}/photos": ({"stay_id": "$ended"}, "?kind=patrol&taken_at=2053-07-02T04:30:00Z&point=114.05,22.54", picture("blue")),
    "GET /api/patrol/photos/{photo_id}": ({"photo_id": "$photo"}, "", None),
    "GET /api/console/stays": ({}, "?number=粤B12345&limit=1", None),
    "GET /api/console/stays/{stay_id}": ({"stay_id": "$ended"}, "", None),
    "GET /api/console/stays/{stay_id}/timeline": ({"stay_id": "$ended"}, "", None),
    "GET /api/console/stays/{stay_id}/edits": ({"stay_id": "$ended"}, "", None),
    "POST /api/console/stays/{stay_id}/photos": ({"stay_id": "$ended"}, "?kind=leave", picture("green")),
    "GET /api/console/photos/{photo_id}": ({"photo_id": "$photo"}, "", None),
    "POST /api/console/stay-edits": ({}, "", {"kind": "void", "reason": "测试", "stay_id": "$ended"}),
    "POST /api/console/stay-edit-previews": ({}, "", {"kind": "void", "reason": "测试", "stay_id": "$ended"}),
    "GET /api/console/stay-edit-requests": ({}, "", None),
    "GET /api/console/stay-edit-requests/{request_id}": ({"request_id": "$approved"}, "", None),
    "POST /api/console/stay-edit-requests/{request_id}/approval": ({"request_id": "$approved"}, "", None),
    "POST /api/console/stay-edit-requests/{request_id}/rejection": ({"request_id": "$rejected"}, "", {"remark": "证据不足"}),
    "POST /api/console/stay-edit-requests/{request_id}/withdrawal": ({"request_id": "$withdrawn"}, "", None),
    "GET /api/console/stay-reviews": ({}, "?reason=clone", None),
    "POST /api/console/stay-reviews/{review_id}/claim": ({"review_id": "$open"}, "", None),
    "POST /api/console/stay-reviews/{review_id}/resolution": ({"review_id": "$claimed"}, "", {"outcome": "dismissed", "remark": "车牌无误"}),
    "GET /api/console/policies": ({}, "?place_id=s1", None),
    "PUT /api/console/policies": ({}, "", {"scope": "place:s1", "values": {"approval_limit": 100}, "v": 0}),
    "GET /api/patrol/bills": ({}, "?number=%E7%B2%A4B12345&color=blue", None),
    "POST /api/patrol/cash-shifts": ({}, "", None),
    "POST /api/patrol/cash-payments": ({}, "", {"bill_ids": ["$bill4"]}),
    "POST /api/patrol/cash-shifts/current/close": ({}, "", {"counted": 1, "reason": "差错"}),
    "POST /api/patrol/intents": ({}, "", {"bill_ids": ["$bill5"], "provider": "wechat", "scene": "native"}),
    "POST /api/console/logins": ({}, "", {"username": "city", "password": PASSWORD}),
    "DELETE /api/console/logins/current": ({}, "", None),
    "POST /api/console/realtime-tokens": ({}, "", None),
    "GET /api/console/snapshots/{channel}": ({"channel": "kpi:city"}, "", None),
    "GET /api/console/city": ({}, "", None),
    "GET /api/console/berths": ({}, "", None),
    "POST /api/console/berths/{berth_id}/suspension": ({"berth_id": "b3"}, "", None),
    "DELETE /api/console/berths/{berth_id}/suspension": ({"berth_id": "b3"}, "", None),
    "GET /api/console/me": ({}, "", None),
    "GET /api/console/colleagues": ({}, "", None),
    "GET /api/console/tariffs": ({}, "", None),
    "POST /api/console/tariffs": ({}, "", {"code": "new", **TERMS}),
    "GET /api/console/tariffs/{tariff_id}": ({"tariff_id": "roadside@1"}, "", None),
    "PUT /api/console/tariffs/{tariff_id}": ({"tariff_id": "drafted@1"}, "", {"v": 1, **TERMS}),
    "POST /api/console/tariff-checks": ({}, "", TERMS),
    "POST /api/console/tariffs/{tariff_id}/validation": ({"tariff_id": "checked@1"}, "", {"v": 1}),
    "POST /api/console/tariffs/{tariff_id}/quotes": ({"tariff_id": "roadside@1"}, "", TRIAL),
    "POST /api/console/tariffs/{tariff_id}/trial": ({"tariff_id": "validated@1"}, "", {"v": 1, "expected": 300, **TRIAL}),
    "POST /api/console/tariffs/{tariff_id}/publication": ({"tariff_id": "tried@1"}, "", {"v": 1}),
    "GET /api/console/tariffs/{tariff_id}/regression": ({"tariff_id": "roadside@1"}, "?since=2053-06-01T00:00:00Z&until=2053-08-01T00:00:00Z", None),
    "GET /api/console/tariffs/{tariff_id}/file": ({"tariff_id": "roadside@1"}, "", None),
    "POST /api/console/tariff-files": ({}, "", {"format": "smartcloud-tariff/1", "code": "filed", **TERMS}),
    "GET /api/console/tariffs/{tariff_id}/cds": ({"tariff_id": "roadside@1"}, "", None),
    "POST /api/console/tariff-cds-files": ({}, "", {"code": "cds", "name": "CDS", "policies": [{"rules": [{"rate": [{"rate": 100, "rate_unit": "hour"}]}]}]}),
    "GET /api/console/tariff-places": ({}, "?code=roadside", None),
    "POST /api/console/tariffs/{tariff_id}/assignment-previews": ({"tariff_id": "roadside@1"}, "", {"places": [{"id": "s1", "v": 1}]}),
    "POST /api/console/tariffs/{tariff_id}/assignments": ({"tariff_id": "roadside@1"}, "", {"places": [{"id": "s1", "v": 1}]}),
    "POST /api/console/tariff-places/cancellations": ({}, "", {"places": [{"id": "s1", "v": 0}]}),
    "GET /api/console/calendar-years": ({}, "", None),
    "POST /api/console/calendar-years": ({}, "", {"calendar_id": "china", "name": "国务院", "text": "date,kind,name\n2054-01-01,off,元旦"}),
    "GET /api/console/calendar-years/{year_id}": ({"year_id": "china:2053"}, "", None),
    "PUT /api/console/calendar-years/{year_id}": ({"year_id": "china:2053"}, "", {"v": 1, "changes": [{"on": "2053-07-02", "kind": "holiday"}]}),
    "GET /api/console/calendar-years/{year_id}/affected-stays": ({"year_id": "china:2053"}, "?dates=2053-07-02", None),
    "GET /api/console/bills": ({}, "", None),
    "GET /api/console/bills/{bill_id}": ({"bill_id": "$bill1"}, "", None),
    "POST /api/console/bills/{bill_id}/waivers": ({"bill_id": "$bill5"}, "", {"amount": 10, "reason": "地磁误判"}),
    "GET /api/console/payments": ({}, "", None),
    "GET /api/console/refunds": ({}, "", None),
    "POST /api/console/refunds": ({}, "", {"payment_id": "$payment", "stay_id": "stay6", "amount": 10, "reason": "误收"}),
    "POST /api/console/refunds/{refund_id}/approval": ({"refund_id": "$asked"}, "", None),
    "POST /api/console/refunds/{refund_id}/redirection": ({"refund_id": "$abnormal"}, "", None),
    "POST /api/console/refunds/{refund_id}/retry": ({"refund_id": "$declined"}, "", None),
    "POST /api/console/refunds/{refund_id}/pay-out": ({"refund_id": "$byhand"}, "", None),
    "GET /api/console/cash-shifts": ({}, "", None),
    "GET /api/console/reconciliations": ({}, "", None),
    "POST /api/console/reconciliations": ({}, "", {"provider": "wechat", "day": "2053-07-02"}),
    "GET /api/console/books-checks": ({}, "", None),
    "POST /api/console/books-checks": ({}, "", None),
    "GET /api/console/discrepancies": ({}, "?state=open", None),
    "POST /api/console/discrepancies/{discrepancy_id}/cause": ({"discrepancy_id": "d1"}, "", {"cause": "渠道漏单"}),
    "POST /api/console/discrepancies/{discrepancy_id}/approval": ({"discrepancy_id": "d2"}, "", None),
    "GET /api/console/provider-exchanges": ({}, "?subject=x", None),
    "GET /api/console/arrears": ({}, "?sort=oldest&number=%E7%B2%A4B1&least=1&limit=1", None),
    "GET /api/console/arrears-summary": ({}, "", None),
    "GET /api/console/arrears/{case_id}": ({"case_id": "$case"}, "", None),
    "POST /api/console/arrears/{case_id}/reminders": ({"case_id": "$case"}, "", {"channels": ["app"]}),
    "POST /api/console/arrears/{case_id}/freeze": ({"case_id": "$case"}, "", {"reason": "来电核实"}),
    "DELETE /api/console/arrears/{case_id}/freeze": ({"case_id": "$case"}, "", None),
    "POST /api/console/arrears/{case_id}/write-offs": ({"case_id": "$case"}, "", {"reason": "无法追缴"}),
    "POST /api/console/arrears/{case_id}/links": ({"case_id": "$case"}, "", None),
    "GET /api/console/message-templates": ({}, "", None),
    "PUT /api/console/message-templates/{kind}": ({"kind": "overdue"}, "", {"code": "SMS_2", "text": "车辆${plate}欠${amount}：${link}", "v": 0}),
    "DELETE /api/console/message-templates/{kind}": ({"kind": "reminder"}, "?v=1", None),
    "GET /api/console/reminders": ({}, "?state=sent&channel=app&limit=1", None),
    "GET /api/console/write-offs": ({}, "?state=requested&limit=1", None),
    "POST /api/console/write-offs/{write_off_id}/approval": ({"write_off_id": "$given_up"}, "", None),
    "POST /api/console/write-offs/{write_off_id}/rejection": ({"write_off_id": "$refused"}, "", {"remark": "继续追缴"}),
    "POST /api/console/write-offs/{write_off_id}/withdrawal": ({"write_off_id": "$taken_back"}, "", None),
    "GET /api/console/arrears-alerts": ({}, "?escalated=false", None),
    "POST /api/console/arrears-alerts/{alert_id}/acknowledgement": ({"alert_id": "$alert"}, "", None),
    "GET /api/patrol/arrears": ({}, "?number=%E7%B2%A4B12345&color=blue", None),
    "POST /api/patrol/pay-links": ({}, "", BLUE),
    "GET /api/patrol/alerts": ({}, "?section_id=s1", None),
    "POST /api/patrol/alerts/{alert_id}/acknowledgement": ({"alert_id": "$alert"}, "", None),
    "GET /api/motorist/arrears": ({}, "", None),
    "GET /api/open/debts/{token}": ({"token": "$token"}, "", None),
    "POST /api/open/debts/{token}/intents": ({"token": "$token"}, "", {"provider": "wechat", "scene": "native"}),
    "GET /api/open/debts/{token}/intents/{intent_id}": ({"token": "$token", "intent_id": "$behind"}, "", None),
    "GET /api/open/places": ({}, NEAR, None),
    "GET /api/open/places/{place_id}": ({"place_id": "s1"}, "", None),
    "GET /api/open/places/{place_id}/berths": ({"place_id": "s1"}, "", None),
    "POST /hooks/mqtt/auth": ({}, "", {"username": "d1", "password": "wrong"}),
    "POST /hooks/mqtt/acl": ({}, "", {"username": "d1", "action": "subscribe", "topic": "#"}),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Route:
    """One address and method, as it is declared."""

    verb: str
    path: str
    audience: Audience
    action: Action

    @property
    def name(self) -> str:
        """Name it as the API's description does."""
        return f"{self.verb} {self.path}"


def sent(body: Any) -> dict[str, Any]:
    """Say how a body is sent: a picture as it is."""
    return {"raw": body} if isinstance(body, bytes) else {"body": body}


def routes() -> Iterator[Route]:
    """List every address; the ends of logins last, after which tokens are no good."""
    found = [
        Route(verb.upper(), handler.path, handler.audience, declared)
        for handler in api_handlers()
        for verb in VERBS
        if (declared := action_of(handler, verb))
    ]
    return iter(sorted(found, key=lambda route: route.path.endswith("logins/current")))


async def lay_out_tariffs(world: World) -> None:
    """Put a version in each state, and a year of a calendar."""
    states = {"drafted": "draft", "checked": "draft", "validated": "validated", "tried": "trial_passed"}  # fmt: skip
    tariffs = [
        replace(DAY_TARIFF, id=f"{code}@1", code=code, state=TariffState(state))
        for code, state in states.items()
    ]
    await world.run(publish_tariffs, tariffs=tariffs)
    await world.run(put_calendars, years=[year_of("china", "国务院", (), year=2053)])


async def busy_day(site: Site) -> dict[str, str]:
    """Let a car come, be read and go, another stand; and log everybody in."""
    tokens = {
        Audience.MOTORIST: await site.motorist(),
        Audience.PATROL: await site.token("patrol", "patrol1"),
        Audience.CONSOLE: await site.token("console", "city"),
        "finance": await site.token("console", "finance"),
        Audience.HOOKS: site.hook_secret,
    }
    world = site.world
    await lay_out_tariffs(world)
    await world.see("d1", "arrived", at_s=0)
    await site.ask("POST", "/api/patrol/berths/b1/plate", BLUE, token=tokens[Audience.PATROL])
    await world.see("d1", "left", at_s=61 * 60)
    await world.see("d2", "arrived", at_s=61 * 60)
    world.now = NOON + timedelta(minutes=62)
    await world.job(settle_berths)
    await world.run(bill_priced_stays, facts=await world.facts(StayClosed))
    await world.job(count_room)
    await world.job(refresh_figures)
    site.known |= await desk(world)
    await money_day(site)
    return tokens


async def money_day(site: Site) -> None:
    """Let bills be owed and paid, a wallet be filled, and refunds be in each state."""
    world, known = site.world, site.known
    bills = await billed(world, *[400] * 9)
    known |= {f"bill{number}": bill.id for number, bill in enumerate(bills, 1)}
    await world.run(grant_coupons, coupons=[coupon()])
    intent = await world.run(
        begin_top_up, actor=OWNER, amount=500, provider=Method.WECHAT, scene="native"
    )
    await paid(world, intent, "top-up")
    payment = await paid(world, await wish(world, bills[5]), "paid")
    known |= {"intent": payment.intent_id, "payment": payment.id}
    known["asked"] = (await ask_back(world, payment, "r1")).id
    for number, name in enumerate(("abnormal", "declined")):
        abnormal = await ask_back(world, payment, f"r2{number}")
        await world.run(approve_refund, actor=CHIEF, refund_id=abnormal.id)
        answer = RefundAnswer(abnormal.id, RefundState.ABNORMAL)
        known[name] = (await world.run(hear_refund, answer=answer)).id
    collector = replace(PATROL, id="patrol-9")
    await world.run(open_shift, actor=collector)
    cash = await world.run(
        pay_by_cash, actor=collector, bill_ids=[bills[6].id], request_key="cash-1"
    )
    by_hand = await ask_back(world, cash, "r3", stay_id="stay7")
    known["byhand"] = (await world.run(approve_refund, actor=CHIEF, refund_id=by_hand.id)).id
    await world.run(differ)
    known["stay"] = (await world.run(parked)).id
    for name, number in (("bound", "粤B44441"), ("spare", "粤B44442")):
        plate = Plate(number, PlateColor.BLUE)
        known[name] = (await world.run(bind_vehicle, actor=OWNER, plate=plate)).id
    officer = replace(PATROL, id="staff-patrol1")
    code = {"bill_ids": [bills[7].id], "provider": Method.WECHAT, "scene": "native"}
    known["code"] = (await world.run(begin_payment, actor=officer, **code)).id
    await debts_day(site)


async def differ(work: Work) -> None:
    """Let two days differ, one of which was explained."""
    for number in (1, 2):
        found = Discrepancy(
            id=f"d{number}",
            provider="wechat",
            day="2053-07-01",
            kind=DiscrepancyKind.MISSING_THERE,
            number="trade",
            refund=False,
            here=400,
            there=0,
        )
        kept = found.explain(cause="渠道漏单", by=CLERK.id) if number == 2 else found
        work.table(Discrepancy).add(kept)


async def parked(work: Work) -> Stay:
    """Let another car of the owner stand since an hour."""
    stay = replace(
        closed_stay("running", 0),
        berth_id="b9",
        state=StayState.RUNNING,
        open=True,
        plate=Plate("粤B77777", PlateColor.BLUE),
        left_at=None,
        amount=None,
        lines=(),
    )
    return work.table(Stay).add(stay)


async def ask_back(world: World, payment: Payment, key: str, *, stay_id: str = "stay6") -> Refund:
    """Let a clerk ask for a refund of fifty fen."""
    return await world.run(
        open_refund,
        actor=CLERK,
        payment_id=payment.id,
        amount=50,
        reason="误收",
        request_key=key,
        stay_id=stay_id,
    )


def coupon() -> Coupon:
    """Make a coupon of one yuan."""
    return Coupon(
        id="c1",
        owner_id=OWNER.id,
        name="停车券",
        amount=100,
        valid_from=NOON,
        valid_to=NOON + timedelta(days=1),
    )


def filled(site: Site, value: Any) -> Any:
    """Put the ids that are known in the place of their names."""
    if isinstance(value, str) and value.startswith("$"):
        return site.known.get(value[1:], "nothing")
    if isinstance(value, dict):
        return {name: filled(site, one) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(site, one) for one in value]
    return value


async def call(site: Site, route: Route, tokens: dict[str, str]) -> Any:
    """Call an address well, as somebody who may."""
    named, query, body = CALLS[route.name]
    if route.name == "POST /api/motorist/logins":
        await site.ask("POST", "/api/motorist/login-codes", {"phone": PHONE})
        body = {**body, "code": site.messages.sent[-1][2]["code"]}
    site.known["state"] = write_state(site.token_key, "secret", site.world.now)
    who = "finance" if route.path.startswith(FINANCE) else route.audience
    return await site.ask(
        route.verb,
        route.path.format(**filled(site, named)) + query,
        **sent(filled(site, body)),
        token=tokens.get(who, ""),
        headers=headers_of(route),
    )


def headers_of(route: Route) -> dict[str, str]:
    """Give the headers that an address wants beside the token."""
    key = KEY if route.audience is Audience.OPEN else {"Cookie": f"{COOKIE}=secret"}
    return {**key, "Idempotency-Key": token_hex(8)} if route.action.once else key


def test_every_address_is_called_here() -> None:
    assert set(CALLS) == {route.name for route in routes()}


async def test_every_answer_is_what_is_declared(site: Site) -> None:
    tokens = await busy_day(site)

    odd = {}
    for route in routes():
        answer = await call(site, route, tokens)
        if answer.code != route.action.status:
            odd[route.name] = answer.body.decode()
        elif route.name in PICTURES:
            assert answer.headers["Cache-Control"].startswith("private")
            continue
        elif route.action.answer is None:
            assert not answer.body
        elif wrong := route.action.answer().validate(said(answer)):
            odd[route.name] = str(wrong)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    assert not odd


async def test_nobody_gets_what_is_for_somebody(site: Site) -> None:
    closed = [route for route in routes() if route.action.permit is not Permit.ANYONE]

    answers = {route.name: code(await call_as_nobody(site, route)) for route in closed}

    assert answers == dict.fromkeys(answers, (401, "login_required"))


async def call_as_nobody(site: Site, route: Route) -> Any:
    """Call an address well, but for who is asking."""
    named, query, body = CALLS[route.name]
    path = route.path.format(**filled(site, named))
    return await site.ask(route.verb, path + query, **sent(filled(site, body)))


async def test_who_has_lost_a_permission_is_refused_it(site: Site) -> None:
    tokens = await busy_day(site)
    guarded = [route for route in routes() if not isinstance(route.action.permit, Permit)]

    async def demote(work: Work) -> None:
        rows, apps = work.table(Account), work.table(DataApp)
        for account in await rows.find({}):
            rows.save(replace(account, roles=()))
        for app in await apps.find({}):
            apps.save(replace(app, permissions=()))

    await site.world.run(demote)

    for route in guarded:
        answer = await call(site, route, tokens)
        assert code(answer) == (403, "permission_missing"), route.name
        assert said(answer)["error"]["fields"] == {"permission": route.action.permit}


async def test_a_token_of_another_client_opens_nothing(site: Site) -> None:
    tokens = await busy_day(site)
    motorist: dict[str, str] = dict.fromkeys([*Audience, "finance"], tokens[Audience.MOTORIST])
    staff = [one for one in routes() if one.audience in (Audience.PATROL, Audience.CONSOLE)]

    answers = {
        route.name: code(await call(site, route, motorist))
        for route in staff
        if route.action.permit is not Permit.ANYONE
    }

    assert answers == dict.fromkeys(answers, (401, "token_invalid"))


async def test_a_path_that_names_nothing_is_404_with_a_code(site: Site) -> None:
    tokens = await busy_day(site)

    for route in routes():
        if "{" not in route.path:
            continue
        named = dict.fromkeys(CALLS[route.name][0], "nothing")
        path = route.path.format(**named) + CALLS[route.name][1]
        answer = await site.ask(
            route.verb,
            path,
            **sent(filled(site, CALLS[route.name][2])),
            token=tokens.get("finance" if path.startswith(FINANCE) else route.audience, ""),
            headers=headers_of(route),
        )
        assert answer.code == 404, route.name
        assert code(answer)[1].endswith(("_not_found", "_unknown")), route.name


@pytest.mark.parametrize("word", ["\\ud800", "\\u0000", "x\\ud83d", "💥"])
async def test_odd_letters_are_refused_and_break_nothing(site: Site, word: str) -> None:
    token = await site.token("patrol", "patrol1")
    bodies = {
        "/api/console/logins": '{"username": "?", "password": "?"}',
        "/api/motorist/login-codes": '{"phone": "?"}',
        "/api/motorist/logins": '{"phone": "?", "code": "000000"}',
        "/api/patrol/berths/b1/plate": '{"number": "?????", "color": "blue"}',
    }
    for path, body in bodies.items():
        answer = await site.ask("POST", path, token=token, raw=body.replace("?", word).encode())
        assert 400 <= answer.code < 500, path


@pytest.mark.parametrize(
    "query", ["near=%ff", f"{NEAR[1:]}&near=0,0", "near=nan,nan", "near=inf,0"]
)
async def test_odd_queries_are_refused_or_read_and_break_nothing(site: Site, query: str) -> None:
    answer = await site.ask("GET", f"/api/motorist/places?{query}")

    assert answer.code < 500


async def test_the_realtime_token_says_who_listens_and_what_he_may(site: Site) -> None:
    tokens = await busy_day(site)
    key = site.token_key

    patrol = said(
        await site.ask("POST", "/api/patrol/realtime-tokens", token=tokens[Audience.PATROL])
    )
    stranger = said(await site.ask("POST", "/api/motorist/realtime-tokens"))

    claims = read_connection_token(key, patrol["token"])
    assert (claims.sub, claims.meta["division_codes"]) == ("staff-patrol1", ["440304"])
    assert "patrol.watch" in claims.meta["permissions"]
    nobody = read_connection_token(key, stranger["token"])
    assert (nobody.sub, nobody.meta["permissions"], nobody.meta["everything"]) == ("", [], False)


async def test_a_section_out_of_sight_is_not_there(site: Site) -> None:
    elsewhere = await site.token("patrol", "patrol2")

    section = await site.ask("GET", "/api/patrol/sections/s1", token=elsewhere)
    missing = await site.ask("GET", "/api/patrol/sections/s9", token=elsewhere)

    assert code(section) == code(missing) == (404, "place_not_found")
    assert said(await site.ask("GET", "/api/patrol/sections", token=elsewhere))["items"] == []


async def test_a_berth_out_of_sight_is_refused_as_one_that_is_not_there(site: Site) -> None:
    elsewhere = await site.token("patrol", "patrol2")

    there = await site.ask("POST", "/api/patrol/berths/b1/plate", BLUE, token=elsewhere)
    nowhere = await site.ask("POST", "/api/patrol/berths/b9/plate", BLUE, token=elsewhere)

    assert code(there) == code(nowhere) == (404, "berth_not_found")


async def test_no_phone_and_no_secret_is_in_the_audit(site: Site) -> None:
    await busy_day(site)

    rows = await site.world.store.database["audit_entries"].find().to_list(None)

    assert rows
    assert PHONE not in str(rows)
    assert site.messages.sent[-1][2]["code"] not in str(rows)


async def test_one_address_is_slowed_down_over_all_accounts(site: Site) -> None:
    bodies = [{"username": f"u{number}", "password": "wrong"} for number in range(21)]

    answers = [await site.ask("POST", "/api/console/logins", body) for body in bodies]

    assert [one.code for one in answers] == [401] * 20 + [429]
    assert code(answers[-1]) == (429, "too_many_attempts")
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 61


async def test_codes_for_many_phones_from_one_address_are_slowed_down(site: Site) -> None:
    phones = [f"138{number:08}" for number in range(11)]

    answers = [
        await site.ask("POST", "/api/motorist/login-codes", {"phone": phone}) for phone in phones
    ]

    assert [one.code for one in answers] == [202] * 10 + [429]
    assert len(site.messages.sent) == 10
