"""Imports go down, and through the front door."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, sources

DOMAIN = "server.domain."
# What an edge may enter a context by, beside its name.
EDGE_ROOMS = frozenset({"queries", "schema", "events", "registers"})
# The composition root also imports rooms for what they declare.
DECLARING_ROOMS = frozenset({"reactions", "jobs"})


def test_the_import_contracts_hold() -> None:
    checker = Path(sys.executable).parent / "lint-imports"
    checked = subprocess.run([checker, "--no-cache"], cwd=ROOT, capture_output=True, text=True)

    assert checked.returncode == 0, checked.stdout


def test_another_context_is_entered_by_its_front_door() -> None:
    through_the_wall = [
        f"{source.path}:{line} imports {name}"
        for source in sources("server/domain")
        for name, line in source.imports()
        if name.startswith(DOMAIN) and _room(name) and _context(name) != _context(source.module)
    ]

    assert not through_the_wall


def test_edges_enter_a_context_by_its_name_or_its_edge_rooms() -> None:
    through_the_wall = [
        f"{source.path}:{line} imports {name}"
        for source in sources()
        if not source.module.startswith(DOMAIN)
        for name, line in source.imports()
        if name.startswith(DOMAIN)
        and _room(name).partition(".")[0] not in {"", *_allowed(source.module)}
    ]

    assert not through_the_wall


@pytest.mark.parametrize("source", sources("server/domain"), ids=lambda one: one.module)
def test_a_context_has_no_other_rooms_than_these(source) -> None:  # type: ignore[no-untyped-def]
    rooms = {"__init__", "model", "rules", "events", "service", "queries", "schema"}

    assert source.room in rooms | {"registers", "reactions", "jobs"}


def _context(module: str) -> str:
    return module.removeprefix(DOMAIN).partition(".")[0]


def _room(module: str) -> str:
    return module.removeprefix(DOMAIN).partition(".")[2]


def _allowed(module: str) -> frozenset[str]:
    return EDGE_ROOMS | DECLARING_ROOMS if module == "server.main" else EDGE_ROOMS
