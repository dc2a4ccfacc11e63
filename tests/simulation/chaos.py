"""`make chaos-realtime`: hundreds of screens behind a network that breaks, on nodes that die.

python -m tests.simulation.chaos [--seed N] [--rounds N] [--round-s S] [--screens N] [--plant NAME]

In each round berths change while connections are cut, reset, stalled, half-opened and crumbled at
random, Redis is flushed and restarted, serving nodes are killed, and those that live lose what they
hear Redis by; each of these at least once, whatever the seed. Then the berths rest, and within 30 s of the last fault every screen has to show exactly what a fresh snapshot does, with no
publication twice, out of order or missing on the way. Exit code 1, and what was wrong, otherwise.
"""

import argparse
import asyncio
import logging
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from redis.asyncio import Redis

from tests.simulation.audience import Audience
from tests.simulation.planted import PLANTS
from tests.simulation.proxy import KINDS, Proxy
from tests.simulation.published import PublishedScreens
from tests.simulation.quarter import Quarter
from tests.simulation.stage import Node, Stage

STALE_S = 30.0
PLACES, BERTHS_EACH = 24, 12
FLIPS_S = 40
STRIKES_S = 4.0
# 3 s: with 40 changes a second a channel of 49 has two publications and more.
AWAY_S = 3.0


@dataclass(frozen=True)
class Options:
    """How the run is to be; `ping_s` shortens the pings, so that a short run sees dead peers."""

    seed: int
    rounds: int = 3
    round_s: float = 60.0
    screens: int = 200
    published: int = 6
    kills: int = 2
    plant: str | None = None
    ping_s: float | None = None


@dataclass
class Outcome:
    """What a run found wrong, and what it did."""

    wrong: list[str] = field(default_factory=list)
    healed_s: list[float] = field(default_factory=list)
    did: dict[str, int] = field(default_factory=dict)


async def run(options: Options, folder: Path) -> Outcome:
    """Run all rounds, until one fails."""
    quarter = Quarter(PLACES, BERTHS_EACH)
    serve = [sys.executable, "-m", "tests.simulation.planted"]
    serve += ["--plant", options.plant] if options.plant else []
    serve += ["--ping", str(options.ping_s)] if options.ping_s else []
    async with Stage(folder, quarter.fill, serve=(*serve, "serve")) as stage:
        chance = random.Random(options.seed)
        proxy = Proxy(lambda: chance.choice(stage.nodes).port, seed=options.seed)
        audience = Audience(
            stage,
            quarter.channels,
            screens=options.screens,
            each=3,
            seed=options.seed,
            url=lambda: proxy.url,
        )
        async with proxy, audience:
            published = PublishedScreens(stage, proxy, audience, quarter, count=options.published)
            async with published:
                chaos = Chaos(options, stage, quarter, proxy, audience, published)
                return await chaos.run()


