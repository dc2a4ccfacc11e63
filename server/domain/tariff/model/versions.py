"""A tariff's versions, and the states that each goes through."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from server.domain.tariff.model.terms import Terms
from server.kernel.errors import Invalid, Refused
from server.kernel.nouns import replace
from server.kernel.table import index, table, unique


class TariffState(StrEnum):
    """草稿, 已校验, 试算通过, 已发布, 已被取代."""

    DRAFT = "draft"
    VALIDATED = "validated"
    TRIAL_PASSED = "trial_passed"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


# A change of the terms leads back to the draft; what was published is never edited again.
MOVES: dict[TariffState, frozenset[TariffState]] = {
    TariffState.DRAFT: frozenset({TariffState.DRAFT, TariffState.VALIDATED}),
    TariffState.VALIDATED: frozenset(
        {TariffState.DRAFT, TariffState.VALIDATED, TariffState.TRIAL_PASSED}
    ),
    TariffState.TRIAL_PASSED: frozenset(
        {TariffState.DRAFT, TariffState.TRIAL_PASSED, TariffState.PUBLISHED}
    ),
    TariffState.PUBLISHED: frozenset({TariffState.SUPERSEDED}),
    TariffState.SUPERSEDED: frozenset(),
}
IN_FORCE = (TariffState.PUBLISHED, TariffState.SUPERSEDED)


class OnChange(StrEnum):
    """What a new version means to the stays that are running."""

    KEEP = "keep"
    SPLIT = "split"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """One version of a tariff; `code` names the tariff, `number` the version.

    It is in force within `[valid_from, valid_to)`. A stay that is running at `valid_to` keeps it,
    or is split there, as `on_change` says. A superseded version still prices what began under it.
    """

    id: str
    v: int = 0
    code: str
    name: str
    number: int
    state: TariffState = TariffState.PUBLISHED
    valid_from: datetime
    valid_to: datetime | None = None
    on_change: OnChange = OnChange.KEEP
    approval: str = ""
    note: str = ""
    organization_id: str = ""
    terms: Terms

    def move(self, state: TariffState) -> Self:
        """Go on to a state; refuses what the table of moves has not."""
        if state not in MOVES[self.state]:
            raise Refused(
                "tariff_state_wrong",
                "当前状态不允许此操作",
                tariff_id=self.id,
                state=self.state.value,
                wanted=state.value,
            )
        return replace(self, state=state)

    def in_force_at(self, instant: datetime) -> bool:
        """Say whether a stay that begins then is priced by this version."""
        begun = self.valid_from <= instant and self.state in IN_FORCE
        return begun and (self.valid_to is None or instant < self.valid_to)

    def end(self, valid_to: datetime, *, now: datetime) -> Self:
        """Give way to another version at an instant; one that is to begin then or later never does."""
        ends_before = self.valid_to is not None and self.valid_to <= valid_to
        if self.state not in IN_FORCE or ends_before:
            return self
        if self.valid_from <= now and valid_to <= self.valid_from:
            raise Invalid("tariff_validity_wrong", "生效时间必须晚于当前版本的生效时间")
        published = self.state is TariffState.PUBLISHED
        ended = self.move(TariffState.SUPERSEDED) if published else self
        return replace(ended, valid_to=max(valid_to, self.valid_from))


def version_id(code: str, number: int) -> str:
    """Name a version of a tariff."""
    return f"{code}@{number}"


TARIFFS = table(
    Tariff,
    "tariffs",
    unique("code", "number", code="tariff_version_exists", message="该版本号已存在"),
    index("organization_id"),
)
