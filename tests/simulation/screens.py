"""Screens that watch places through the published SDK, and fold what they hear into what they show."""

from collections.abc import Sequence
from typing import Any, Protocol, Self

from centrifuge import Client, StreamPosition, SubscriptionEventHandler

Row = list[Any]


class Served(Protocol):
    """Where screens connect to, and what they ask there."""

    @property
    def url(self) -> str:
        """Address of the web server, without a slash at the end."""
        ...

    async def get(self, path: str) -> Any:
        """Read JSON from the API."""
        ...

    async def post(self, path: str, body: object) -> Any:
        """Send JSON to the API."""
        ...


class Shown(SubscriptionEventHandler):
    """What one screen shows of one place: a snapshot, and the publications since."""

    def __init__(self, city: Served, channel: str) -> None:
        self.rows: dict[str, Row] = {}
        self.loads = 0
        self.recoveries = 0
        self.publications = 0
        self.holes: list[tuple[int, int]] = []
        self._city = city
        self._channel = channel
        self._offset = 0

    async def load(self, _channel: str) -> StreamPosition:
        """Read the snapshot, when the SDK asks for it."""
        snapshot = await self._city.get(f"/api/motorist/snapshots/{self._channel}")
        self.rows = {row[0]: row for row in snapshot["data"]["berths"]}
        self._offset = snapshot["offset"]
        self.loads += 1
        return StreamPosition(offset=snapshot["offset"], epoch=snapshot["epoch"])

    async def on_subscribed(self, ctx: Any) -> None:
        """Count how often what was missed came after all."""
        self.recoveries += ctx.was_recovering and ctx.recovered

    async def on_publication(self, ctx: Any) -> None:
        """Take rows over, each only if it is newer; note where an offset does not follow."""
        self.publications += 1
        # For a slow reader the server makes one publication of several, and says of which.
        first = int((ctx.pub.tags or {}).get("first", ctx.pub.offset))
        if first != self._offset + 1:
            self.holes.append((self._offset, ctx.pub.offset))
        self._offset = ctx.pub.offset
        for row in ctx.pub.data["berths"]:
            shown = self.rows.get(row[0])
            if shown is None or row[-1] > shown[-1]:
                self.rows[row[0]] = row


class Screens:
    """A few clients, each subscribed to every channel."""

    def __init__(self, city: Served, channels: Sequence[str], *, clients: int) -> None:
        self.shown = [
            {channel: Shown(city, channel) for channel in channels} for _ in range(clients)
        ]
        self._city = city
        self._channels = channels
        self._clients: list[Client] = []

    async def __aenter__(self) -> Self:
        for shown in self.shown:
            client = Client(
                f"ws{self._city.url.removeprefix('http')}/connection/websocket",
                get_token=self._token,
                max_reconnect_delay=0.5,
                proxy=None,
            )
            self._clients.append(client)
            await client.connect()
            for channel, one in shown.items():
                subscription = client.new_subscription(
                    channel, events=one, recoverable=True, get_state=one.load
                )
                await subscription.subscribe()
                await subscription.ready(timeout=60)
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients:
            await client.disconnect()

    async def differences(self) -> list[str]:
        """Compare every screen with a fresh snapshot; gives what is not the same."""
        found = []
        for channel in self._channels:
            fresh = await self._city.get(f"/api/motorist/snapshots/{channel}")
            rows = {row[0]: row for row in fresh["data"]["berths"]}
            for number, shown in enumerate(self.shown):
                folded = shown[channel].rows
                found += [
                    f"screen {number}, {code}: {folded.get(code)} is {row}"
                    for code, row in rows.items()
                    if folded.get(code) != row
                ]
        return found

    def each(self) -> list[Shown]:
        """List what every screen shows of every place."""
        return [one for shown in self.shown for one in shown.values()]

    async def _token(self) -> str:
        answer = await self._city.post("/api/motorist/realtime-tokens", {})
        token: str = answer["token"]
        return token
