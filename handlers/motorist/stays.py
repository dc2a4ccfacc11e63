"""A motorist's own stay: what is known of it, and what he says against it."""

from typing import Any

from handlers import stay_schema as schema
from handlers.base import Handler, Permit, action
from handlers.photos import PhotoHandler
from handlers.shows import Shown
from handlers.stay_shows import show_dispute, show_evidence
from server.domain.billing import dispute_bill
from server.domain.refund.queries import money_of_stay
from server.domain.stay import dispute_stay, withdraw_dispute
from server.domain.stay.queries.timeline import evidence_of
from server.kernel.access import Audience


class Timeline(Handler):
    """`/stays/{stay_id}`."""

    path = "/api/motorist/stays/{stay_id}"
    audience = Audience.MOTORIST

    @action("我的停车记录详情", permit=Permit.LOGGED_IN, answer=schema.Timeline)
    async def get(self, stay_id: str) -> Shown:
        """Show all that is known of an own stay."""
        found = await self.run(evidence_of, stay_id=stay_id)
        money = await self.run(money_of_stay, stay_id=stay_id)
        return show_evidence(found, money, self.audience)


class Dispute(Handler):
    """`/stays/{stay_id}/dispute`."""

    path = "/api/motorist/stays/{stay_id}/dispute"
    audience = Audience.MOTORIST

    @action("申诉", permit=Permit.LOGGED_IN, body=schema.DisputeBody, answer=schema.DisputeAnswer)
    async def post(self, stay_id: str, **said: Any) -> Shown:
        """Dispute an own stay."""
        return {"dispute": show_dispute(await self.run(dispute_stay, stay_id=stay_id, **said))}

    @action("撤回申诉", permit=Permit.LOGGED_IN, answer=schema.DisputeAnswer)
    async def delete(self, stay_id: str) -> Shown:
        """Take the dispute back."""
        return {"dispute": show_dispute(await self.run(withdraw_dispute, stay_id=stay_id))}


class BillDispute(Handler):
    """`/bills/{bill_id}/dispute`."""

    path = "/api/motorist/bills/{bill_id}/dispute"
    audience = Audience.MOTORIST

    @action(
        "对账单申诉",
        permit=Permit.LOGGED_IN,
        body=schema.BillDisputeBody,
        answer=schema.DisputeAnswer,
    )
    async def post(self, bill_id: str, **said: Any) -> Shown:
        """Dispute an own bill, also one that came with the plate."""
        return {"dispute": show_dispute(await self.run(dispute_bill, bill_id=bill_id, **said))}


class Photos(PhotoHandler):
    """`/stays/{stay_id}/photos`."""

    path = "/api/motorist/stays/{stay_id}/photos"
    audience = Audience.MOTORIST
    sent = "image/*"

    @action(
        "上传申诉照片", permit=Permit.LOGGED_IN, query=schema.PhotoQuery, answer=schema.PhotoAnswer
    )
    async def post(self, stay_id: str, **about: Any) -> Shown:
        """Keep a photo for a dispute."""
        return await self.take(stay_id, **about)


class Photo(PhotoHandler):
    """`/photos/{photo_id}`."""

    path = "/api/motorist/photos/{photo_id}"
    audience = Audience.MOTORIST

    @action("取证照片", permit=Permit.LOGGED_IN)
    async def get(self, photo_id: str) -> bytes:
        """Show a photo of an own stay."""
        return await self.give(photo_id)
