"""Readers that are behind: served alone, caught up with what is newest, in order and each once."""

import asyncio
import json
import zlib
from typing import Any

import pytest

from realtime import codes
from realtime.deflate import AGREED, agree, deflated_frame
from realtime.door import Door
from realtime.fanout import Log, Pump
from realtime.folding import Waiting, fold
from realtime.gathering import merge_state
from realtime.protocol import encode_json, publication, publication_body, text_frame
from tests.realtime.fakes import payloads


class Channel:
    """Makes frames as a live channel does."""

    def frame(self, waiting: Waiting, *, deflates: bool = False) -> bytes:
        offset, body = waiting
        text = publication(body, offset)
        return deflated_frame(text) if deflates else text_frame(text)

    def fold(self, waiting: list[Waiting]) -> list[Waiting]:
        return fold(waiting, merge_state)


class Reader:
    """A subscriber whose kernel takes as many bytes as a test gives it room for."""

    def __init__(self, *, deflates: bool = False) -> None:
        self.deflates = deflates
        self.behind = False
        self.room = 1 << 30
        self.got = b""
        self.rest = b""
        self.most_held = 0
        self.log: Any = None

    @property
    def transport(self) -> Any:
        return self

    def send(self, frame: bytes) -> int:
        assert not self.behind
        taken = frame[: self.room]
        if not taken:
            raise BlockingIOError
        self.got += taken
        self.room -= len(taken)
        return len(taken)

    def take_rest(self, frame: bytes, sent: int) -> None:
        self.rest += frame[sent:]
        self.behind = True
        self.log.part(self)

    def push(self, frame: bytes) -> None:
        if self.behind:
            self.rest += frame
        elif (sent := self.send(frame) if self.room else 0) < len(frame):
            self.take_rest(frame, sent)

    def hold(self, size: int) -> bool:
        self.most_held = max(self.most_held, size)
        return True

    def read_all(self) -> None:
        """The reader takes all that waits."""
        self.got, self.rest = self.got + self.rest, b""
        self.room, self.behind = 1 << 30, False
        self.log.rejoin(self)

    def unsubscribe(self, channel: str, code: codes.UnsubscribeCode) -> None:
        raise AssertionError("nobody is unsubscribed here")

    @property
    def publications(self) -> list[Any]:
        return [json.loads(text) for text in payloads(self.got)]

    @property
    def offsets(self) -> list[int]:
        return [one["offset"] for one in self.publications]


class Stream:
    """A log with its pump, published to by hand."""

    def __init__(self, *, folds: bool) -> None:
        self.pump = Pump()
        self.channel = Channel()
        self.log = Log(self.pump, self.channel, folds=folds)
        self.offset = 0

    def join(self, reader: Reader) -> Reader:
        reader.log = self.log
        self.log.add(reader)
        return reader

    def publish(self, data: Any, *, serve: bool = True) -> None:
        self.offset += 1
        waiting = (self.offset, publication_body(encode_json(data)))
        self.log.append(self.channel.frame(waiting), 0.0, waiting)
        if serve:
            self.pump.drain()


def rows(publications: list[Any]) -> dict[str, list[Any]]:
    """Fold berth rows as a screen does."""
    held: dict[str, list[Any]] = {}
    for one in publications:
        for row in one["data"]["berths"]:
            if row[4] > held.get(row[0], [0, 0, 0, 0, -1])[4]:
                held[row[0]] = row
    return held


def change(code: str, v: int) -> Any:
    return {"berths": [[code, "free", 100, 1000 + v, v]], "heard_ms": 1000 + v}


async def test_a_reader_that_is_behind_gets_the_newest_rows_at_the_last_offset() -> None:
    stream = Stream(folds=True)
    slow, quick = stream.join(Reader()), stream.join(Reader())
    slow.room = 10

    for v in range(1, 101):
        stream.publish(change(f"{v % 5}", v))
    slow.read_all()

    assert quick.offsets == list(range(1, 101))
    assert slow.offsets == [1, 100]
    assert rows(slow.publications) == rows(quick.publications)
    assert slow.publications[1]["data"]["heard_ms"] == 1002


async def test_what_waits_for_a_reader_stays_as_small_as_the_state() -> None:
    stream = Stream(folds=True)
    slow = stream.join(Reader())
    slow.room = 0

    for v in range(1, 20_001):
        stream.publish(change(f"{v % 50}", v))

    assert slow.most_held < 5_000


async def test_a_stream_is_never_folded() -> None:
    stream = Stream(folds=False)
    slow, quick = stream.join(Reader()), stream.join(Reader())
    slow.room = 10

    for v in range(1, 101):
        stream.publish(change("1", v))
    slow.read_all()
    stream.publish(change("1", 101))

    assert slow.offsets == quick.offsets == list(range(1, 102))


