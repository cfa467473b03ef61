"""The report as JUnit XML, a test suite for each component (specification 24 §10)."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from refimpl.golang.printing import format_value

if TYPE_CHECKING:
    from refimpl.report.model import ComponentResult, Report
    from refimpl.result import Result

_ESCAPES = {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord('"'): "&#34;",
    ord("'"): "&#39;",
    ord("\t"): "&#x9;",
    ord("\n"): "&#xA;",
    ord("\r"): "&#xD;",
}


def render(report: Report) -> str:
    """One line of XML (but for newlines in messages), without a declaration and a final newline."""
    suites = []
    tests = failures = skipped = 0
    for component in report.components:
        successes = component.successes if report.show_successes else ()
        tests += len(successes) + len(component.violations) + len(component.warnings)
        failures += len(component.violations)
        skipped += len(component.warnings)
        suites.append(_suite(report, component, successes))
    sums = (("tests", tests), ("failures", failures), ("skipped", skipped))
    attributes = "".join(f' {name}="{count}"' for name, count in sums if count)
    return f"<testsuites{attributes}>{''.join(suites)}</testsuites>"


def _suite(report: Report, component: ComponentResult, successes: tuple[Result, ...]) -> str:
    tests = len(successes) + len(component.violations) + len(component.warnings)
    skipped = f' skipped="{len(component.warnings)}"' if component.warnings else ""
    properties = [
        ("image", component.container_image),
        ("key", report.key),
        ("success", "true" if component.success else "false"),
    ]
    for signature in component.signatures:
        properties += [("keyId", signature["keyid"]), ("signature", signature["sig"])]
        metadata = signature.get("metadata") or {}
        properties += [(f"metadata.{key}", metadata[key]) for key in sorted(metadata)]
    cases = [
        *(_case(result) for result in successes),
        *(_case(result, "failure") for result in component.violations),
        *(_case(result, "skipped") for result in component.warnings),
    ]
    shown = "".join(
        f'<property name="{_escape(key)}" value="{_escape(value)}"></property>' for key, value in properties
    )
    return (
        f'<testsuite name="{_escape(f"{component.name} ({component.container_image})")}" tests="{tests}" '
        f'failures="{len(component.violations)}" errors="0" id="0"{skipped} time="" '
        f'timestamp="{report.created.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}">'
        f"<properties>{shown}</properties>{''.join(cases)}</testsuite>"
    )


def _case(result: Result, problem: str = "") -> str:
    code = result.metadata.get("code")
    title = f"{code}: {result.msg}" if type(code) is str else result.msg
    others = ", ".join(
        sorted(f"{key}={format_value(value)}" for key, value in result.metadata.items() if key != "code")
    )
    name = _escape(f"{title} [{others}]" if others else title)
    inside = f'<{problem} message="{_escape(result.msg)}">{_cdata(result.msg)}</{problem}>' if problem else ""
    return f'<testcase name="{name}" classname="{name}">{inside}</testcase>'


def _escape(text: str) -> str:
    return _replace_unwritable(text).translate(_ESCAPES)


def _cdata(text: str) -> str:
    return f"<![CDATA[{_replace_unwritable(text).replace(']]>', ']]]]><![CDATA[>')}]]>" if text else ""


def _replace_unwritable(text: str) -> str:
    """`text` with U+FFFD in place of the characters that XML 1.0 (§2.2) has no way to write."""
    if text.isprintable():
        return text
    return "".join(character if _is_xml(ord(character)) else "\ufffd" for character in text)


def _is_xml(code: int) -> bool:
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
