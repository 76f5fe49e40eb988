"""The log: JSON lines, request ids, no words of exceptions or libraries, no forged lines."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from cds.logs import configure_logs


@pytest.fixture
def log() -> Iterator[structlog.typing.FilteringBoundLogger]:
    handlers, level = logging.getLogger().handlers, logging.getLogger().level
    yield structlog.get_logger("cds.test")
    structlog.reset_defaults()
    logging.getLogger().handlers = handlers
    logging.getLogger().setLevel(level)


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_one_json_object_with_the_request_id(log, capsys):
    configure_logs("json")
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        log.info("hook call", status=200)
    (line,) = lines(capsys)
    assert (line["event"], line["status"], line["level"], line["request_id"]) == ("hook call", 200, "info", "r-1")
    assert line["timestamp"].endswith("Z")


def test_of_an_exception_only_its_type_is_written(log, capsys):
    configure_logs("json")
    try:
        raise ValueError("the patient's value 4711")
    except ValueError:
        log.exception("failed")
    (line,) = lines(capsys)
    assert line["error"] == "ValueError"
    assert "4711" not in json.dumps(line)


@pytest.mark.parametrize("name", ["uvicorn.error", "asyncio", "somebody.else"])
def test_of_a_librarys_line_only_where_it_comes_from_is_written(log, capsys, name):
    configure_logs("json")
    logging.getLogger(name).error("https://ehr.example/fhir?patient=%s", "4711")
    (line,) = lines(capsys)
    assert line["event"] == f"{name}: error"
    assert "4711" not in json.dumps(line)


def test_a_line_cannot_be_forged(log, capsys):
    configure_logs("json")
    log.warning("odd", given='x\r\n{"event": "all is well"}\x1b[31m\u202e')
    written = capsys.readouterr().err
    assert len(written.splitlines()) == 1
    assert "\x1b" not in written
    assert written.isascii()


def test_quiet_leaves_out_what_is_no_warning(log, capsys):
    configure_logs("json", quiet=True)
    log.info("hook call")
    log.warning("odd")
    assert [line["event"] for line in lines(capsys)] == ["odd"]


class Broken(io.StringIO):
    def write(self, text):
        raise BrokenPipeError


def test_a_log_that_nobody_reads_any_more_stops_nothing(log, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Broken())
    configure_logs("json")
    log.warning("odd")
    sys.stderr.close()
    log.warning("odd")


def test_a_line_is_there_when_it_is_written(log, tmp_path, monkeypatch):
    with (tmp_path / "log").open("w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        configure_logs("json")
        log.warning("odd")
        assert json.loads((tmp_path / "log").read_text())["event"] == "odd"


def test_text_is_for_people(log, capsys):
    configure_logs("text")
    log.warning("odd", status=503)
    written = capsys.readouterr().err
    assert "odd" in written
    assert "503" in written
    assert not written.startswith("{")
