"""The report for people (specification 24 §9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.golang.jsontext import Number
from refimpl.report.plain_value import plain
from refimpl.report.wrapping import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from refimpl.report.model import ComponentResult, Report
    from refimpl.result import Result

__all__ = ["counts", "render", "rendered"]

_WIDTH = 128
_LINK = "For more information about policy issues, see the policy documentation: https://conforma.dev/docs/policy/\n"
_RED, _YELLOW, _GREEN = 31, 33, 32


def render(
    report: Report,
    *,
    show_successes: bool = False,
    show_warnings: bool = True,
    show_policy_docs_link: bool = False,
    color: bool = False,
) -> str:
    """The whole text. `show_successes` lists successes only if the report itself shows them."""
    return rendered(
        report,
        _components(report),
        "ImageRef",
        outcome=report.outcome,
        show_successes=show_successes,
        show_warnings=show_warnings,
        show_policy_docs_link=show_policy_docs_link,
        color=color,
    )


def rendered(
    report: Report,
    header: str,
    label: str,
    *,
    outcome: str,
    show_successes: bool,
    show_warnings: bool,
    show_policy_docs_link: bool,
    color: bool,
) -> str:
    """The whole text, with a header that lists what was judged, and a label for it in results."""
    violations, warnings, successes = report.violation_count, report.warning_count, report.success_count
    parts = [
        f"Success: {'true' if report.success else 'false'}\n",
        f"Result: {outcome}\n",
        f"{counts(violations, warnings, successes)}\n",
        header,
    ]
    if violations or (warnings and show_warnings) or (successes and show_successes):
        parts.append("Results:\n")
    for component in report.components:
        parts += _blocks(label, component, component.violations, "✕", "Violation", _RED if color else 0)
    if show_warnings:
        for component in report.components:
            parts += _blocks(label, component, component.warnings, "›", "Warning", _YELLOW if color else 0)
    if show_successes and report.show_successes:
        for component in report.components:
            parts += _blocks(label, component, component.successes, "✓", "Success", _GREEN if color else 0)
    if show_policy_docs_link and (violations or (warnings and show_warnings)):
        parts.append(_LINK)
    return "".join(parts)


def counts(violations: int, warnings: int, successes: int) -> str:
    """The line of numbers."""
    return f"Violations: {violations}, Warnings: {warnings}, Successes: {successes}"


def _components(report: Report) -> str:
    if not report.components:
        return ""
    if len(report.components) == 1:
        component = report.components[0]
        return f"Component: {component.name}\nImageRef: {component.container_image}\n\n"
    blocks = [
        f"- Name: {component.name}\n"
        f"  ImageRef: {component.container_image}\n"
        f"  {counts(len(component.violations), len(component.warnings), component.success_count)}\n\n"
        for component in report.components
    ]
    return "\nComponents:\n" + "".join(blocks)


def _blocks(
    label: str, component: ComponentResult, results: tuple[Result, ...], mark: str, kind: str, color: int
) -> Iterator[str]:
    for result in results:
        code = plain(result.metadata["code"]) if "code" in result.metadata else "%!s(<nil>)"
        yield f"{_colored(mark, color)} {_colored(f'[{kind}] {code}', color)}\n"
        yield f"  {label}: {component.container_image}\n"
        for detail, text in _details(result, is_success=kind == "Success"):
            yield "".join(f"  {line}\n" for line in wrapped(f"{detail}: {text}", _WIDTH).split("\n"))
        yield "\n"


def _details(result: Result, *, is_success: bool) -> Iterator[tuple[str, str]]:
    if result.msg and not is_success:
        yield "Reason", result.msg
    term = result.metadata.get("term")
    if isinstance(term, list):
        if term:
            yield "Terms", ", ".join(plain(item) for item in term)
    elif _is_present(term):
        yield "Term", plain(term)
    for label in ("Title", "Description", *(() if is_success else ("Solution",))):
        value = result.metadata.get(label.lower())
        if _is_present(value):
            yield label, plain(value)


def _is_present(value: Any) -> bool:
    return bool(value) or (value == 0 and value is not False) or isinstance(value, Number)


def _colored(text: str, color: int) -> str:
    return f"\x1b[{color}m{text}\x1b[0m" if color else text
