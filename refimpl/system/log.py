"""The log as the contract writes it: ``time="…" level=… msg="…"`` lines (specification 10 §1.4, 24 §15).

Modules log through `logging`; further ``key=value`` pairs travel in ``extra={"fields": {…}}``.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from refimpl.golang.oserrors import describe
from refimpl.golang.quoting import quote
from refimpl.golang.utf8 import SURROGATES
from refimpl.redaction import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, TextIO

TRACE = 5
FATAL = 50

_LEVELS = {
    TRACE: "trace",
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warning",
    logging.ERROR: "error",
    FATAL: "fatal",
}
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/@^+")


def line(
    level: int,
    message: str,
    *,
    at: float | None = None,
    caller: tuple[str, str] | None = None,
    fields: Mapping[str, Any] | None = None,
) -> str:
    """One log line without its newline.

    Args:
        level: of `logging`, or `TRACE` or `FATAL`.
        message: left out when empty.
        at: seconds since the epoch; now by default.
        caller: function and file.
        fields: further pairs, written in the order of their names.
    """
    parts = [f'time="{timestamp(time.time() if at is None else at)}"', f"level={level_name(level)}"]
    if message:
        parts.append(f"msg={_value(message)}")
    if caller:
        parts += [f"func={_value(caller[0])}", f"file={_value(caller[1])}"]
    if fields:
        parts += [f"{key}={_value(fields[key])}" for key in sorted(fields)]
    return " ".join(parts)


def level_for(*, quiet: bool = False, verbose: bool = False, debug: bool = False, trace: bool = False) -> int:
    """The lowest level that is written; of several wishes the most verbose counts."""
    if trace:
        return TRACE
    if debug or verbose:
        return logging.DEBUG
    return logging.ERROR if quiet else logging.WARNING


class Formatter(logging.Formatter):
    """Writes records as `line` does; with `callers`, function and file stand before the other fields."""

    def __init__(self, *, callers: bool = False) -> None:
        super().__init__()
        self._callers = callers

    def format(self, record: logging.LogRecord) -> str:
        """One line; an exception given with the record is named in the field ``error``."""
        fields = dict(getattr(record, "fields", None) or {})
        if record.exc_info and record.exc_info[1] is not None:
            fields.setdefault("error", record.exc_info[1])
        caller = (record.funcName or "", f" {record.filename}:{record.lineno}") if self._callers else None
        fields = {name: without_secrets(str(value)) for name, value in fields.items()}
        return line(
            record.levelno, without_secrets(record.getMessage()), at=record.created, caller=caller, fields=fields
        )


@contextlib.contextmanager
def logging_to(
    logfile: str,
    *,
    level: int,
    callers: bool = False,
    stderr: TextIO | None = None,
    logger: logging.Logger | None = None,
) -> Iterator[None]:
    """While the context lasts, `logger` (``refimpl`` by default) writes to the end of `logfile`, or to standard error.

    A file that cannot be opened is named on standard error, which then takes the log.
    """
    error_stream = stderr if stderr is not None else sys.stderr
    target = logger if logger is not None else logging.getLogger("refimpl")
    stream, close = _open(logfile, error_stream)
    handler = _Handler(stream)
    handler.setFormatter(Formatter(callers=callers))
    before = target.level, target.propagate
    target.addHandler(handler)
    target.setLevel(level)
    target.propagate = False
    try:
        yield
    finally:
        target.removeHandler(handler)
        target.setLevel(before[0])
        target.propagate = before[1]
        with contextlib.suppress(OSError, ValueError):  # a full disk: the run has an outcome of its own
            handler.flush()
        with contextlib.suppress(OSError, ValueError):
            close()


class _Handler(logging.StreamHandler["TextIO"]):
    """Passes over lines that can't be written: the log is no reason to fail, and no place to say so is left."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's name
        return


def _open(logfile: str, stderr: TextIO) -> tuple[TextIO, Callable[[], None]]:
    if not logfile:
        return stderr, lambda: None
    try:
        descriptor = os.open(logfile, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    except OSError as error:
        stderr.write(
            f"Unable to create log file {quote(logfile)}, log lines will appear on standard error. "
            f"Error was: {describe('open', logfile, error)}\n"
        )
        return stderr, lambda: None
    stream = os.fdopen(descriptor, "a", encoding="utf-8", errors=SURROGATES)
    return stream, stream.close


def level_name(level: int) -> str:
    """What the log calls a level."""
    return _LEVELS.get(level) or logging.getLevelName(level).lower()


def timestamp(at: float) -> str:
    """Seconds since the epoch in RFC 3339, to the second, in local time."""
    moment = datetime.fromtimestamp(int(at), tz=UTC).astimezone()
    return moment.isoformat().replace("+00:00", "Z")


def _value(value: object) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if _PLAIN.issuperset(text) else quote(text)
