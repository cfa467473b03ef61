"""What a VSA says of a component, and of all of them together (specification 24 §13, §14)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from refimpl.golang import jsontext
from refimpl.redaction import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from refimpl.report.model import ComponentResult, Report

VERIFIER = "conforma"


def render(report: Report) -> str:
    """The run as a summary, format ``vsa`` (specification 24 §13): one line of JSON, without a newline."""
    return jsontext.dumps(snapshot_predicate(report))


def timestamp(moment: datetime) -> str:
    """``2026-11-23T16:24:48Z``: what is below a second is dropped."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def component_references(report: Report, components: Iterable[ComponentResult]) -> list[str]:
    """References of components, each followed by the images of its index, without repetitions."""
    references = (
        reference
        for component in components
        for reference in (component.container_image, *report.indexes.get(component.container_image, ()))
    )
    return list(dict.fromkeys(references))


def component_predicate(report: Report, component: ComponentResult, *, policy_source: str) -> Mapping[str, Any]:
    """The predicate for one component; that of an index counts what was found about its images, too.

    Args:
        report: of the run.
        component: of the report.
        policy_source: the text of ``--policy`` as given.
    """
    counted = [_count(report, component), *_images(report, component)]
    return {
        "policy": report.policy,
        "policySource": without_secrets(policy_source),
        "imageRefs": component_references(report, (component,)),
        "timestamp": timestamp(datetime.now(UTC)),
        "status": "passed" if component.success else "failed",
        "verifier": VERIFIER,
        "summary": {
            "violations": sum(one["Violations"] for one in counted),
            "warnings": sum(one["Warnings"] for one in counted),
            "successes": sum(one["Successes"] for one in counted),
            "Components": counted,
            "component": {
                "name": component.name,
                "containerImage": component.container_image,
                "source": component.source,
            },
        },
        "publicKey": report.key,
    }


def snapshot_predicate(report: Report) -> Mapping[str, Any]:
    """The predicate for all components together; also the format ``vsa``."""
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
    return {
        "policy": report.policy,
        "imageRefs": component_references(report, report.components),
        "timestamp": timestamp(report.created),
        "status": "passed" if report.success else "failed",
        "verifier": VERIFIER,
        "summary": summary,
    }


def _images(report: Report, component: ComponentResult) -> Iterable[dict[str, Any]]:
    """The images of the component, if it is an index."""
    by_reference: dict[str, ComponentResult] = {}
    for one in report.components:
        by_reference.setdefault(one.container_image, one)
    for reference in report.indexes.get(component.container_image, ()):
        if reference == component.container_image:
            continue
        if reference in by_reference:
            yield _count(report, by_reference[reference])
        else:
            yield _detail(f"{component.name}-{reference}", reference, 0, 0, 0)


def _count(report: Report, component: ComponentResult) -> dict[str, Any]:
    successes = component.success_count if report.show_successes else 0
    return _detail(
        component.name, component.container_image, len(component.violations), len(component.warnings), successes
    )


def _detail(name: str, reference: str, violations: int, warnings: int, successes: int) -> dict[str, Any]:
    return {
        "Name": name,
        "ImageRef": reference,
        "Violations": violations,
        "Warnings": warnings,
        "Successes": successes,
    }