async def test_a_reader_that_caught_up_goes_on_where_it_was() -> None:
    stream = Stream(folds=True)
    slow, other = stream.join(Reader()), stream.join(Reader())
    slow.room = 0
    stream.publish(change("1", 1))
    stream.publish(change("2", 2))
    # A publication that no chunk has been sent yet must not reach it twice.
    stream.publish(change("3", 3), serve=False)
    slow.read_all()
    stream.pump.drain()

    stream.publish(change("4", 4))

    assert slow.offsets == [1, 3, 4]
    assert other.offsets == [1, 2, 3, 4]


async def test_a_reader_that_falls_behind_elsewhere_keeps_what_its_chunk_waits_for() -> None:
    stream = Stream(folds=True)
    slow = stream.join(Reader())
    stream.publish(change("1", 1), serve=False)
    stream.publish(change("2", 2), serve=False)
    slow.take_rest(b"", 0)
    stream.pump.drain()

    slow.read_all()

    assert slow.offsets == [2]
    assert set(rows(slow.publications)) == {"1", "2"}


async def test_a_chunk_that_waits_is_sent_the_newest_rows() -> None:
    stream = Stream(folds=True)
    reader = stream.join(Reader())

    for v in range(1, 11):
        stream.publish(change("1", v), serve=False)
    stream.pump.drain()

    [sent] = reader.publications
    assert sent["data"] == change("1", 10) | {"heard_ms": 1001}
    assert (sent["tags"], sent["offset"]) == ({"first": "1"}, 10)


async def test_each_form_of_frame_goes_to_who_takes_it() -> None:
    stream = Stream(folds=False)
    plain, packed = stream.join(Reader()), stream.join(Reader(deflates=True))
    late = stream.join(Reader(deflates=True))
    data = change("1", 1) | {"text": "x" * 1000}

    stream.publish(data)
    stream.publish(data)

    assert plain.offsets == [1, 2]
    assert packed.got == late.got
    assert len(packed.got) < len(plain.got) / 4
    assert [json.loads(text)["offset"] for text in inflated(packed.got)] == [1, 2]


def inflated(data: bytes) -> list[bytes]:
    """Read compressed frames below 126 bytes, each on its own."""
    found = []
    while data:
        assert data[0] == 0xC1
        size = data[1]
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        found.append(inflater.decompress(data[2 : 2 + size] + b"\0\0\xff\xff"))
        data = data[2 + size :]
    return found


def test_only_bodies_of_nothing_but_data_are_merged() -> None:
    body = [publication_body(encode_json(change("1", v))) for v in range(5)]
    signed = body[2] + b',"info":{"user":"ann"}'

    folded = fold(
        [(1, body[0]), (2, body[1]), (3, signed), (4, body[3]), (5, body[4])], merge_state
    )

    assert [offset for offset, _ in folded] == [2, 3, 5]
    assert folded[1] == (3, signed)


def test_merging_takes_the_higher_version_and_keeps_what_only_one_says() -> None:
    newer = {"berths": [["1", "free", 1, 1, 9], ["2", "free", 1, 1, 1]], "heard_ms": 5}
    older = {"berths": [["1", "occupied", 1, 1, 8]], "heard_ms": 7}

    assert merge_state(newer, older) == newer
    assert merge_state({"v": 1, "free": 3}, {"v": 2, "free": 4}) == {"v": 2, "free": 4}


@pytest.mark.parametrize(
    ("offers", "agreed"),
    [
        ("permessage-deflate", AGREED),
        ("permessage-deflate; client_max_window_bits", AGREED),
        ("permessage-deflate; server_max_window_bits=10", ""),
        ("permessage-deflate; server_max_window_bits=10, permessage-deflate", AGREED),
        ("permessage-deflate; client_max_window_bits=15; server_no_context_takeover", AGREED),
        ("permessage-deflate; client_max_window_bits=99", ""),
        ("permessage-deflate; colour=1", ""),
        ("permessage-deflate; colour=1, permessage-deflate", AGREED),
        ("x-webkit-deflate-frame", ""),
    ],
)
def test_compression_is_agreed_on_only_with_frames_that_all_can_share(
    offers: str, agreed: str
) -> None:
    assert agree(offers) == agreed


def test_a_door_lets_in_a_seconds_worth_and_then_its_rate() -> None:
    now = [0.0]
    door = Door(10, lambda: now[0])

    assert sum(door.admit() for _ in range(30)) == 10
    now[0] = 0.5
    assert sum(door.admit() for _ in range(30)) == 5
    now[0] = 100.0
    assert sum(door.admit() for _ in range(30)) == 10


async def test_the_pump_looks_at_sockets_between_turns() -> None:
    stream = Stream(folds=False)
    readers = [stream.join(Reader()) for _ in range(600)]
    stream.publish("x", serve=False)

    served = []
    while not all(reader.got for reader in readers):
        await asyncio.sleep(0)
        served.append(sum(bool(reader.got) for reader in readers))

    assert served == [128, 128, 256, 256, 384, 384, 512, 512, 600]
