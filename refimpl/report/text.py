"""The report for people (specification 24 §9; docs/commands.md for files)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from refimpl.golang.jsontext import Number
from refimpl.golang.printing import format_value
from refimpl.system.terminal import on_one_line, without_commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refimpl.report.model import ComponentResult, Report, TextOptions
    from refimpl.result import Result

_WIDTH = 128
_LINK = "For more information about policy issues, see the policy documentation: https://conforma.dev/docs/policy/\n"
_RED, _YELLOW, _GREEN = 31, 33, 32
_BLANK = " \t\v\f\r\u0085\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_TOKENS = re.compile(rf"(?P<newline>\n)|(?P<blank>[{_BLANK}]+)|(?P<word>[^\n{_BLANK}]+)")


def render_images(report: Report, options: TextOptions) -> str:
    """The whole text. Successes are listed only if the report itself shows them."""
    if not report.components:
        header = ""
    elif len(report.components) == 1:
        component = report.components[0]
        header = f"Component: {on_one_line(component.name)}\nImageRef: {on_one_line(component.container_image)}\n\n"
    else:
        header = "\nComponents:\n" + "".join(
            f"- Name: {on_one_line(component.name)}\n  ImageRef: {on_one_line(component.container_image)}\n"
            f"  {_count(component)}\n\n"
            for component in report.components
        )
    return _render(report, header, "ImageRef", report.outcome, options)


def render_files(report: Report, options: TextOptions) -> str:
    """The same of a report on files; nothing to judge by is a success here."""
    if len(report.components) == 1:
        header = f"Input File: {on_one_line(report.components[0].name)}\n\n"
    else:
        header = "\nInput Files:\n" + "".join(
            f"- FilePath: {on_one_line(file.name)}\n  {_count(file)}\n\n" for file in report.components
        )
    outcome = "SUCCESS" if report.outcome == "SKIPPED" else report.outcome
    return _render(report, header, "FilePath", outcome, options)


def wrap(text: str, width: int) -> str:
    """`text` with newlines in place of the white space before words that would end beyond `width` characters.

    Words longer than the width stay whole; newlines of the text stay. White space at an end is kept where it fits.
    """
    done: list[str] = []
    column = 0  # of what is done
    blank = ""
    for token in _TOKENS.finditer(text):
        content = token[0]
        if token.lastgroup == "blank":
            blank = content
        elif token.lastgroup == "newline":
            if column + len(blank) <= width:
                done.append(blank)
            done.append("\n")
            column, blank = 0, ""
        else:
            # A word is moved while it grows, so one that starts in time and is as long as a line stays where it is.
            crossing = max(1, width - column - len(blank) + 1)
            if crossing <= min(len(content), width - 1):
                done += ("\n", content)
                column = len(content)
            else:
                done += (blank, content)
                column += len(blank) + len(content)
            blank = ""
    if column + len(blank) <= width:
        done.append(blank)
    return "".join(done)


def _render(report: Report, header: str, label: str, outcome: str, options: TextOptions) -> str:
    """The text with a header that lists what was judged, and a label for it in results."""
    results: list[str] = []
    for component in report.components:
        results += _blocks(label, component, component.violations, "✕", "Violation", _RED if options.color else 0)
    if options.show_warnings:
        for component in report.components:
            results += _blocks(label, component, component.warnings, "›", "Warning", _YELLOW if options.color else 0)
    needs_link = bool(results)
    if options.show_successes and report.show_successes:
        for component in report.components:
            results += _blocks(label, component, component.successes, "✓", "Success", _GREEN if options.color else 0)
    has_title = needs_link or (options.show_successes and report.success_count)
    return "".join(
        (
            f"Success: {'true' if report.success else 'false'}\n",
            f"Result: {outcome}\n",
            f"{_count(report)}\n",
            header,
            "Results:\n" if has_title else "",
            *results,
            _LINK if options.show_policy_docs_link and needs_link else "",
        )
    )


def _count(judged: Report | ComponentResult) -> str:
    return f"Violations: {judged.violation_count}, Warnings: {judged.warning_count}, Successes: {judged.success_count}"


def _blocks(
    label: str, component: ComponentResult, results: tuple[Result, ...], mark: str, kind: str, color: int
) -> Iterator[str]:
    for result in results:
        code = on_one_line(format_value(result.metadata["code"])) if "code" in result.metadata else "%!s(<nil>)"
        yield f"{_color(mark, color)} {_color(f'[{kind}] {code}', color)}\n"
        yield f"  {label}: {on_one_line(component.container_image)}\n"
        for detail, text in _details(result, is_success=kind == "Success"):
            shown = wrap(f"{detail}: {without_commands(text)}", _WIDTH)
            yield "".join(f"  {line}\n" for line in shown.split("\n"))
        yield "\n"


def _details(result: Result, *, is_success: bool) -> Iterator[tuple[str, str]]:
    if result.msg and not is_success:
        yield "Reason", result.msg
    term = result.metadata.get("term")
    if isinstance(term, list):
        if term:
            yield "Terms", ", ".join(format_value(item) for item in term)
    elif _is_present(term):
        yield "Term", format_value(term)
    for label in ("Title", "Description", *(() if is_success else ("Solution",))):
        value = result.metadata.get(label.lower())
        if _is_present(value):
            yield label, format_value(value)


def _is_present(value: Any) -> bool:
    return bool(value) or (value == 0 and value is not False) or isinstance(value, Number)


def _color(text: str, color: int) -> str:
    return f"\x1b[{color}m{text}\x1b[0m" if color else text
