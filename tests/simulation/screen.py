"""A screen of a few channels that does as a client has to, and takes down whatever should not be."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.line import Closed, Line, Push, Refused
from tests.simulation.records import VERSION, Records, Row

Read = Callable[[str], Awaitable[dict[str, Any]]]
"""Reads a channel's snapshot, or gives a new token; raises OSError when it cannot now."""

LONGEST_PAUSE_S = 1.0


Heard = tuple[int, int, list[Row]]
"""A publication's first and last offset, the same but where several were made one, and its rows."""


@dataclass
class Followed:
    """What is held of one channel, and where it stands."""

    channel: str
    rows: dict[str, Row] = field(default_factory=dict)
    epoch: str = ""
    # Of which stream the subscription is, while what is held may still be of another.
    stream: str = ""
    # The last publication that is in `rows`, and the last one that came by this subscription.
    held: int = 0
    came: int = 0
    # What the stream had when a snapshot was asked for: an older one lacks something.
    required: tuple[str, int] = ("", 0)
    loading: bool = True
    waiting: list[Heard] = field(default_factory=list)


class Screen:
    """Follows channels over one connection at a time, until it is cancelled.

    `wrong` lists what breaks the promise: a publication twice, out of order or missing, a partial
    recovery, an end that no one asked for. `seen` counts what happened.
    """

    def __init__(
        self,
        name: str,
        channels: Sequence[str],
        *,
        url: Callable[[], str],
        load: Read,
        token: Read,
        records: Records,
    ) -> None:
        self.name = name
        self.followed = {channel: Followed(channel) for channel in channels}
        self.wrong: list[str] = []
        self.seen: Counter[str] = Counter()
        self._url = url
        self._load = load
        self._read_token = token
        self._token = ""
        self._records = records
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def complete(self) -> bool:
        """Whether everything is loaded."""
        return not any(one.loading for one in self.followed.values())

    async def run(self, chance: random.Random) -> None:
        """Connect, and again whenever the line is gone, with a jittered pause."""
        pause_s = 0.05
        while True:
            try:
                if not self._token:
                    self._token = (await self._read_token(self.name))["token"]
                async with Line(self._url(), self._hear) as line:
                    await self._follow(line)
                    pause_s = 0.05
                    self._note_close(await line.closed())
            except Closed as closed:
                self._note_close(closed.code)
            except Refused as refusal:
                self.seen[f"refused {refusal.code}"] += 1
                if refusal.code == 109:
                    self._token = ""
            except (OSError, TimeoutError):
                self.seen["token failed"] += 1
            finally:
                await self._end_tasks()
            await asyncio.sleep(chance.uniform(0, pause_s))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _note_close(self, code: int) -> None:
        self.seen[f"closed {code}"] += 1
        if code >= 3500:
            self.wrong.append(f"{self.name}: ended for good with {code}")

    async def _follow(self, line: Line) -> None:
        await line.ask("connect", {"token": self._token})
        self._line = line
        self.seen["connected"] += 1
        for one in self.followed.values():
            if not one.epoch:
                await self._load_first(one)
            await self._subscribe(line, one)

    async def _load_first(self, one: Followed) -> None:
        snapshot = await self._load(one.channel)
        self._take_snapshot(one, snapshot)

    async def _subscribe(self, line: Line, one: Followed) -> None:
        # A push may follow the answer in the same frame: it is only buffered until we are here.
        one.loading, one.waiting, one.came = True, [], -1
        asked = {
            "channel": one.channel,
            "recover": True,
            "epoch": one.epoch,
            "offset": one.held,
        }
        result = await line.ask("subscribe", asked)
        came = [(p["offset"], rows_of(p["data"])) for p in result.get("publications", [])]
        offset, epoch = result.get("offset", 0), result["epoch"]
        early, one.waiting = one.waiting, []
        one.stream = epoch
        for at, rows in came:
            self._records.heard(one.channel, epoch, at, rows)
        if result.get("recovered"):
            self.seen["recovered"] += 1
            offsets = [at for at, _ in came]
            if epoch != one.epoch or offsets != list(range(one.held + 1, offset + 1)):
                where = f"{one.epoch}/{one.held} to {epoch}/{offset}"
                self.wrong.append(f"{self.name} {one.channel}: recovered {where} by {offsets}")
            one.came = offset
            one.loading = False
            for at, rows in came:
                self._apply(one, at, at, rows)
        else:
            self.seen["unrecovered"] += 1
            if came:
                self.wrong.append(f"{self.name} {one.channel}: a partial recovery, {len(came)}")
            one.came, one.required = offset, (epoch, offset)
            self._spawn(self._reload(one))
        for heard in early:
            self._publication(one, *heard)

    async def _reload(self, one: Followed) -> None:
        while one.loading:
            try:
                snapshot = await self._load(one.channel)
            except (OSError, TimeoutError):
                self.seen["load failed"] += 1
                await asyncio.sleep(0.2)
                continue
            epoch, offset = one.required
            if snapshot["epoch"] == epoch and snapshot["offset"] >= offset:
                self._take_snapshot(one, snapshot)
                one.loading = False
                waiting, one.waiting = one.waiting, []
                for heard in waiting:
                    self._apply(one, *heard)
            else:
                # One that others share may be a second old.
                self.seen["snapshot too old"] += 1
                await asyncio.sleep(0.3)

    def _take_snapshot(self, one: Followed, snapshot: dict[str, Any]) -> None:
        self.seen["loaded"] += 1
        rows = rows_of(snapshot["data"])
        self._records.loaded(one.channel, snapshot, rows)
        one.rows = {row[0]: row for row in rows}
        one.epoch, one.held = snapshot["epoch"], snapshot["offset"]

    def _hear(self, push: Push) -> None:
        one = self.followed.get(push.get("channel", ""))
        if one is None:
            return
        if "pub" in push:
            pub = push["pub"]
            # For a slow reader the server makes one publication of several, and says of which.
            offset = pub.get("offset", 0)
            first = int(pub.get("tags", {}).get("first", offset))
            self._publication(one, first, offset, rows_of(pub["data"]))
        elif "unsubscribe" in push:
            code = push["unsubscribe"]["code"]
            self.seen[f"unsubscribed {code}"] += 1
            if code < 2500:
                self.wrong.append(f"{self.name} {one.channel}: unsubscribed with {code}")
            self._spawn(self._subscribe_again(one))

    async def _subscribe_again(self, one: Followed) -> None:
        with suppress(Closed):
            while True:
                try:
                    return await self._subscribe(self._line, one)
                except Refused as refusal:
                    self.seen[f"refused {refusal.code}"] += 1
                    await asyncio.sleep(0.2)

    def _publication(self, one: Followed, first: int, offset: int, rows: list[Row]) -> None:
        self.seen["publications"] += 1
        if one.came < 0:
            one.waiting.append((first, offset, rows))
            return
        if first != one.came + 1:
            self.wrong.append(f"{self.name} {one.channel}: {first} came after {one.came}")
        if first == offset:
            self._records.heard(one.channel, one.stream, offset, rows)
        else:
            self.seen["merged"] += 1
        one.came = offset
        if one.loading:
            one.waiting.append((first, offset, rows))
        else:
            self._apply(one, first, offset, rows)

    def _apply(self, one: Followed, first: int, offset: int, rows: list[Row]) -> None:
        if offset <= one.held:
            # Older than the snapshot that is held.
            return
        if first > one.held + 1:
            self.wrong.append(f"{self.name} {one.channel}: {first} applied after {one.held}")
        one.held = offset
        for row in rows:
            shown = one.rows.get(row[0])
            if shown is None or row[VERSION] > shown[VERSION]:
                one.rows[row[0]] = row

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end_tasks(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for one in self.followed.values():
            one.loading = True


def rows_of(data: dict[str, Any]) -> list[Row]:
    """Give the rows of a publication or snapshot, of berths or of places."""
    rows: list[Row] = data["berths"] if "berths" in data else data["places"]
    return rows


def behind(shown: dict[str, Row], truth: dict[str, Row]) -> list[str]:
    """List the rows that are not shown as they are.

    A row's version may rise by what no screen shows; and one that is shown in a newer version has
    changed since the truth was read.
    """
    return [
        f"{shown.get(key)} is {row}"
        for key, row in truth.items()
        if key not in shown
        or (_said(shown[key]) != _said(row) and shown[key][VERSION] <= row[VERSION])
    ]


def _said(row: Row) -> Row:
    return row[:VERSION] + row[VERSION + 1 :]
