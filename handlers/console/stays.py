"""Stays as clerks watch and edit them."""

from typing import Any

from handlers import policy_schema
from handlers import stay_schema as schema
from handlers.base import Handler, action
from handlers.photos import PhotoHandler
from handlers.policy_shows import show_policies, show_policy_change
from handlers.shows import Shown
from handlers.stay_shows import (
    show_done,
    show_edit,
    show_evidence,
    show_preview,
    show_request,
    show_requests,
    show_review,
    show_reviews,
    show_stay_whole,
    show_stays,
)
from server.domain.refund.queries import money_of_stay
from server.domain.stay import (
    Change,
    RequestState,
    ReviewOutcome,
    approve_edit,
    change_policy,
    claim_review,
    close_request,
    edit_stay,
    preview_edit,
    preview_request,
    resolve_review,
    stay_in_sight,
)
from server.domain.stay.queries.lists import (
    edits_of,
    requests_in_scope,
    reviews_in_scope,
    stays_in_scope,
)
from server.domain.stay.queries.policies import policy_of_scope
from server.domain.stay.queries.timeline import evidence_of
from server.kernel.access import Audience


class Stays(Handler):
    """`/stays`."""

    path = "/api/console/stays"
    audience = Audience.CONSOLE

    @action("停车记录", permit="stays.watch", query=schema.StaysQuery, answer=schema.StaysPage)
    async def get(self, **asked: Any) -> Shown:
        """List stays in scope."""
        return show_stays(await self.run(stays_in_scope, **asked))


class Stay(Handler):
    """`/stays/{stay_id}`."""

    path = "/api/console/stays/{stay_id}"
    audience = Audience.CONSOLE

    @action("停车记录详情", permit="stays.watch", answer=schema.StayDetailAnswer)
    async def get(self, stay_id: str) -> Shown:
        """Show a stay."""
        return {"stay": show_stay_whole(await self.run(stay_in_sight, stay_id=stay_id))}


class Timeline(Handler):
    """`/stays/{stay_id}/timeline`."""

    path = "/api/console/stays/{stay_id}/timeline"
    audience = Audience.CONSOLE

    @action("停车记录时间线", permit="stays.watch", answer=schema.Timeline)
    async def get(self, stay_id: str) -> Shown:
        """Show all that is known of a stay."""
        found = await self.run(evidence_of, stay_id=stay_id)
        money = await self.run(money_of_stay, stay_id=stay_id)
        return show_evidence(found, money, self.audience)


class StayEdits(Handler):
    """`/stays/{stay_id}/edits`."""

    path = "/api/console/stays/{stay_id}/edits"
    audience = Audience.CONSOLE

    @action("停车记录修改历史", permit="stays.watch", answer=schema.Edits)
    async def get(self, stay_id: str) -> Shown:
        """List a stay's edits."""
        return {"items": [show_edit(one) for one in await self.run(edits_of, stay_id=stay_id)]}


class Edits(Handler):
    """`/stay-edits`."""

    path = "/api/console/stay-edits"
    audience = Audience.CONSOLE

    @action("修改停车记录", permit="stays.edit", body=schema.EditBody, answer=schema.EditAnswer)
    async def post(self, change: Change) -> Shown:
        """Edit stays, or ask for approval."""
        return show_done(await self.run(edit_stay, change=change))


class Previews(Handler):
    """`/stay-edit-previews`."""

    path = "/api/console/stay-edit-previews"
    audience = Audience.CONSOLE

    @action("预览修改结果", permit="stays.edit", body=schema.EditBody, answer=schema.EditPreview)
    async def post(self, change: Change) -> Shown:
        """Say what an edit would cost, and whether a second person has to agree."""
        return show_preview(await self.run(preview_edit, change=change))


class Requests(Handler):
    """`/stay-edit-requests`."""

    path = "/api/console/stay-edit-requests"
    audience = Audience.CONSOLE

    @action("修改审核", permit="stays.watch", query=schema.RequestsQuery, answer=schema.Requests)
    async def get(self, **asked: Any) -> Shown:
        """List requests for approval in scope."""
        return show_requests(await self.run(requests_in_scope, **asked))


class RequestDetail(Handler):
    """`/stay-edit-requests/{request_id}`."""

    path = "/api/console/stay-edit-requests/{request_id}"
    audience = Audience.CONSOLE

    @action("修改审核详情", permit="stays.watch", answer=schema.RequestDetail)
    async def get(self, request_id: str) -> Shown:
        """Show a request and what it would do."""
        request, preview = await self.run(preview_request, request_id=request_id)
        return {
            "request": show_request(request),
            "preview": show_preview(preview) if preview else None,
        }


