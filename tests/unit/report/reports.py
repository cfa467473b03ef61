"""Reports for the tests of the formats."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from nesting import nested

from refimpl.report.formats import FORMATS
from refimpl.report.model import ComponentResult, Report, TextOptions
from refimpl.result import Result

__all__ = ["KEY", "RESULTS", "WORDS", "component", "render", "report", "result"]

KEY = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"
_CREATED = datetime(2026, 11, 23, 16, 24, 45, 999_999, tzinfo=UTC)


def result(msg: str, code: object = None, **metadata: Any) -> Result:
    """A result; without a code none of its metadata has one."""
    return Result(msg, {**({"code": code} if code is not None else {}), **metadata})


def component(image: str = "r/a@sha256:1", name: str = "Unnamed", **members: Any) -> ComponentResult:
    """A component without any results but those given."""
    return ComponentResult(name, image, **members)


def report(*components: ComponentResult, **members: Any) -> Report:
    """A report at a fixed time."""
    return Report(
        **{
            "components": components,
            "key": KEY,
            "policy": {"sources": [{"policy": ["file::./p"]}], "publicKey": "k.pub"},
            "effective_time": "2026-11-23T16:23:42.661020983Z",
            "ec_version": "v1",
            "created": _CREATED,
            **members,
        }
    )


def render(name: str, report: Report, **options: bool) -> str:
    """The report in a format that is text."""
    shown = FORMATS[name](report, TextOptions(**options))
    assert isinstance(shown, str)
    return shown


WORDS = st.text(st.characters(), max_size=12)
"""Texts of any characters, of surrogates too."""
_JSON = nested(st.none() | st.booleans() | st.integers() | WORDS, lambda inner: st.lists(inner, max_size=3))
_MEMBERS = st.sampled_from(["code", "term", "title", "description", "solution", "effective_on"])
RESULTS = st.lists(st.builds(Result, WORDS, st.dictionaries(_MEMBERS, _JSON)), max_size=3).map(tuple)
"""Results of rules that say what they like."""
