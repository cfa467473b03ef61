"""The report as data, which the formats ``json`` and ``yaml`` write (specification 24 §3, §5; docs/commands.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.redaction import without_secrets_in

if TYPE_CHECKING:
    from refimpl.report.model import ComponentResult, Report


def describe_images(report: Report) -> dict[str, Any]:
    """The report on images as JSON data, members in the contract's order."""
    shown: dict[str, Any] = {"success": report.success}
    if report.snapshot:
        shown["snapshot"] = report.snapshot
    shown["components"] = [_describe_component(report, component) for component in report.components] or None
    shown["key"] = report.key
    shown["policy"] = report.policy
    shown["ec-version"] = report.ec_version
    shown["effective-time"] = report.effective_time
    return shown


def describe_files(report: Report) -> dict[str, Any]:
    """The same of a report on files."""
    return {
        "success": report.success,
        "filepaths": [_describe_file(report, file) for file in report.components],
        "policy": report.policy,
        "ec-version": report.ec_version,
        "effective-time": report.effective_time,
    }


def _describe_component(report: Report, component: ComponentResult) -> dict[str, Any]:
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


def _describe_file(report: Report, file: ComponentResult) -> dict[str, Any]:
    return {
        "filepath": file.name,
        "violations": [result.to_json() for result in file.violations],
        "warnings": [result.to_json() for result in file.warnings] if report.show_warnings else None,
        "successes": [result.to_json() for result in file.successes] if report.show_successes else None,
        "success": file.success,
        "success-count": file.success_count,
    }
