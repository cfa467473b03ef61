"""The report as one line of JSON (specification 24 §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.golang import jsontext
from refimpl.redaction import without_secrets_in

if TYPE_CHECKING:
    from refimpl.report.model import ComponentResult, Report

__all__ = ["document", "render"]


def document(report: Report) -> dict[str, Any]:
    """The report as JSON data, members in the contract's order."""
    shown: dict[str, Any] = {"success": report.success}
    if report.snapshot:
        shown["snapshot"] = report.snapshot
    shown["components"] = [_component(report, component) for component in report.components] or None
    shown["key"] = report.key
    shown["policy"] = report.policy
    shown["ec-version"] = report.ec_version
    shown["effective-time"] = report.effective_time
    return shown


def render(report: Report) -> str:
    """The line, without a newline."""
    return jsontext.dumps(document(report))


def _component(report: Report, component: ComponentResult) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": component.name,
        "containerImage": component.container_image,
        "source": without_secrets_in(component.source),
    }
    lists = [("violations", component.violations), ("warnings", component.warnings)]
    if report.show_successes:
        lists.append(("successes", component.successes))
    for name, results in lists:
        if results:
            shown[name] = [result.to_json() for result in results]
    shown["success"] = component.success
    if component.signatures:
        shown["signatures"] = component.signatures
    if component.attestations:
        shown["attestations"] = component.attestations
    return shown
