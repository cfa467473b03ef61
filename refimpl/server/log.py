"""The server's log: one JSON object a line, from level info on."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

from refimpl.golang import jsontext
from refimpl.redaction import without_secrets
from refimpl.system.log import Formatter, level_name, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def in_json(logger: logging.Logger) -> Iterator[None]:
    """While the context lasts, what the logger's handlers write is JSON, and info counts."""
    before = logger.level, [(handler, handler.formatter) for handler in logger.handlers]
    logger.setLevel(min(logger.level, logging.INFO))
    for handler in logger.handlers:
        handler.setFormatter(_JSONFormatter())
    try:
        yield
    finally:
        logger.setLevel(before[0])
        for handler, formatter in before[1]:
            handler.setFormatter(formatter)


class _JSONFormatter(Formatter):
    """Members in the order of their names; numbers stay numbers."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        members: dict[str, Any] = {
            name: without_secrets(value) if isinstance(value, str) else value
            for name, value in (getattr(record, "fields", None) or {}).items()
        }
        if record.exc_info and record.exc_info[1] is not None:
            members.setdefault("error", without_secrets(str(record.exc_info[1])))
        members["level"] = level_name(record.levelno)
        members["msg"] = without_secrets(record.getMessage())
        members["time"] = timestamp(record.created)
        return jsontext.dumps(dict(sorted(members.items())))
