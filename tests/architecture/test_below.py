"""Below the edge there is no clock and no chance, and whatever is told is heard or silent on purpose."""

import ast

import pytest

import server.main  # noqa: F401 - declares every fact, reaction and job
from realtime.feeds import FEEDS, SILENT
from server.kernel.events import Fact, Facts
from server.kernel.schedule import JOBS
from tests.architecture.source import dotted, sources

TELLING_ROOMS = frozenset({"service", "reactions", "jobs"})
CLOCKS = frozenset(
    {
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "time.time",
        "time.time_ns",
        "time.monotonic",
        "os.urandom",
        "os.environ",
        "os.getenv",
        "asyncio.sleep",
    }
)
CHANCE = frozenset({"random", "uuid", "time", "os", "secrets", "environ"})
# The code that is sent to a phone must not be guessed: work has no secret to offer.
ALLOWED = {("server.domain.identity.service", "secrets")}


def test_only_service_reactions_and_jobs_tell() -> None:
    telling = [
        source.at(node)
        for source in sources("server/domain")
        if source.room not in TELLING_ROOMS
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and dotted(node.func).endswith("work.tell")
    ]

    assert not telling


def test_nobody_above_the_domain_tells() -> None:
    telling = [
        source.at(node)
        for source in sources()
        if not source.module.startswith("server.domain")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and dotted(node.func).endswith(".tell")
    ]

    assert not telling


def test_the_domain_asks_no_clock() -> None:
    asking = [
        f"{source.at(node)} {dotted(node)}"
        for source in sources("server/domain")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and dotted(node) in CLOCKS
    ]

    assert not asking


def test_the_domain_leaves_nothing_to_chance() -> None:
    by_chance = {
        (source.module, name)
        for source in sources("server/domain")
        for name, _line in source.imports()
        if name.partition(".")[0] in CHANCE
    }

    assert by_chance == ALLOWED


@pytest.mark.parametrize("kind", Facts.kinds.values(), ids=lambda kind: kind.__name__)
def test_a_fact_is_fed_or_reacted_to_or_silent_on_purpose(kind: type[Fact]) -> None:
    assert kind in FEEDS or kind in SILENT or Facts.reactions.get(kind)
    assert not (kind in FEEDS and kind in SILENT), "it is fed, so it is not silent"


def test_a_fact_is_a_noun_with_a_past_participle_and_says_what_it_is() -> None:
    endings = ("ed", "Withdrawn", "Silent", "Paid", "Overpaid", "Bound", "Unbound")
    odd = [name for name in Facts.kinds if not name.endswith(endings)]

    assert not odd
    assert not [name for name, kind in Facts.kinds.items() if not kind.__doc__]


def test_every_job_has_a_pace_and_says_what_it_does() -> None:
    assert JOBS
    for job in JOBS.values():
        assert job.every_s > 0
        assert job.body.__doc__
