"""The whole run as a verification summary, format ``vsa`` (specification 24 §13)."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from refimpl.golang import jsontext

if TYPE_CHECKING:
    from refimpl.report.model import Report

__all__ = ["render"]


def render(report: Report) -> str:
    """One line of JSON, without a newline."""
    summary = {
        "snapshot": report.snapshot,
        "components": len(report.components),
        "success": report.success,
        "key": report.key,
        "ec_version": report.ec_version,
        "component_details": [
            {
                "name": component.name,
                "containerImage": component.container_image,
                "success": component.success,
                "violations": len(component.violations),
                "warnings": len(component.warnings),
                "successes": component.success_count if report.show_successes else 0,
            }
            for component in report.components
        ],
        "Violations": report.violation_count,
        "Warnings": report.warning_count,
    }
    return jsontext.dumps(
        {
            "policy": report.policy,
            "imageRefs": list(dict.fromkeys(component.container_image for component in report.components)),
            "timestamp": f"{report.created.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "status": "passed" if report.success else "failed",
            "verifier": "conforma",
            "summary": summary,
        }
    )
