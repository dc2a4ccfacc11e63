"""Which places use a 计费标准, and how they come to use another."""

from typing import Any

from handlers import tariff_answers as answers
from handlers.base import Handler, action
from handlers.shows import Shown
from handlers.tariff_answers import show_assignment, show_place_using, show_preview
from server.domain.stay.queries.assignments import preview_assignment
from server.domain.tariff import assign_tariff, cancel_assignments
from server.domain.tariff import schema as forms
from server.domain.tariff.queries import places_by_tariff
from server.kernel.access import Audience


class TariffPlaces(Handler):
    """`/tariff-places`."""

    path = "/api/console/tariff-places"
    audience = Audience.CONSOLE

    @action("使用计费标准的停车场", permit="tariff.read", query=forms.PlacesQuery, answer=answers.PlacesUsing)  # fmt: skip
    async def get(self, **query: Any) -> Shown:
        """List the places in scope with the tariffs that they use; `code` asks for one tariff's."""
        return {"items": [show_place_using(one) for one in await self.run(places_by_tariff, **query)]}  # fmt: skip


class AssignmentPreviews(Handler):
    """`/tariffs/{tariff_id}/assignment-previews`."""

    path = "/api/console/tariffs/{tariff_id}/assignment-previews"
    audience = Audience.CONSOLE

    @action("预览停车场换标准", permit="tariff.assign", body=forms.AssignmentBody, answer=answers.AssignmentPreviewed)  # fmt: skip
    async def post(self, tariff_id: str, **body: Any) -> Shown:
        """Say what putting places under this tariff would change; nothing is done."""
        return show_preview(await self.run(preview_assignment, tariff_id=tariff_id, **body))


class Assignments(Handler):
    """`/tariffs/{tariff_id}/assignments`."""

    path = "/api/console/tariffs/{tariff_id}/assignments"
    audience = Audience.CONSOLE

    @action("停车场换标准", permit="tariff.assign", body=forms.AssignmentBody, answer=answers.Assigned)  # fmt: skip
    async def post(self, tariff_id: str, **body: Any) -> Shown:
        """Let places use this tariff for the stays that begin from now on, or from an instant to come."""
        return show_assignment(await self.run(assign_tariff, tariff_id=tariff_id, **body))


class AssignmentCancellations(Handler):
    """`/tariff-places/cancellations`."""

    path = "/api/console/tariff-places/cancellations"
    audience = Audience.CONSOLE

    @action("取消预定的换标准", permit="tariff.assign", body=forms.PlacesSeenBody, answer=answers.Cancelled)  # fmt: skip
    async def post(self, **body: Any) -> Shown:
        """Let places keep the tariff that they use, instead of the one that was to come."""
        return {"places": await self.run(cancel_assignments, **body)}