class Approval(Handler):
    """`/stay-edit-requests/{request_id}/approval`."""

    path = "/api/console/stay-edit-requests/{request_id}/approval"
    audience = Audience.CONSOLE

    @action("同意修改", permit="stays.approve", answer=schema.EditAnswer)
    async def post(self, request_id: str) -> Shown:
        """Agree to what somebody else has asked for, and do it."""
        return show_done(await self.run(approve_edit, request_id=request_id))


class Rejection(Handler):
    """`/stay-edit-requests/{request_id}/rejection`."""

    path = "/api/console/stay-edit-requests/{request_id}/rejection"
    audience = Audience.CONSOLE

    @action("驳回修改", permit="stays.approve", body=schema.RemarkBody, answer=schema.RequestAnswer)
    async def post(self, request_id: str, remark: str) -> Shown:
        """Reject what somebody else has asked for."""
        state = RequestState.REJECTED
        closed = await self.run(close_request, request_id=request_id, state=state, remark=remark)
        return {"request": show_request(closed)}


class Withdrawal(Handler):
    """`/stay-edit-requests/{request_id}/withdrawal`."""

    path = "/api/console/stay-edit-requests/{request_id}/withdrawal"
    audience = Audience.CONSOLE

    @action("撤回修改申请", permit="stays.edit", answer=schema.RequestAnswer)
    async def post(self, request_id: str) -> Shown:
        """Withdraw what one has asked for."""
        state = RequestState.WITHDRAWN
        closed = await self.run(close_request, request_id=request_id, state=state)
        return {"request": show_request(closed)}


class Reviews(Handler):
    """`/stay-reviews`."""

    path = "/api/console/stay-reviews"
    audience = Audience.CONSOLE

    @action("待核实", permit="stays.watch", query=schema.ReviewsQuery, answer=schema.Reviews)
    async def get(self, **asked: Any) -> Shown:
        """List what a person is to look at."""
        return show_reviews(await self.run(reviews_in_scope, **asked))


class ReviewClaim(Handler):
    """`/stay-reviews/{review_id}/claim`."""

    path = "/api/console/stay-reviews/{review_id}/claim"
    audience = Audience.CONSOLE

    @action("领取核实", permit="stays.review", answer=schema.ReviewAnswer)
    async def post(self, review_id: str) -> Shown:
        """Take a review up."""
        return {"review": show_review(await self.run(claim_review, review_id=review_id))}


class ReviewResolution(Handler):
    """`/stay-reviews/{review_id}/resolution`."""

    path = "/api/console/stay-reviews/{review_id}/resolution"
    audience = Audience.CONSOLE

    @action("核实结论", permit="stays.review", body=schema.ResolveBody, answer=schema.ReviewAnswer)
    async def post(self, review_id: str, outcome: ReviewOutcome, remark: str) -> Shown:
        """Decide a review that one has claimed."""
        resolved = await self.run(
            resolve_review, review_id=review_id, outcome=outcome, remark=remark
        )
        return {"review": show_review(resolved)}


class Photos(PhotoHandler):
    """`/stays/{stay_id}/photos`."""

    path = "/api/console/stays/{stay_id}/photos"
    audience = Audience.CONSOLE
    sent = "image/*"

    @action("上传取证照片", permit="stays.edit", query=schema.PhotoQuery, answer=schema.PhotoAnswer)
    async def post(self, stay_id: str, **about: Any) -> Shown:
        """Keep a photo of a stay."""
        return await self.take(stay_id, **about)


class Photo(PhotoHandler):
    """`/photos/{photo_id}`."""

    path = "/api/console/photos/{photo_id}"
    audience = Audience.CONSOLE

    @action("取证照片", permit="stays.watch")
    async def get(self, photo_id: str) -> bytes:
        """Show a photo."""
        return await self.give(photo_id)


class Policies(Handler):
    """`/policies`."""

    path = "/api/console/policies"
    audience = Audience.CONSOLE

    @action(
        "停车业务配置",
        permit="stays.watch",
        query=policy_schema.PolicyQuery,
        answer=policy_schema.Policies,
    )
    async def get(self, place_id: str | None) -> Shown:
        """Show which policy holds, and why."""
        return show_policies(await self.run(policy_of_scope, place_id=place_id))

    @action(
        "修改停车业务配置",
        permit="policy.change",
        body=policy_schema.PolicyBody,
        answer=policy_schema.PolicyChanged,
    )
    async def put(self, **asked: Any) -> Shown:
        """Set the keys of a scope."""
        return show_policy_change(await self.run(change_policy, **asked))
