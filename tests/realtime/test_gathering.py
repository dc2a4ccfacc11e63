"""What a batch of facts says is few publications, and each is known again by its key."""

from datetime import UTC, datetime

from realtime.gathering import publications_of
from server.domain.payment import WalletChanged
from server.domain.stay import SupplyChanged

AT = datetime(2026, 5, 1, tzinfo=UTC)


def supply(place: str, v: int) -> SupplyChanged:
    return SupplyChanged(
        at=AT,
        place_id=place,
        cell="ws10",
        total=9,
        free=v,
        occupied=0,
        unknown=0,
        out_of_service=0,
        v=v,
    )


def wallet(account: str, balance: int) -> WalletChanged:
    return WalletChanged(at=AT, account_id=account, balance=balance, bonus=0)


def keys(facts: list[SupplyChanged | WalletChanged], ids: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in publications_of(facts, ids):
        found.setdefault(one.channel, []).append(one.key)
    return found


def test_the_same_facts_have_the_same_keys_and_others_have_others() -> None:
    facts = [supply("a", 1), wallet("ann", 1), supply("b", 2), wallet("ann", 2)]
    ids = ["r1-0", "r1-1", "r2-0", "r2-1"]

    first = keys(facts, ids)

    assert first == keys(facts, ids)
    assert len({key for some in first.values() for key in some}) == 3
    assert len(first["#ann"]) == 2
    assert len(first["map:ws10"]) == 1


def test_in_another_batch_what_is_told_to_a_person_keeps_its_key() -> None:
    facts = [supply("a", 1), wallet("ann", 1)]

    alone = keys(facts, ["r1-0", "r1-1"])
    more = keys([*facts, supply("a", 2)], ["r1-0", "r1-1", "r2-0"])

    assert more["#ann"] == alone["#ann"]
    # rows carry versions: what says more is another publication
    assert more["map:ws10"] != alone["map:ws10"]


def test_without_ids_there_are_no_keys() -> None:
    assert {one.key for one in publications_of([supply("a", 1), wallet("ann", 1)])} == {""}
