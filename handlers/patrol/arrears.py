"""Arrears on the street: what a plate owes, a link to pay by, and cars that owe."""

from collections.abc import Sequence

from handlers import arrears_answers as answers
from handlers import arrears_schema as schema
from handlers import schema as common
from handlers.arrears_shows import show_alert, show_link, show_plate_arrears
from handlers.base import Handler, action
from handlers.shows import Shown
from server.domain.recovery import acknowledge_alert, link_plate
from server.domain.recovery.queries import arrears_of_plate, live_alerts
from server.domain.vehicle import read_plate
from server.kernel.access import Audience


class PlateArrears(Handler):
    """`/arrears`."""

    path = "/api/patrol/arrears"
    audience = Audience.PATROL

    @action(
        "车牌欠费", permit="patrol.collect", query=common.PlateQuery, answer=answers.PlateArrears
    )
    async def get(self, number: str, color: str) -> Shown:
        """Show what a plate owes."""
        plate = read_plate(number, color)
        return show_plate_arrears(plate, await self.run(arrears_of_plate, plate=plate))


class PayLinks(Handler):
    """`/pay-links`."""

    path = "/api/patrol/pay-links"
    audience = Audience.PATROL

    @action(
        "小票付款码",
        permit="patrol.collect",
        body=schema.PayLinkBody,
        answer=answers.PayLinkAnswer,
        status=201,
    )
    async def post(self, number: str, color: str, bill_ids: Sequence[str] | None) -> Shown:
        """Make a link for a slip, by which anybody can pay what the plate owes."""
        config = self.app.config
        plate = read_plate(number, color)
        wish = {"plate": plate, "bill_ids": bill_ids, "key": config.token_key}
        return {"link": show_link(await self.run(link_plate, **wish), public_url=config.public_url)}


class Alerts(Handler):
    """`/alerts`."""

    path = "/api/patrol/alerts"
    audience = Audience.PATROL

    @action("我的提醒", permit="patrol.watch", query=schema.LiveAlertsQuery, answer=answers.Alerts)
    async def get(self, section_id: str | None) -> Shown:
        """List the alerts in scope that are not over."""
        found = await self.run(live_alerts, section_id=section_id)
        return {"items": [show_alert(one) for one in found]}


class AlertAcknowledgement(Handler):
    """`/alerts/{alert_id}/acknowledgement`."""

    path = "/api/patrol/alerts/{alert_id}/acknowledgement"
    audience = Audience.PATROL

    @action("确认提醒", permit="patrol.watch", answer=answers.AlertAnswer)
    async def post(self, alert_id: str) -> Shown:
        """Say that one has seen an alert."""
        return {"alert": show_alert(await self.run(acknowledge_alert, alert_id=alert_id))}
