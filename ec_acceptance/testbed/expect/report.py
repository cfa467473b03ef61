"""A validator's JSON report, read for assertions (docs/protocol.md; the format is the contract's)."""

from __future__ import annotations

import decimal
import json
from dataclasses import dataclass
from typing import Any

__all__ = ["Finding", "Report", "ReportError", "load_exact_json"]


class ReportError(AssertionError):
    """The output is no report: the validator is wrong."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One result: the component's name, the code and the term ("" where there is none)."""

    component: str
    code: str
    term: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A parsed report."""

    document: dict[str, Any]

    @classmethod
    def parse(cls, text: str) -> Report:
        """Read a report.

        Raises:
            ReportError: it is no JSON object with the members that every report has.
        """
        try:
            document = load_exact_json(text)
        except ValueError as error:
            raise ReportError(f"the output is no JSON: {error}") from None
        if not isinstance(document, dict) or not {"success", "components", "policy", "key"} <= document.keys():
            raise ReportError("the output is no report: success, components, policy and key are its least members")
        return cls(document)

    def without_time(self) -> dict[str, Any]:
        """The document without the time of the run."""
        return {name: value for name, value in self.document.items() if name != "effective-time"}

    def findings(self, kind: str) -> list[Finding]:
        """All results of a kind ("violations", "warnings" or "successes") of all components, sorted."""
        return sorted(
            Finding(str(component.get("name")), str(metadata.get("code", "")), _term(metadata))
            for component, result in self._results(kind)
            for metadata in [result.get("metadata") or {}]
        )

    def messages(self, kind: str, code: str) -> dict[str, list[str]]:
        """The messages of one code by component name, each list sorted."""
        found: dict[str, list[str]] = {str(component.get("name")): [] for component in self.components}
        for component, result in self._results(kind):
            if (result.get("metadata") or {}).get("code") == code:
                found[str(component.get("name"))].append(str(result.get("msg")))
        return {name: sorted(messages) for name, messages in found.items()}

    @property
    def components(self) -> list[dict[str, Any]]:
        """The components as the report has them."""
        return [component for component in self.document["components"] or [] if isinstance(component, dict)]

    def _results(self, kind: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        return [(component, result) for component in self.components for result in component.get(kind) or []]


def load_exact_json(text: str) -> Any:
    """JSON as data; fractions as `Decimal`, so that 1.50 and 1.5 are told apart.

    Raises:
        ValueError: it is none, or it is nested too deeply for anybody to read it.
    """
    try:
        return json.loads(text, parse_float=decimal.Decimal)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _term(metadata: dict[str, Any]) -> str:
    term = metadata.get("term", "")
    return term if isinstance(term, str) else json.dumps(term)
