"""What is logged says nothing that finds a person or opens a door."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from server.config import Config
from server.logs import Mask, set_up_logs


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def masked(**event: Any) -> dict[str, Any]:
    return dict(Mask(["a-signing-key"])(None, "info", event))


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("call 13800000001 now", "call 138****0001 now"),
        ("+8613800000001", "+86138****0001"),
        ("粤B·12345 arrived", "粤B·**345 arrived"),
        ("粤BD12345", "粤B·**345"),
        ("京A1234警", "京A·**34警"),
        ("mongodb://city:word@m1/x", "mongodb://city:***@m1/x"),
        ("Bearer eyJhbGciOi.eyJzdWIi.c2lnbmF0", "Bearer ***"),
        ("signed by a-signing-key", "signed by ***"),
        ("at 1763888888888 ms, seq 13800000001234", "at 1763888888888 ms, seq 13800000001234"),
        ("berth B-0138, lot 停车A", "berth B-0138, lot 停车A"),
    ],
)
def test_a_text_keeps_what_helps_and_loses_what_identifies(said: str, kept: str) -> None:
    assert masked(event=said) == {"event": kept}


def test_masking_reaches_into_everything_that_was_logged() -> None:
    event = masked(
        event="Stay opened",
        stay={"plate": {"number": "粤B12345"}, "phones": ["13800000001", 3]},
        phone=13800000001,
        password="p",
        headers={"Authorization": "Bearer x", "x": b"13800000001"},
        login_code="123456",
        code="berth_has_no_stay",
        amount=1500,
    )

    assert event == {
        "event": "Stay opened",
        "stay": {"plate": {"number": "粤B·**345"}, "phones": ["138****0001", 3]},
        "phone": "138****0001",
        "password": "***",
        "headers": {"Authorization": "***", "x": "138****0001"},
        "login_code": "***",
        "code": "berth_has_no_stay",
        "amount": 1500,
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_both_loggers_and_tracebacks_are_masked_on_their_way_out(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Config.from_environment({"SMARTCLOUD_DATA_DIR": str(tmp_path), "SMARTCLOUD_LOG": form})
    set_up_logs(config, process="serve")

    structlog.get_logger("a").info("Login asked", caller="13800000001", token_made=config.token_key)
    logging.getLogger("b").warning("Plate %s dropped", "粤B12345", extra={"device_id": "d1"})
    try:
        raise ValueError(f"13800000001 {config.token_key}")
    except ValueError:
        logging.getLogger("b").exception("Unforeseen")

    said = capsys.readouterr().out
    assert "13800000001" not in said
    assert "粤B12345" not in said
    assert config.token_key not in said
    assert "138****0001" in said
    assert "ValueError" in said
    assert "d1" in said


def test_production_logs_are_one_object_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Config.from_environment(
        {"SMARTCLOUD_DATA_DIR": str(tmp_path), "SMARTCLOUD_LOG": "json"}
    )
    set_up_logs(config, process="ingest")

    structlog.get_logger("gateway").warning("Reading dropped as stale", age_s=96)

    line = json.loads(capsys.readouterr().out)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "Reading dropped as stale",
        "age_s": 96,
        "level": "warning",
        "logger": "gateway",
        "process": "ingest",
    }
