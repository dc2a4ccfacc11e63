"""A short money check, seeded; and a model that Hypothesis drives where it finds it interesting."""

import asyncio
import json
import subprocess
import sys
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from server.standalone import Servers
from tests.money.history import History
from tests.money.plants import PLANTS, planted
from tests.money.run import run_seeds, slot

# The quickest to show themselves; `make money-check` plants all of them.
QUICK = ("unapplied_forgotten", "entry_lopsided", "entry_missing")


async def test_seeded_histories_leave_no_fen_astray(servers: Servers) -> None:
    found = await run_seeds(servers.mongo_url, range(24), slots=2)

    assert not found.faults
    assert found.crashes
    assert found.payments
    assert found.refunds


@pytest.mark.parametrize("name", QUICK)
async def test_a_planted_bug_is_found(servers: Servers, name: str) -> None:
    with planted(name):
        found = await run_seeds(servers.mongo_url, range(24), slots=2, until_fault=True)

    assert found.faults
    assert len(PLANTS) >= 10


class Motorist(RuleBasedStateMachine):
    """A history whose steps Hypothesis chooses; when it ends, all is settled and checked."""

    mongo_url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.slot = slot(self.mongo_url, "money_model")
        store, clock = self.runner.run(self.slot.__aenter__())
        self.history = History(store, clock, "model", Random(0))

    @initialize(seed=st.integers(0, 1_000))
    def begin(self, seed: int) -> None:
        """Let a first stay end."""
        self.history.random = Random(seed)
        self.runner.run(self.history.step("price"))

    @rule(names=st.lists(st.sampled_from(History.STEPS), min_size=1, max_size=3))
    def live(self, names: list[str]) -> None:
        """Let some steps happen at once."""
        self.runner.run(self.history.step(*names))

    @rule(commit=st.integers(1, 6), when=st.sampled_from(["before", "after"]))
    def die(self, commit: int, when: str) -> None:
        """Let the process die at one of the next commits."""
        store = self.history.store
        store.plan[store.commits + commit] = when

    def teardown(self) -> None:
        """Settle all, and see that it holds."""
        try:
            self.runner.run(self.history.settle())
            faults = [*self.history.faults, *self.runner.run(self.history.check())]
        finally:
            self.runner.run(self.slot.__aexit__(None, None, None))
            self.runner.close()
        assert not faults


def model_main(mongo_url: str, examples: int) -> None:
    """Let Hypothesis drive the model, in a process of its own: this one's loop is in use."""
    Motorist.mongo_url = mongo_url
    run_state_machine_as_test(
        Motorist,
        settings=settings(
            max_examples=examples,
            stateful_step_count=6,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_hypothesis_thinks_of_leaves_no_fen_astray(servers: Servers) -> None:
    code = (
        "import json,sys;from tests.money.test_money import model_main;"
        "model_main(*json.loads(sys.argv[1]))"
    )
    asked = json.dumps([servers.mongo_url, 5])

    ran = subprocess.run([sys.executable, "-c", code, asked], capture_output=True, text=True)

    assert ran.returncode == 0, ran.stderr[-3000:]
