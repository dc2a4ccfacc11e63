"""What an edit makes of stays, before they are priced. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from server.domain.stay.model import BerthLabel, Stay, StayLinks, StayState
from server.domain.stay.model.edits import Change, EditKind, StayEdit, Version
from server.domain.stay.model.policies import Policy, ReviewMode
from server.domain.vehicle import Plate
from server.kernel.errors import Invalid, Refused
from server.kernel.money import Fen
from server.kernel.nouns import replace

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What an edit works on: the stay and the other one, the berth that is named, the instant."""

    stay: Stay | None
    other: Stay | None
    berth: BerthLabel | None
    now: datetime
    new_id: Callable[[], str]


def edited(change: Change, material: Material) -> tuple[Version, ...]:
    """Decide what becomes of the stays; refuses what cannot be, or changes nothing."""
    for stay in (material.stay, material.other):
        if stay is not None and stay.state is StayState.VOID:
            raise Refused("stay_void", "停车记录已作废", stay_id=stay.id)
    versions = _EDITS[change.kind](change, material)
    for version in versions:
        _check_times(version.after, material.now)
    if all(version.before == version.after for version in versions):
        raise Refused("edit_changes_nothing", "修改前后没有变化")
    return versions


def undone(edit: StayEdit, now: dict[str, Stay]) -> tuple[Version, ...]:
    """Put back what was before an edit; refuses when a stay has changed since.

    A stay that the edit made becomes void. One that was closed is not opened again: its car may be
    gone, and its bill is out.
    """
    if edit.undone_by is not None:
        raise Refused("edit_undone", "该修改已撤销", edit_id=edit.id)
    if edit.change.kind is EditKind.UNDO:
        raise Refused("edit_not_undoable", "撤销操作不能再撤销", edit_id=edit.id)
    return tuple(_put_back(version, now[version.after.id]) for version in edit.versions)


def _put_back(version: Version, now: Stay) -> Version:
    if now.v != version.after.v:
        raise Refused("stay_changed", "停车记录已被修改，请刷新后重试", stay_id=now.id)
    if version.before is None:
        return Version(now, now.void())
    if version.before.open and now.state is StayState.CLOSED:
        raise Refused("edit_not_undoable", "已结束的停车记录不能恢复在停", stay_id=now.id)
    repriced = (now.amount, now.lines) != (version.before.amount, version.before.lines)
    revision = now.revision + repriced
    return Version(now, replace(version.before, v=now.v, revision=revision))


@dataclass(frozen=True, slots=True)
class Owed:
    """What one stay costs before and after an edit; before it there was none, if the edit made it."""

    version: Version
    before: Fen
    after: Fen


def difference(owed: Sequence[Owed], policy: Policy) -> tuple[Fen, bool]:
    """Give by how much an edit changes what is owed, and whether a second person is to agree.

    What is taken off one plate and put on another counts as much as what is taken off or put on
    alone: who moves a debt to a stranger's car changes no sum.
    """
    changed = sum(one.after - one.before for one in owed)
    match policy.review_mode:
        case ReviewMode.ALL:
            return changed, True
        case ReviewMode.SOME:
            return changed, _moved(owed) > policy.approval_limit
        case ReviewMode.NORMAL:
            return changed, False


def _moved(owed: Sequence[Owed]) -> Fen:
    """Say how much is put on plates, or taken off plates, whichever is more."""
    sums: dict[Plate | None, Fen] = {}
    for one in owed:
        before, after = one.version.before, one.version.after
        # While a car stands nobody has been charged: another plate is no debt that moves.
        whose = before.plate if before and not before.open else after.plate
        sums[whose] = sums.get(whose, 0) - one.before
        sums[after.plate] = sums.get(after.plate, 0) + one.after
    put_on = sum(change for change in sums.values() if change > 0)
    return max(put_on, put_on - sum(sums.values()))


def _plate(change: Change, material: Material) -> tuple[Version, ...]:
    stay = _needed(material.stay, "stay_id")
    plate = _needed(change.plate, "plate")
    return (Version(stay, stay.identify(plate, stay.owner_id)),)


def _times(change: Change, material: Material) -> tuple[Version, ...]:
    stay = _needed(material.stay, "stay_id")
    if stay.open and change.left_at is not None:
        raise Refused("stay_open", "在停记录请使用补出车", stay_id=stay.id)
    arrived_at = change.arrived_at or stay.arrived_at
    after = replace(stay, arrived_at=arrived_at, left_at=change.left_at or stay.left_at)
    return (Version(stay, _without(after, "clock", "missed_leave", "silent_device")),)


def _berth(change: Change, material: Material) -> tuple[Version, ...]:
    stay = _needed(material.stay, "stay_id")
    berth, berth_id = _needed(material.berth, "berth_id"), _needed(change.berth_id, "berth_id")
    return (Version(stay, replace(stay, berth_id=berth_id, berth=berth)),)


