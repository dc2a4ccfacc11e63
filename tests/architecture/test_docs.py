"""The generated documents say what the code says now."""

from pathlib import Path

import pytest

from docs.generate import FOLDER, main, pages, stale
from tests.architecture.source import ROOT


def test_the_generated_documents_are_fresh() -> None:
    assert not stale(), "run `make docs`"


def test_a_page_that_was_edited_or_is_left_over_is_noticed(tmp_path: Path) -> None:
    for name, text in pages().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert not stale(tmp_path)

    (tmp_path / "facts.md").write_text("edited", encoding="utf-8")
    (tmp_path / "gone.md").touch()

    assert stale(tmp_path) == ["facts.md", "gone.md"]


def test_the_check_refuses_what_is_stale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("docs.generate.stale", lambda: ["facts.md"])

    with pytest.raises(SystemExit, match=r"facts\.md"):
        main(["--check"])

    assert FOLDER == ROOT / "docs" / "generated"


def test_every_address_channel_fact_and_permission_is_in_a_page() -> None:
    made = pages()

    assert "`POST /api/patrol/berths/{berth_id}/plate`" in made["api.md"]
    assert "`section:{place}:staff`" in made["channels.md"]
    assert "`OccupancyChanged`" in made["facts.md"]
    assert "`patrol.identify`" in made["permissions.md"]
    assert "`SMARTCLOUD_MODE`" in made["configuration.md"]
