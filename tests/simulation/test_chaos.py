"""A short chaos run among the ordinary tests; `make chaos-realtime` is the long one."""

import os
import random
from pathlib import Path

import pytest

from tests.simulation.chaos import Options, run

pytestmark = pytest.mark.simulation

# 25 s in all with the servers' start: pings of 3 s, so that half-open lines are seen in it.
SHORT = {"rounds": 1, "round_s": 6.0, "screens": 30, "published": 2, "kills": 1, "ping_s": 3.0}


def seed_of_this_run() -> int:
    """Give another seed each time; `CHAOS_SEED` repeats one."""
    return int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))


async def test_every_screen_shows_what_is_after_all_that_can_break_has_broken(
    tmp_path: Path,
) -> None:
    seed = seed_of_this_run()

    outcome = await run(Options(seed=seed, **SHORT), tmp_path)  # type: ignore[arg-type]

    assert outcome.wrong == [], f"CHAOS_SEED={seed}: {outcome.did}"
    assert outcome.did["publications"]
    assert outcome.did["recovered"]
    assert outcome.did["loaded"]
