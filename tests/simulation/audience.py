"""Screens on the nodes of a stage: how they reach them, and whether all show what is."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Self
from urllib.parse import quote

from tornado.httpclient import HTTPClientError

from tests.simulation.quarter import PASSWORD
from tests.simulation.records import Records
from tests.simulation.screen import Screen, behind, rows_of
from tests.simulation.stage import Node, Stage, ask


class Audience:
    """So many screens, each with a few of the channels; `url` gives where to connect to."""

    def __init__(
        self,
        stage: Stage,
        channels: Sequence[str],
        *,
        screens: int,
        each: int,
        seed: int,
        url: Callable[[], str],
    ) -> None:
        self._stage = stage
        self._chance = random.Random(seed)
        self.staff_token = ""
        self._records = Records()
        self.screens = [
            Screen(
                f"screen {number}",
                self._chance.sample(channels, each),
                url=url,
                load=self.snapshot,
                token=self._token,
                records=self._records,
            )
            for number in range(screens)
        ]
        self._running: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        body = {"username": "city", "password": PASSWORD}
        login = await ask(self._stage.nodes[0], "POST", "/api/console/logins", body)
        self.staff_token = login["token"]
        self._running = [
            asyncio.create_task(screen.run(random.Random(self._chance.random())))
            for screen in self.screens
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def snapshot(self, channel: str) -> dict[str, Any]:
        """Read a channel's snapshot from any node."""
        return await self.ask("GET", f"/api/console/snapshots/{quote(channel, safe='')}")

    async def _token(self, _name: str) -> dict[str, Any]:
        return await self.ask("POST", "/api/console/realtime-tokens", {})

    async def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Ask any node, as a manager; raises OSError when it does not answer well."""
        node: Node = self._chance.choice(self._stage.nodes)
        try:
            return await ask(node, method, path, body, token=self.staff_token)
        except (HTTPClientError, json.JSONDecodeError) as refusal:
            raise OSError(str(refusal)) from refusal

    async def truth(self) -> dict[str, dict[str, Any]]:
        """Read what each channel's snapshot shows now."""
        channels = {name for screen in self.screens for name in screen.followed}
        return {
            name: {row[0]: row for row in rows_of((await self.snapshot(name))["data"])}
            for name in sorted(channels)
        }

    def differences(self, truth: dict[str, dict[str, Any]]) -> list[str]:
        """List which screens do not show what is."""
        return [
            f"{screen.name} {name}{' (loading)' if one.loading else ''} {late[:2]}"
            for screen in self.screens
            for name, one in screen.followed.items()
            if (late := behind(one.rows, truth[name])) or one.loading
        ]

    @property
    def loading(self) -> bool:
        """Whether some screen does not show a channel of its yet."""
        return any(one.loading for screen in self.screens for one in screen.followed.values())

    @property
    def wrong(self) -> list[str]:
        """List what broke the promise."""
        for task in self._running:
            if task.done() and not task.cancelled():
                task.result()
        self._records.check()
        return [*self._records.wrong, *(line for one in self.screens for line in one.wrong)]

    @property
    def seen(self) -> Counter[str]:
        """Count what happened to all screens."""
        return sum((screen.seen for screen in self.screens), Counter())