class Chaos:
    """The rounds of one run."""

    def __init__(
        self,
        options: Options,
        stage: Stage,
        quarter: Quarter,
        proxy: Proxy,
        audience: Audience,
        published: PublishedScreens,
    ) -> None:
        self._options = options
        self._stage = stage
        self._quarter = quarter
        self._proxy = proxy
        self._audience = audience
        self._published = published
        self._chance = random.Random(options.seed)
        self._outcome = Outcome()
        self._changes = 0
        self._busy = False
        self._struck_at = 0.0
        self._victims = 0
        self._reviving: Node | None = None

    async def run(self) -> Outcome:
        """Run the rounds; what is wrong in one ends the run."""
        for number in range(self._options.rounds):
            await self._round(last=self._flush if number % 2 == 0 else self._cut_all)
            self._outcome.wrong = [*self._audience.wrong, *self._published.wrong]
            await self._settle()
            print(f"round {number + 1}: {self._told()}", flush=True)
            if self._outcome.wrong:
                break
        self._outcome.did = self._told()
        return self._outcome

    async def _round(self, *, last: Callable[[], Awaitable[None]]) -> None:
        self._busy = True
        changing = asyncio.create_task(self._change())
        try:
            began = time.monotonic()
            for at_s, act in [*self._plan(), (self._options.round_s, last)]:
                ahead = began + at_s - time.monotonic()
                if ahead > 0:
                    await asyncio.sleep(ahead)
                await act()
                self._struck_at = time.monotonic()
            # While all come back, and load what a flush took, berths go on changing.
            await asyncio.sleep(self._options.round_s / 20)
        finally:
            self._busy = False
            await changing

    def _plan(self) -> Iterator[tuple[float, Callable[[], Awaitable[None]]]]:
        length_s = self._options.round_s
        count = int(length_s * STRIKES_S * self._options.screens / 200)
        kinds = [*KINDS, *self._chance.choices(("cut", *KINDS), k=count)][: max(count, len(KINDS))]
        acts: list[tuple[float, Callable[[], Awaitable[None]]]] = [
            (self._chance.uniform(0.05, 0.98), partial(self._strike, kind)) for kind in kinds
        ]
        heavy = [self._flush, self._restart_redis, self._cut_all]
        heavy += [self._kill_node] * self._options.kills
        acts += [(self._chance.uniform(0.1, 0.9), act) for act in heavy]
        # Before all else, from which clients would only come back to load anew.
        acts.append((0.03, self._shut_out))
        # After all that would let a node begin anew: one that stays deaf is deaf to the end.
        acts.append((self._chance.uniform(0.91, 0.95), self._deafen))
        yield from ((part * length_s, act) for part, act in sorted(acts, key=lambda one: one[0]))

    async def _change(self) -> None:
        while self._busy:
            count = self._chance.randint(1, 6)
            await self._quarter.flip(self._stage.store, self._chance, count)
            self._changes += count
            await asyncio.sleep(self._chance.uniform(0, 2 * count / FLIPS_S))

    async def _strike(self, kind: str) -> None:
        self._proxy.strike(kind)

    async def _cut_all(self) -> None:
        self._proxy.cut_all()

    async def _flush(self) -> None:
        self._proxy.done["redis flushed"] += 1
        async with Redis.from_url(self._stage.servers.redis_url) as redis:
            await redis.flushall()

    async def _restart_redis(self) -> None:
        self._proxy.done["redis killed"] += 1
        await self._stage.servers["redis"].kill()
        await asyncio.sleep(self._chance.uniform(0.2, 2.0))
        await self._stage.servers["redis"].start()

    async def _shut_out(self) -> None:
        """Let all miss several publications of what they hear, and come back to be given them."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STALE_S / 2):
                while self._audience.loading:
                    await asyncio.sleep(0.1)
        await self._proxy.shut_out(AWAY_S)
        await asyncio.sleep(AWAY_S / 2)

    async def _deafen(self) -> None:
        """Cut what the nodes hear Redis by, once all of them serve; berths go on changing."""
        if self._reviving is not None:
            await self._reviving.serves()
        async with Redis.from_url(self._stage.servers.redis_url) as redis:
            deaf = await redis.client_kill_filter(_type="pubsub")
        self._proxy.done["pub/sub links cut"] += int(deaf)

    async def _kill_node(self) -> None:
        self._proxy.done["node killed"] += 1
        # One at a time: where all are gone nothing is served, and nothing can be seen.
        if self._reviving is not None:
            await self._reviving.serves()
        node = self._reviving = self._stage.nodes[self._victims % len(self._stage.nodes)]
        self._victims += 1
        await node.end(signal.SIGKILL)
        await node.start()

    async def _settle(self) -> None:
        """Wait until every screen shows what is; notes who does not in time."""
        found = ["never compared"]
        while found and time.monotonic() - self._struck_at < STALE_S:
            with suppress(OSError):
                truth = await self._audience.truth()
                found = [
                    *self._audience.differences(truth),
                    *await self._published.differences(truth),
                ]
            if found:
                await asyncio.sleep(0.25)
        self._outcome.healed_s.append(round(time.monotonic() - self._struck_at, 1))
        # What came last may have been wrong too.
        self._outcome.wrong = [*self._audience.wrong, *self._published.wrong]
        self._outcome.wrong += [f"stale after {STALE_S:.0f} s: {one}" for one in found]

    def _told(self) -> dict[str, int]:
        return {
            "berths changed": self._changes,
            **dict(sorted(self._proxy.done.items())),
            **dict(sorted(self._audience.seen.items())),
            **self._published.seen,
        }


def main() -> int:
    """Run as the arguments say; 1 when something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--round-s", type=float, default=60.0)
    parser.add_argument("--screens", type=int, default=200)
    parser.add_argument("--published", type=int, default=6)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--plant", choices=PLANTS)
    parser.add_argument("--ping-s", type=float)
    options = Options(**vars(parser.parse_args()))
    print(f"seed {options.seed}, plant {options.plant}", flush=True)
    # It tells of each request that ended after the screen that asked had lost its connection.
    logging.getLogger("tornado.application").setLevel(logging.CRITICAL)
    began = time.monotonic()
    with TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as folder:
        outcome = asyncio.run(run(options, Path(folder)))
    print(f"{time.monotonic() - began:.0f} s, healed after {outcome.healed_s} s")
    for line in outcome.wrong[:20]:
        print(f"  WRONG {line}")
    verdict = f"{len(outcome.wrong)} wrong" if outcome.wrong else "all well"
    print(f"seed {options.seed}: {verdict}")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
