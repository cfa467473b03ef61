"""Where the report goes, in which formats: ``--output format[=path][?options]`` (specification 24 §1)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, BinaryIO

from refimpl.errors import Error, OutputError
from refimpl.golang.oserrors import describe
from refimpl.golang.quoting import quote
from refimpl.golang.strconv import parse_bool
from refimpl.golang.url import unescape
from refimpl.golang.utf8 import replace_surrogates
from refimpl.record import record
from refimpl.report.formats import DOCUMENTED, FORMATS, STREAMED
from refimpl.report.model import TextOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from refimpl.report.formats import Renderer
    from refimpl.report.model import Report

_NO_COLOR = ("EC_NO_COLOR", "EC_NO_COLOUR", "NO_COLOR", "NO_COLOUR")
_FORCE_COLOR = ("EC_FORCE_COLOR", "EC_FORCE_COLOUR", "FORCE_COLOR", "FORCE_COLOUR")


@record
class Target:
    """One place to write to: `path` is empty for standard output, `query` is the text after the ``?``."""

    format: str
    path: str = ""
    query: str = ""


def parse_target(text: str, unnamed: str = "json") -> Target:
    """Split one value of ``--output``; whether format and options are known shows later.

    Args:
        text: ``format[=path][?options]``.
        unnamed: what an empty format means; of reports on files that is ``text`` (docs/commands.md).
    """
    target, _, query = text.partition("?")
    name, _, path = target.partition("=")
    return Target(name or unnamed, path, query)


def needs_documents(outputs: Sequence[str]) -> bool:
    """Whether a format of a report among these shows what rules saw, or what attestations state."""
    return any(parse_target(output).format in DOCUMENTED for output in outputs)


def use_color(*, color: bool, no_color: bool, environ: Mapping[str, str], is_terminal: bool) -> bool:
    """Whether the text is coloured: no wish for colour beats a wish against it."""
    if no_color or any(environ.get(name) for name in _NO_COLOR):
        return False
    return color or any(environ.get(name) for name in _FORCE_COLOR) or is_terminal


def write(
    report: Report,
    outputs: Sequence[str],
    defaults: TextOptions,
    stdout: BinaryIO,
    formats: Mapping[str, Renderer] = FORMATS,
) -> None:
    """Write the report to each of the targets, in order; without any as ``text`` to `stdout`.

    Options of targets must be right, but count only with `FORMATS`.

    A file is complete or as it was before: it is written aside and renamed.

    Raises:
        OutputError: one or more targets failed; the text has a line for each. The others are written.
    """
    problems: list[str] = []
    unnamed = "json" if formats is FORMATS else "text"
    for output in outputs or ("text",):
        try:
            target = parse_target(output, unnamed)
            _write_target(target, _render(report, target, defaults, formats), stdout)
        except Error as error:
            problems.append(str(error))
    if problems:
        raise OutputError("\n".join(problems))


def _render(report: Report, target: Target, defaults: TextOptions, formats: Mapping[str, Renderer]) -> bytes:
    options = _with_query(defaults, target.query)
    if target.format not in formats:
        known = [*formats, *(STREAMED if formats is FORMATS else ())]
        raise OutputError(f"{quote(target.format)} is not a valid report format (there are {', '.join(known)})")
    shown = formats[target.format](report, options if formats is FORMATS else defaults)
    data = replace_surrogates(shown).encode() if isinstance(shown, str) else shown
    return data if data.endswith(b"\n") else data + b"\n"


def read_switches(query: str, names: Iterable[str]) -> dict[str, bool]:
    """What a target's options say of these names; false unless given.

    Raises:
        OutputError: an option can't be read.
    """
    values = _read_query(query)
    return {name: _switch(values, name, default=False) for name in names}


def _with_query(defaults: TextOptions, query: str) -> TextOptions:
    values = _read_query(query)
    return TextOptions(
        show_successes=_switch(values, "show-successes", default=defaults.show_successes),
        show_warnings=_switch(values, "show-warnings", default=defaults.show_warnings),
        show_policy_docs_link=_switch(values, "show-policy-docs-link", default=defaults.show_policy_docs_link),
        color=defaults.color,
    )


def _read_query(query: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for part in query.split("&"):
        if ";" in part:
            raise OutputError("invalid semicolon separator in query")
        key, _, value = part.partition("=")
        try:
            values.setdefault(unescape(key.replace("+", " ")), unescape(value.replace("+", " ")))
        except ValueError as error:
            raise OutputError(str(error)) from None
    return values


def _switch(values: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = values.get(name, "")
    if not text:
        return default
    try:
        return parse_bool(text)
    except ValueError as error:
        raise OutputError(str(error)) from None


def _write_target(target: Target, data: bytes, stdout: BinaryIO) -> None:
    stream: BinaryIO = stdout
    if target.path:
        from refimpl.report.file import is_written_by, write_file

        if is_written_by(target.path, 2):
            stream = sys.stderr.buffer
        elif not is_written_by(target.path, 1):
            write_file(target.path, data)
            return
    try:
        stream.write(data)
        stream.flush()
    except OSError as error:
        raise OutputError(describe("write", target.path or "/dev/stdout", error)) from error
