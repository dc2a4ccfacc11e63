"""When a car is told of and debited, whatever the order in which things become known."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.autopay import LADDER, Block, Closing, EntryState, ParkingEntry
from server.domain.autopay.model import LIVE, MOVES
from server.domain.autopay.rules import (
    MADE_WITHIN,
    Matter,
    Step,
    end_of,
    next_attempt,
    next_step,
    wants_entry,
)
from server.domain.billing import Bill, BillState
from server.domain.payment import DEBIT, Intent, IntentState, Method, Purpose
from server.domain.stay import Autopay, Policy, Stay, StayState
from server.domain.vehicle import Plate, PlateColor
from server.kernel.errors import Refused
from server.kernel.nouns import replace
from server.providers.payment import Scene
from tests.domain.money import BERTH, PLATE, closed_stay
from tests.world import NOON

ON = Policy(autopay=Autopay.ON)
STAY = replace(closed_stay("stay1", 400), left_at=NOON + timedelta(hours=1))
BILL = Bill(
    id="bill1",
    stay_id="stay1",
    revision=1,
    plate=PLATE,
    owner_id=None,
    organization_id="city",
    place_id="s1",
    due=400,
    lines=STAY.lines,
    issued_at=NOON,
)
ENTRY = ParkingEntry(
    id="e1",
    stay_id="stay1",
    organization_id="city",
    place_id=BERTH.place_id,
    place_name=BERTH.place_name,
    plate=PLATE,
    arrived_at=NOON,
    free_time_s=900,
    state=EntryState.NORMAL,
    parking_id="p1",
    created_at=NOON,
    ask_at=None,
)
INTENT = Intent(
    id="i1",
    purpose=Purpose.BILLS,
    payer_id="",
    provider=Method.WECHAT,
    scene=DEBIT,
    amount=400,
    description="停车费",
    created_at=NOON,
    expires_at=NOON + timedelta(days=1),
)
STANDING = replace(STAY, state=StayState.RUNNING, open=True, left_at=None, amount=None)

stays = st.sampled_from(
    [
        None,
        STAY,
        STANDING,
        replace(STAY, state=StayState.VOID, amount=0),
        replace(STAY, plate=Plate("粤B99999", PlateColor.BLUE)),
        replace(STAY, arrived_at=NOON - timedelta(minutes=1)),
        replace(STAY, holds=("dispute",)),
        replace(STAY, amount=0),
        replace(STAY, amount=None),
        replace(STAY, amount=700),
        replace(STAY, left_at=NOON + timedelta(microseconds=900)),
    ]
)
bills = st.none() | st.builds(
    lambda state, until: replace(BILL, state=state, valid_until=until),
    st.sampled_from([*BillState]),
    st.sampled_from([None, NOON, NOON + timedelta(hours=2)]),
)
intents = st.none() | st.builds(lambda state: _at(INTENT, state), st.sampled_from([*IntentState]))
policies = st.builds(
    lambda autopay, limit: Policy(autopay=autopay, autopay_limit=limit),
    st.sampled_from([*Autopay]),
    st.sampled_from([1, 399, 400, 10_000]),
)
entries = st.builds(
    lambda state: replace(ENTRY, state=state, live=state in LIVE), st.sampled_from([*EntryState])
)


def _at(intent: Intent, state: IntentState) -> Intent:
    return replace(intent, state=state, live=state in (IntentState.CREATED, IntentState.PENDING))


@given(entry=entries.filter(lambda one: one.live), stay=stays, bill=bills, intent=intents, policy=policies)  # fmt: skip
def test_only_a_good_entry_of_an_ended_stay_with_an_open_bill_is_debited(
    entry: ParkingEntry, stay: Stay | None, bill: Bill | None, intent: Intent | None, policy: Policy
) -> None:
    step = next_step(entry, Matter(stay=stay, bill=bill, intent=intent, policy=policy))

    if step is Step.DEBIT:
        assert stay is not None
        assert stay.left_at is not None
        assert bill is not None
        assert intent is None
        assert entry.state is EntryState.NORMAL
        assert not stay.open
        assert not stay.holds
        assert (
            (entry.plate, entry.arrived_at) == (stay.plate, stay.arrived_at) == (bill.plate, NOON)
        )
        assert 0 < bill.open == stay.amount <= policy.autopay_limit
        assert int(stay.arrived_at.timestamp()) < int(stay.left_at.timestamp())
        assert policy.autopay is Autopay.ON


@given(entry=entries, stay=stays, bill=bills, intent=intents, policy=policies)
def test_whatever_is_to_be_done_may_be_done_and_then_is_done(
    entry: ParkingEntry, stay: Stay | None, bill: Bill | None, intent: Intent | None, policy: Policy
) -> None:
    paid = intent is not None and intent.state is IntentState.SUCCEEDED
    step = next_step(entry, Matter(stay=stay, bill=bill, intent=intent, policy=policy))

    if isinstance(step, Closing) and entry.live:
        assert not entry.close(step).live
    if step is Step.USE and entry.state not in (EntryState.DECLINED, EntryState.USED):
        # Nobody debits by an entry that the provider has not answered yet.
        assert entry.state is EntryState.ASKED or not entry.to(EntryState.USED).live
    assert (step is Step.USE) is paid


@given(
    words=st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from([None, *Block])),
        unique_by=lambda word: word[0],
        min_size=1,
    )
)
def test_the_last_word_holds_in_whatever_order_words_come(
    words: list[tuple[int, Block | None]],
) -> None:
    heard = replace(ENTRY, state=EntryState.ASKED, parking_id="")
    for minute, block in words:
        at = NOON + timedelta(minutes=minute)
        heard = heard.hear(parking_id="p1", block=block, at=at)
        assert heard.hear(parking_id="p1", block=block, at=at) == heard

    last = max(words, key=lambda word: word[0])[1]
    assert heard.block is last
    assert heard.state is (EntryState.BLOCKED if last else EntryState.NORMAL)


def test_a_word_of_another_entry_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        ENTRY.hear(parking_id="p2", block=None, at=NOON)

    assert refusal.value.code == "entry_of_another"


@pytest.mark.parametrize("state", EntryState)
def test_an_entry_moves_as_the_table_says_and_no_other_way(state: EntryState) -> None:
    entry = replace(ENTRY, state=state)

    for wanted in EntryState:
        if wanted in MOVES[state]:
            assert entry.to(wanted).live is (wanted in LIVE)
        else:
            with pytest.raises(Refused):
                entry.to(wanted)


def test_the_ladder_ends_and_no_rung_says_anything_else_of_the_car() -> None:
    entry, now, made = ENTRY, NOON, [ENTRY]
    while again := next_attempt(entry, id=f"e{len(made) + 1}", now=now):
        assert again.ask_at == now + LADDER[len(made) - 1]
        assert (again.state, again.parking_id, again.intent_id) == (EntryState.ASKED, "", "")
        told = (again.plate, again.arrived_at, again.place_name, again.free_time_s)
        assert told == (entry.plate, entry.arrived_at, entry.place_name, entry.free_time_s)
        entry, now = again, again.ask_at
        made.append(again)

    assert [one.attempt for one in made] == [1, 2, 3]
    assert len(made) == len(LADDER) + 1


def test_who_stands_or_has_just_gone_is_told_of_and_nobody_else() -> None:
    assert STAY.left_at is not None
    late = STAY.left_at + MADE_WITHIN

    assert wants_entry(STANDING, ON, NOON)
    assert wants_entry(STAY, ON, late)
    assert not wants_entry(STAY, ON, late + timedelta(seconds=1))
    assert not wants_entry(STANDING, Policy(), NOON)
    assert not wants_entry(replace(STANDING, plate=None), ON, NOON)
    assert not wants_entry(replace(STAY, state=StayState.VOID), ON, NOON)


def test_a_debit_never_says_that_a_car_goes_later_than_now() -> None:
    assert STAY.left_at is not None

    assert end_of(STAY, NOON) == NOON
    assert end_of(STAY, NOON + timedelta(days=1)) == STAY.left_at


def test_the_price_that_was_shown_and_paid_before_leaving_settles_it() -> None:
    prepaid = replace(BILL, due=300, state=BillState.PAID, paid=300)
    in_time = replace(prepaid, valid_until=NOON + timedelta(hours=2))

    def step(bill: Bill) -> Step | Closing:
        return next_step(ENTRY, Matter(stay=STAY, bill=bill, intent=None, policy=ON))

    assert step(in_time) is Closing.SETTLED
    assert step(replace(prepaid, valid_until=NOON)) is Step.KEEP
    assert step(replace(BILL, valid_until=NOON)) is Step.KEEP


def test_a_bill_that_still_names_the_plate_or_price_of_before_is_not_debited() -> None:
    other = Plate("粤B99999", PlateColor.BLUE)
    stay, entry = replace(STAY, plate=other), replace(ENTRY, plate=other)

    def step(bill: Bill) -> Step | Closing:
        return next_step(entry, Matter(stay=stay, bill=bill, intent=None, policy=ON))

    assert step(BILL) is Step.KEEP
    assert step(replace(BILL, plate=other, due=700)) is Step.KEEP
    assert step(replace(BILL, plate=other)) is Step.DEBIT


def test_domain_and_provider_mean_the_same_scene() -> None:
    assert Scene.PARKING.value == DEBIT
