"""The formats that a report can have, and what renders each (specification 24 §1).

Each renderer imports what it needs when it is called: a run uses one or two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refimpl.report.model import Report, TextOptions

Renderer = Callable[["Report", "TextOptions"], str | bytes]
"""Gives the text, with or without a newline at its end."""


def _json(report: Report, _: TextOptions) -> str:
    from refimpl.golang import jsontext
    from refimpl.report.structured import describe_images

    return jsontext.dumps(describe_images(report))


def _yaml(report: Report, _: TextOptions) -> str:
    from refimpl.golang import yaml_dump
    from refimpl.report.structured import describe_images

    return yaml_dump.dumps(describe_images(report))


def _text(report: Report, options: TextOptions) -> str:
    from refimpl.report import text

    return text.render_images(report, options)


def _appstudio(report: Report, _: TextOptions) -> str:
    from refimpl.report import summaries

    return summaries.render_appstudio(report)


def _summary(report: Report, _: TextOptions) -> str:
    from refimpl.report import summaries

    return summaries.render_images(report)


def _summary_markdown(report: Report, _: TextOptions) -> str:
    from refimpl.report import summaries

    return summaries.render_markdown(report)


def _junit(report: Report, _: TextOptions) -> str:
    from refimpl.report import junit

    return junit.render(report)


def _attestation(report: Report, _: TextOptions) -> bytes:
    """The statements of all attestations exactly as signed, in the order of the report (specification 24 §11)."""
    return b"\n".join(statement for component in report.components for statement in component.statements)


def _policy_input(report: Report, _: TextOptions) -> bytes:
    """A line of JSON for each component, empty if no rule was evaluated (specification 24 §12).

    The lines stand in the order of the report. The contract's own order is that of completion: no run repeats it.
    """
    return b"".join(component.policy_input.rstrip(b"\n") + b"\n" for component in report.components)


def _vsa(report: Report, _: TextOptions) -> str:
    from refimpl.report import vsa

    return vsa.render(report)


def _sarif(report: Report, _: TextOptions) -> str:
    from refimpl.report import sarif

    return sarif.render(report)


def _input_json(report: Report, _: TextOptions) -> str:
    from refimpl.golang import jsontext
    from refimpl.report.structured import describe_files

    return jsontext.dumps(describe_files(report))


def _input_yaml(report: Report, _: TextOptions) -> str:
    from refimpl.golang import yaml_dump
    from refimpl.report.structured import describe_files

    return yaml_dump.dumps(describe_files(report))


def _input_text(report: Report, options: TextOptions) -> str:
    from refimpl.report import text

    return text.render_files(report, options)


def _input_summary(report: Report, _: TextOptions) -> str:
    from refimpl.report import summaries

    return summaries.render_files(report)


FORMATS: Mapping[str, Renderer] = {
    "json": _json,
    "yaml": _yaml,
    "text": _text,
    "appstudio": _appstudio,
    "hacbs": _appstudio,
    "summary": _summary,
    "summary-markdown": _summary_markdown,
    "junit": _junit,
    "attestation": _attestation,
    "policy-input": _policy_input,
    "vsa": _vsa,
    "sarif": _sarif,
}
"""Of reports on images."""

DOCUMENTED = ("attestation", "policy-input")
"""Those that show what attestations state, or what rules saw."""

STREAMED = ("ndjson",)
"""Written during a run, by `refimpl.ndjson`; no report needs to be kept for them."""

INPUT_FORMATS: Mapping[str, Renderer] = {
    "json": _input_json,
    "yaml": _input_yaml,
    "text": _input_text,
    "summary": _input_summary,
    "sarif": _sarif,
}
"""Of reports on files."""
