"""Log lines as the contract writes them."""

from __future__ import annotations

import io
import logging
import os
import stat
import sys
import time
from typing import TYPE_CHECKING

import pytest

from refimpl.system import log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_AT = 1795464890.75


@pytest.fixture
def logger() -> logging.Logger:
    return logging.getLogger("test.log")


def _in_zone(monkeypatch: pytest.MonkeyPatch, zone: str) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("this platform has no tzset")
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def india(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield from _in_zone(monkeypatch, "IST-5:30")


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield from _in_zone(monkeypatch, "UTC")


@pytest.mark.usefixtures("utc")
def test_a_line_has_time_level_and_message() -> None:
    assert log.line(log.FATAL, 'flag: "x"\ny', at=_AT) == (
        r'time="2026-11-23T20:14:50Z" level=fatal msg="flag: \"x\"\ny"'
    )


@pytest.mark.usefixtures("india")
def test_the_time_is_local_with_its_offset() -> None:
    assert log.line(logging.ERROR, "x", at=_AT).startswith('time="2026-11-24T01:44:50+05:30" level=error ')


@pytest.mark.parametrize(
    ("level", "name"),
    [(log.TRACE, "trace"), (logging.DEBUG, "debug"), (logging.INFO, "info"), (logging.WARNING, "warning")],
)
def test_levels_have_the_contract_names(level: int, name: str) -> None:
    assert f" level={name} " in log.line(level, "x")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain", "plain"), ("a/b-c_d.e@f^g+h", "a/b-c_d.e@f^g+h"), ("a b", '"a b"'), ("a:b", '"a:b"'), ("é", '"é"')],
)
def test_only_texts_with_other_characters_are_quoted(text: str, shown: str) -> None:
    assert log.line(logging.INFO, text, fields={"key": text}).endswith(f"msg={shown} key={shown}")


def test_an_empty_message_is_left_out_and_fields_are_sorted() -> None:
    assert log.line(logging.INFO, "", fields={"b": 1, "a": ""}).endswith("level=info a= b=1")


def test_records_carry_fields_and_errors(logger: logging.Logger) -> None:
    stream = io.StringIO()
    with log.logging_to("", level=logging.WARNING, stderr=stream, logger=logger):
        logger.warning("took %d", 3, extra={"fields": {"digest": "sha256:ab"}})
        try:
            int("bad")
        except ValueError:
            logger.exception("failed")
        logger.info("below the level")
    first, second = stream.getvalue().splitlines()
    assert first.endswith('level=warning msg="took 3" digest="sha256:ab"')
    assert second.endswith("level=error msg=failed error=\"invalid literal for int() with base 10: 'bad'\"")


def test_with_callers_function_and_file_stand_before_the_fields(logger: logging.Logger) -> None:
    stream = io.StringIO()
    with log.logging_to("", level=logging.DEBUG, callers=True, stderr=stream, logger=logger):
        logger.debug("here", extra={"fields": {"a": 1}})
        line = sys._getframe().f_lineno - 1
    assert stream.getvalue().endswith(
        "level=debug msg=here func=test_with_callers_function_and_file_stand_before_the_fields "
        f'file=" test_log.py:{line}" a=1\n'
    )


def test_a_log_file_is_appended_to_and_private(tmp_path: Path, logger: logging.Logger) -> None:
    path = tmp_path / "log"
    for word in ("one", "two"):
        stream = io.StringIO()
        with log.logging_to(str(path), level=logging.INFO, stderr=stream, logger=logger):
            logger.info(word)
        assert stream.getvalue() == ""
    assert [line.rpartition("=")[2] for line in path.read_text(encoding="utf-8").splitlines()] == ["one", "two"]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_log_file_that_cannot_be_opened_is_named_on_standard_error(tmp_path: Path, logger: logging.Logger) -> None:
    stream = io.StringIO()
    path = tmp_path / "none" / "log"
    with log.logging_to(str(path), level=logging.INFO, stderr=stream, logger=logger):
        logger.info("still")
    first, second = stream.getvalue().splitlines()
    assert first == (
        f'Unable to create log file "{path}", log lines will appear on standard error. '
        f"Error was: open {path}: no such file or directory"
    )
    assert second.endswith("level=info msg=still")


def test_the_logger_is_left_as_it_was(logger: logging.Logger) -> None:
    before = (logger.level, logger.propagate, list(logger.handlers))
    with log.logging_to("", level=log.TRACE, stderr=io.StringIO(), logger=logger):
        assert logger.isEnabledFor(log.TRACE)
    assert (logger.level, logger.propagate, logger.handlers) == before


@pytest.mark.parametrize(
    ("flags", "level"),
    [
        ({}, logging.WARNING),
        ({"quiet": True}, logging.ERROR),
        ({"quiet": True, "verbose": True}, logging.DEBUG),
        ({"debug": True}, logging.DEBUG),
        ({"debug": True, "trace": True}, log.TRACE),
    ],
)
def test_of_several_wishes_the_most_verbose_counts(flags: dict[str, bool], level: int) -> None:
    assert log.level_for(**flags) == level
