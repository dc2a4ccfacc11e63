"""异常修正 (edit) and 修改审核 (edit request): nouns.

An edit is never overwritten: what was before and what came of it stay with it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from server.domain.stay.model import Stay
from server.domain.vehicle import Plate
from server.kernel.errors import Refused
from server.kernel.money import Fen
from server.kernel.nouns import replace
from server.kernel.table import index, table, unique


class EditKind(StrEnum):
    """改车牌 改时间 改泊位 补入车 补出车 合并 拆分 作废 撤销."""

    PLATE = "plate"
    TIMES = "times"
    BERTH = "berth"
    ARRIVAL = "arrival"
    LEAVE = "leave"
    MERGE = "merge"
    SPLIT = "split"
    VOID = "void"
    UNDO = "undo"


class RequestState(StrEnum):
    """Where a request for approval is in its life."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is asked to be edited, and why; which fields are needed follows from the kind.

    `stay_v` is the version that whoever asks has seen. `at` is where a stay is split, `other_id`
    what it is merged with, or the edit that is undone. `client_id` names a change made offline, so
    that it is done once however often it is sent.
    """

    kind: EditKind
    reason: str
    stay_id: str | None = None
    stay_v: int | None = None
    other_id: str | None = None
    plate: Plate | None = None
    berth_id: str | None = None
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    at: datetime | None = None
    evidence_ids: tuple[str, ...] = ()
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """One stay before and after an edit; before it there was none, if the edit made it."""

    before: Stay | None
    after: Stay


@dataclass(frozen=True, slots=True)
class Preview:
    """What an edit would make of its stays, by how much it would change what is owed, and whether
    a second person has to agree."""

    versions: tuple[Version, ...]
    difference: Fen
    needs_approval: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StayEdit:
    """One edit that was done. `difference` is by how much it changed what is owed."""

    id: str
    v: int = 0
    stay_ids: tuple[str, ...]
    change: Change
    versions: tuple[Version, ...]
    difference: Fen
    actor_id: str
    approver_id: str | None = None
    at: datetime
    undone_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRequest:
    """An edit that waits for a second person, and the versions of the stays that it was asked for."""

    id: str
    v: int = 0
    change: Change
    stay_ids: tuple[str, ...]
    stay_versions: tuple[int, ...]
    difference: Fen
    organization_id: str
    division_code: str
    state: RequestState = RequestState.REQUESTED
    requested_by: str
    requested_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    remark: str = ""

    def decide(self, state: RequestState, *, by: str, at: datetime, remark: str = "") -> Self:
        """Approve or reject it, by somebody else, or withdraw it oneself."""
        if self.state is not RequestState.REQUESTED:
            raise Refused("edit_request_decided", "该申请已处理", request_id=self.id)
        own = by == self.requested_by
        if own and state is not RequestState.WITHDRAWN:
            raise Refused("edit_request_own", "不能审核自己提交的申请", request_id=self.id)
        if not own and state is RequestState.WITHDRAWN:
            raise Refused("edit_request_not_own", "只能撤回自己提交的申请", request_id=self.id)
        return replace(self, state=state, decided_by=by, decided_at=at, remark=remark)


STAY_EDITS = table(
    StayEdit,
    "stay_edits",
    index("stay_ids", "at"),
    unique(
        "change.client_id",
        code="edit_done_before",
        message="该操作已提交过",
        where={"change.client_id": {"$type": "string"}},
    ),
)
EDIT_REQUESTS = table(
    EditRequest,
    "stay_edit_requests",
    index("state", "-requested_at"),
    index("stay_ids", "-requested_at"),
    unique(
        "change.client_id",
        code="edit_done_before",
        message="该操作已提交过",
        where={"change.client_id": {"$type": "string"}},
    ),
)
