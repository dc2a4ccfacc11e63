"""Edits, clones and policies as rules: pure, over all kinds of stays."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.stay import (
    BerthLabel,
    Change,
    EditKind,
    Policy,
    PolicyLayer,
    ReviewMode,
    SamePlate,
    Stay,
    StayEdit,
    StayState,
    Version,
)
from server.domain.stay.rules.ahead import foresee
from server.domain.stay.rules.doubts import is_impossible
from server.domain.stay.rules.edits import Material, Owed, difference, edited, undone
from server.domain.stay.rules.policies import check, resolve, scope_of, sources
from server.domain.stay.rules.policy_keys import KEYS, Group, PolicyKind
from server.domain.tariff import Line, Quote
from server.domain.vehicle import Plate, PlateColor
from server.kernel.errors import Invalid
from tests.world import NOON

PLATES = [None, *(Plate(f"粤B1234{n}", PlateColor.BLUE) for n in range(3))]
HERE, THERE = (
    BerthLabel(
        code=f"44030400{n}",
        place_id="s1",
        place_name="福华路",
        place_kind="section",
        division_code="440304",
        organization_id="city",
        tariff_id="t",
    )
    for n in (1, 2)
)
NOW = NOON + timedelta(days=1)
minutes = st.integers(0, 1_000)


@st.composite
def stays(draw: st.DrawFn, id: str = "a") -> Stay:
    arrived, lasted = draw(minutes), draw(st.integers(1, 400))
    arrived_at = NOON + timedelta(minutes=arrived)
    plate = draw(st.sampled_from(PLATES))
    stay = Stay(
        id=id,
        v=draw(st.integers(1, 9)),
        berth_id="b1",
        berth=HERE,
        state=StayState.RUNNING if plate else StayState.DETECTED,
        plate=plate,
        arrived_at=arrived_at,
    )
    if draw(st.booleans()):
        return stay
    left_at = arrived_at + timedelta(minutes=lasted)
    return stay.close(left_at=left_at, quote=_quote(lasted))


def _quote(lasted: int) -> Quote:
    return Quote(lasted, (Line("每分钟一分", lasted),))


def priced(version: Version) -> Version:
    """Price as the use case does, a fen a minute."""
    after = version.after
    if after.open or after.state is StayState.VOID:
        return version
    assert after.left_at is not None
    lasted = (after.left_at - after.arrived_at) // timedelta(minutes=1)
    return Version(version.before, after.price(_quote(lasted)))


changes = st.one_of(
    st.builds(lambda p: {"kind": EditKind.PLATE, "plate": p}, st.sampled_from(PLATES[1:])),
    st.builds(
        lambda a, b: {
            "kind": EditKind.TIMES,
            "arrived_at": NOON + timedelta(minutes=min(a, b)),
            "left_at": NOON + timedelta(minutes=max(a, b)),
        },
        minutes,
        minutes,
    ),
    st.just({"kind": EditKind.BERTH, "berth_id": "b2"}),
    st.builds(lambda a: {"kind": EditKind.LEAVE, "left_at": NOON + timedelta(minutes=a)}, minutes),
    st.just({"kind": EditKind.MERGE, "other_id": "z"}),
    st.builds(lambda a: {"kind": EditKind.SPLIT, "at": NOON + timedelta(minutes=a)}, minutes),
    st.just({"kind": EditKind.VOID}),
)


def plan(stay: Stay, other: Stay, said: dict[str, Any]) -> tuple[Version, ...] | None:
    """Edit as the use case does; nothing where it is refused."""
    ids = count()
    change = Change(reason="r", stay_id=stay.id, **said)
    material = Material(
        stay=stay,
        other=other if said["kind"] is EditKind.MERGE else None,
        berth=THERE if "berth_id" in said else None,
        now=NOW,
        new_id=lambda: f"new{next(ids)}",
    )
    try:
        return tuple(priced(one) for one in edited(change, material))
    except Exception as refused:
        assert hasattr(refused, "code")  # noqa: PT017 - a refusal is an answer, a crash is none
        return None


@given(stays(), stays("z"), changes)
def test_no_edit_loses_money_or_makes_times_that_cannot_be(
    stay: Stay, other: Stay, said: dict[str, Any]
) -> None:
    versions = plan(stay, other, said)
    if versions is None:
        return

    for one in versions:
        after = one.after
        assert after.open is (after.state not in (StayState.CLOSED, StayState.VOID))
        assert after.open is (after.amount is None)
        assert sum(line.amount for line in after.lines) == (after.amount or 0)
        assert after.left_at is None or after.arrived_at <= after.left_at <= NOW
    if said["kind"] is EditKind.SPLIT and not stay.open:
        assert sum(one.after.amount or 0 for one in versions) == stay.amount


@given(stays(), stays("z"), changes)
def test_an_edit_and_its_undo_give_the_same_stays(
    stay: Stay, other: Stay, said: dict[str, Any]
) -> None:
    versions = plan(stay, other, said)
    closed = versions and any(
        one.before and one.before.open and one.after.state is StayState.CLOSED for one in versions
    )
    if versions is None or closed:
        return
    saved = tuple(Version(one.before, replace(one.after, v=one.after.v + 1)) for one in versions)
    edit = StayEdit(
        id="e",
        stay_ids=tuple(one.after.id for one in saved),
        change=Change(reason="r", stay_id=stay.id, **said),
        versions=saved,
        difference=0,
        actor_id="clerk",
        at=NOW,
    )

    back = undone(edit, {one.after.id: one.after for one in saved})

    for one, put_back in zip(saved, back, strict=True):
        if one.before is None:
            assert put_back.after.state is StayState.VOID
        else:
            assert replace(put_back.after, v=0, revision=0) == replace(one.before, v=0, revision=0)


@given(st.lists(st.tuples(st.integers(1, 86_000), st.integers(1, 900)), max_size=6))
def test_a_fee_is_foreseen_to_the_second_at_which_it_rises(steps: list[tuple[int, int]]) -> None:
    def price(until: datetime) -> Quote:
        gone_s = (until - NOON).total_seconds()
        amount = sum(more for at_s, more in steps if gone_s >= at_s)
        return Quote(amount, (Line("a", amount),))

    seen = foresee(price, at=NOON)

    first = min((at_s for at_s, _ in steps), default=None)
    assert seen.changes_at == (None if first is None else NOON + timedelta(seconds=first))
    assert seen.next_amount == (price(seen.changes_at).amount if seen.changes_at else None)


@pytest.mark.parametrize(
    ("mode", "changed", "waits"),
    [
        (ReviewMode.NORMAL, 10**6, False),
        (ReviewMode.SOME, 5_000, False),
        (ReviewMode.SOME, 5_001, True),
        (ReviewMode.SOME, -5_001, True),
        (ReviewMode.ALL, 0, True),
    ],
)
def test_who_waits_for_a_second_person(mode: ReviewMode, changed: int, waits: bool) -> None:
    owed = [owed_by(PLATES[1], 10**6, PLATES[1], 10**6 + changed)]

    assert difference(owed, Policy(review_mode=mode)) == (changed, waits)


def owed_by(
    before: Plate | None, was: int | None, after: Plate | None, is_: int, *, open_: bool = False
) -> Owed:
    """Say what a stay cost and costs, and by whose plate; None was not there."""
    ended: dict[str, Any] = {
        "berth_id": "b1",
        "berth": HERE,
        "arrived_at": NOON,
        "state": StayState.CLOSED,
    }
    there = None if was is None else Stay(id="a", plate=before, open=open_, **ended)
    return Owed(Version(there, Stay(id="a", plate=after, open=open_, **ended)), was or 0, is_)


ONE, OTHER = PLATES[1], PLATES[2]


@pytest.mark.parametrize(
    ("owed", "changed", "waits"),
    [
        # put on somebody else's car, and put on one that had not been known
        ([owed_by(ONE, 5_001, OTHER, 5_001)], 0, True),
        ([owed_by(ONE, 5_000, OTHER, 5_000)], 0, False),
        ([owed_by(None, 5_001, ONE, 5_001)], 0, True),
        # while it stands nobody has been charged
        ([owed_by(ONE, 9_000, OTHER, 9_000, open_=True)], 0, False),
        # cut in two: the same car owes no more than before, another one does
        ([owed_by(ONE, 9_000, ONE, 3_000), owed_by(None, None, ONE, 6_500)], 500, False),
        ([owed_by(ONE, 9_000, ONE, 3_000), owed_by(None, None, OTHER, 6_000)], 0, True),
        # two of one car become one
        ([owed_by(ONE, 6_000, ONE, 9_000), owed_by(ONE, 3_000, ONE, 0)], 0, False),
    ],
)
def test_what_moves_from_one_car_to_another_waits_for_a_second_person(
    owed: list[Owed], changed: int, waits: bool
) -> None:
    assert difference(owed, Policy()) == (changed, waits)


@pytest.mark.parametrize(
    ("distance_m", "gap_s", "impossible"),
    [
        (10_000, 300, False),  # 120 km/h to the metre
        (10_001, 300, True),
        (61, 0, True),
        (60, -100, False),
        (61, -1, True),
    ],
)
def test_how_fast_a_car_can_be(distance_m: float, gap_s: float, impossible: bool) -> None:
    assert is_impossible(distance_m, gap_s, speed_kmh=120) is impossible


def test_the_nearest_scope_wins_key_by_key() -> None:
    city = Policy(approval_limit=1, photos_max=2)
    operator = PolicyLayer(id="operator:o", values={"approval_limit": 3, "same_plate": "operator"})
    place = PolicyLayer(id="place:p", values={"approval_limit": 4})

    held = resolve(city, [operator, place])

    assert (held.approval_limit, held.photos_max, held.same_plate) == (4, 2, SamePlate.OPERATOR)


@pytest.mark.parametrize(
    ("scope", "values"),
    [
        ("city", {"nothing": 1}),
        ("city", {"approval_limit": -1}),
        ("city", {"approval_limit": 1.5}),
        ("city", {"approval_limit": True}),
        ("city", {"approval_limit": "1"}),
        ("city", {"approval_limit": {"$gt": 0}}),
        ("city", {"review_mode": "never"}),
        ("city", {"time_zone": "../../etc/passwd"}),
        ("city", {"id": "x"}),
        ("operator", {"arrive_debounce_s": 3}),
        ("place", {"time_zone": "Asia/Shanghai"}),
        ("city", {"pursuit": "operators"}),
        ("operator", {"reminder_ladder": ""}),
        ("operator", {"reminder_ladder": "3:app,0:sms"}),
        ("operator", {"reminder_ladder": "3:app,3:sms"}),
        ("operator", {"reminder_ladder": "0:fax"}),
    ],
)
def test_a_value_that_cannot_be_is_refused(scope: str, values: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="policy_invalid") as refusal:
        check(scope, values)
    assert set(refusal.value.fields) == set(values)


@pytest.mark.parametrize("id", ["", "town", "city:1", "operator", "operator:", "place:", "x:y"])
def test_a_scope_that_is_none_is_refused(id: str) -> None:
    with pytest.raises(Invalid, match="policy_scope_invalid"):
        scope_of(id)


def test_every_key_of_the_switchboard_is_one_of_the_policy_and_its_default_is_allowed() -> None:
    policy = Policy()

    names = {field for field in Policy.__dataclass_fields__ if field not in ("id", "v")}

    assert set(KEYS) == names
    for scope in ("city", "operator", "place"):
        own = {name: getattr(policy, name) for name, key in KEYS.items() if scope in key.scopes}
        assert check(scope, own) == own
    assert all(key.scopes for key in KEYS.values())


def test_each_key_says_what_a_person_needs_to_set_it() -> None:
    for name, key in KEYS.items():
        assert all((key.label, key.hint)), name
        number = key.kind is PolicyKind.NUMBER
        assert (key.least < key.most, key.unit is not None) == (number, number), name
        assert (key.choices is not None) is (key.kind is PolicyKind.CHOICE), name
    for key in KEYS.values():
        if key.choices is not None:
            assert set(key.choices) == set(type(next(iter(key.choices)))), key.label
    groups = [key.group for key in KEYS.values()]
    assert list(dict.fromkeys(groups)) == list(Group)
    assert groups == sorted(groups, key=list(Group).index)


def test_each_value_comes_from_the_nearest_scope_that_says_it() -> None:
    said = [("operator:o", ["approval_limit", "photos_max"]), ("place:p", ["approval_limit"])]

    found = sources(said)

    assert found.keys() == KEYS.keys()
    assert found["approval_limit"] == "place:p"
    assert found["photos_max"] == "operator:o"
    assert found["review_mode"] == "city"