def _arrival(change: Change, material: Material) -> tuple[Version, ...]:
    berth, berth_id = _needed(material.berth, "berth_id"), _needed(change.berth_id, "berth_id")
    here = material.stay
    if here is not None:  # a device has seen the same car come: one stay, not two
        plate = change.plate or here.plate
        return (Version(here, here.identify(plate, here.owner_id) if plate else here),)
    open_ = change.left_at is None
    state = StayState.RUNNING if change.plate else StayState.DETECTED
    stay = Stay(
        id=material.new_id(),
        berth_id=berth_id,
        berth=berth,
        state=state if open_ else StayState.CLOSED,
        open=open_,
        plate=change.plate,
        arrived_at=_needed(change.arrived_at, "arrived_at"),
        left_at=change.left_at,
    )
    return (Version(None, stay),)


def _leave(change: Change, material: Material) -> tuple[Version, ...]:
    stay = _needed(material.stay, "stay_id")
    if not stay.open:
        raise Refused("stay_closed", "停车记录已结束", stay_id=stay.id)
    left_at = _needed(change.left_at, "left_at")
    return (Version(stay, replace(stay, state=StayState.CLOSED, open=False, left_at=left_at)),)


def _void(change: Change, material: Material) -> tuple[Version, ...]:
    stay = _needed(material.stay, "stay_id")
    return (Version(stay, stay.void()),)


def _merge(change: Change, material: Material) -> tuple[Version, ...]:
    """Make two stays of one car on one berth into one; the open one goes on, else the earlier."""
    one, other = _needed(material.stay, "stay_id"), _needed(material.other, "other_id")
    if one.id == other.id or one.berth_id != other.berth_id:
        raise Refused("stays_not_mergeable", "只能合并同一泊位的两条记录", stay_id=one.id)
    if one.plate and other.plate and one.plate != other.plate:
        raise Refused("stays_not_mergeable", "两条记录的车牌不同", stay_id=one.id)
    kept, gone = sorted((one, other), key=lambda stay: (not stay.open, stay.arrived_at))
    ends = [stay.left_at for stay in (one, other) if stay.left_at]
    plate = kept.plate or gone.plate
    after = replace(
        kept,
        arrived_at=min(one.arrived_at, other.arrived_at),
        left_at=kept.left_at if kept.open else max(ends),
        flags=tuple(dict.fromkeys((*kept.flags, *gone.flags))),
        # What nobody is charged for while it is in doubt stays so as a part of the other.
        holds=tuple(dict.fromkeys((*kept.holds, *gone.holds))),
    )
    merged = after.identify(plate, kept.owner_id) if plate else after
    absorbed = replace(gone.void(), links=_linked(gone, merged_into=kept.id))
    return Version(kept, merged), Version(gone, absorbed)


def _split(change: Change, material: Material) -> tuple[Version, ...]:
    """Make two stays of one: of an open stay the later part goes on, of a closed one the earlier."""
    stay, at = _needed(material.stay, "stay_id"), _needed(change.at, "at")
    if not stay.arrived_at < at < (stay.left_at or material.now):
        raise Invalid("edit_times_invalid", "拆分时间须在停车时间之内", at=["拆分时间不正确"])
    plate = change.plate or stay.plate
    # The same car's part is as much in doubt as the whole; another car's is not.
    holds = stay.holds if plate == stay.plate else ()
    part = replace(
        stay,
        id=material.new_id(),
        v=0,
        state=StayState.CLOSED,
        open=False,
        plate=plate,
        revision=0,
        flags=holds,
        holds=holds,
        links=_linked(stay, split_from=stay.id),
    )
    if stay.open:
        return (
            Version(stay, replace(stay, arrived_at=at)),
            Version(None, replace(part, left_at=at)),
        )
    return Version(stay, replace(stay, left_at=at)), Version(None, replace(part, arrived_at=at))


_EDITS: dict[EditKind, Callable[[Change, Material], tuple[Version, ...]]] = {
    EditKind.PLATE: _plate,
    EditKind.TIMES: _times,
    EditKind.BERTH: _berth,
    EditKind.ARRIVAL: _arrival,
    EditKind.LEAVE: _leave,
    EditKind.VOID: _void,
    EditKind.MERGE: _merge,
    EditKind.SPLIT: _split,
}


def _check_times(stay: Stay, now: datetime) -> None:
    if stay.arrived_at > now or (stay.left_at and not stay.arrived_at <= stay.left_at <= now):
        raise Invalid(
            "edit_times_invalid", "须满足 入场时间 ≤ 离场时间 ≤ 现在", left_at=["时间不正确"]
        )


def _needed(value: T | None, name: str) -> T:
    if value is None:
        raise Invalid("fields_invalid", "请求参数有误", **{name: ["缺少该参数"]})
    return value


def _without(stay: Stay, *flags: str) -> Stay:
    return replace(stay, flags=tuple(flag for flag in stay.flags if flag not in flags))


def _linked(
    stay: Stay, *, merged_into: str | None = None, split_from: str | None = None
) -> StayLinks:
    links = stay.links or StayLinks()
    return replace(
        links,
        merged_into=merged_into or links.merged_into,
        split_from=split_from or links.split_from,
    )
