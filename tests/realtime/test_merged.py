"""Publications that a slow reader gets as one say which they are, so that nobody takes it for a gap."""

import msgspec

from realtime.folding import fold
from realtime.gathering import merge_state
from realtime.protocol import publication


def body(*rows: list[object]) -> bytes:
    return b'"data":' + msgspec.json.encode({"berths": rows})


def test_a_merged_publication_names_the_first_of_those_that_it_is_made_of() -> None:
    waiting = [(7, body(["A", "free", 90, 0, 1])), (8, body(["A", "occupied", 90, 1, 2])), (9, body(["B", "free", 90, 0, 1]))]  # fmt: skip

    [(offset, merged)] = fold(waiting, merge_state)

    told = msgspec.json.decode(publication(merged, offset))
    assert told["offset"] == 9
    assert told["tags"] == {"first": "7"}
    assert sorted(told["data"]["berths"]) == [["A", "occupied", 90, 1, 2], ["B", "free", 90, 0, 1]]


def test_one_alone_is_sent_as_it_is() -> None:
    assert fold([(7, body())], merge_state) == [(7, body())]


def test_what_was_merged_before_is_merged_again() -> None:
    once = fold(
        [(1, body(["A", "free", 90, 0, 1])), (2, body(["A", "free", 90, 0, 2]))], merge_state
    )

    [(offset, merged)] = fold([*once, (3, body(["A", "free", 90, 0, 3]))], merge_state)

    told = msgspec.json.decode(publication(merged, offset))
    assert (told["offset"], told["tags"]) == (3, {"first": "1"})
    assert told["data"]["berths"] == [["A", "free", 90, 0, 3]]
