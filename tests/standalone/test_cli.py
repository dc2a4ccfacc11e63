"""The command `smartcloud` says plainly what it found and why it refuses."""

from pathlib import Path

import pytest

from server import cli
from server.standalone import programs


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Wide enough that no line the tests look for is folded.
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("SMARTCLOUD_DATA_DIR", str(tmp_path))


def test_doctor_finds_what_this_machine_has(capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["doctor"])

    said = capsys.readouterr().out
    assert code == 0
    for about in ("python", "node", "MongoDB", "Redis", "MQTT broker", "port 8800", "data folder"):
        assert about in said


def test_doctor_says_what_to_do_about_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "find_spec", lambda _: None)

    code = cli.main(["doctor"])

    said = capsys.readouterr().out
    assert code == 1
    assert "install Node.js 20 or later" in said
    assert "No mongod found." in said
    assert "SMARTCLOUD_REDIS_URL" in said


def test_doctor_asks_for_no_server_that_a_url_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMARTCLOUD_MONGO_URL", "mongodb://elsewhere/")

    cli.main(["doctor"])

    said = capsys.readouterr().out
    assert "yours, by SMARTCLOUD_MONGO_URL" in said
    assert "port 27410" not in said


@pytest.mark.parametrize("command", ["up", "serve", "ingest", "worker"])
def test_production_without_its_variables_starts_nothing(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMARTCLOUD_MODE", "production")

    code = cli.main([command])

    assert code == cli.EXIT_REFUSED
    assert "SMARTCLOUD_TOKEN_KEY" in capsys.readouterr().err


def test_the_configuration_is_shown_even_when_it_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMARTCLOUD_HTTP_PORT", "none")

    assert cli.main(["config"]) == 0
    assert "| `SMARTCLOUD_HTTP_PORT` |" in capsys.readouterr().out


def test_an_unknown_option_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["doctor", "--thoroughly"])

    assert "--thoroughly" in capsys.readouterr().err
