"""The tests' own fact is known while they run, and to nobody else."""

import pytest

from server.kernel.events import Facts
from tests.store.nouns import PetTested


@pytest.fixture(autouse=True)
def _pet_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Facts.kinds, PetTested.__name__, PetTested)
