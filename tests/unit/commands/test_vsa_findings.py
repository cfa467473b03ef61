"""The report of validate vsa: what is said of each finding, in each format (specification 24 §17)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from refimpl import schemas
from refimpl.commands.vsa_findings import FORMATS, ComponentFinding, check_outputs, write_findings
from refimpl.errors import Error, OutputError
from refimpl.report.model import ComponentResult, Report, TextOptions
from refimpl.result import Result
from refimpl.vsa.check import Finding
from refimpl.vsa.comparison import Differences

if TYPE_CHECKING:
    from pathlib import Path

_PASSED = Finding(passed=True, message="Policy matches", status="passed", verified=True)
_OTHER_POLICY = Finding(
    passed=False,
    message="policy mismatch",
    reason="policy_mismatch",
    status="passed",
    verified=True,
    differences=Differences(1, 2, 0),
)
_FAILED = Finding(passed=False, message="status", reason="predicate_failed", status="failed", verified=True)
_ABSENT = Finding(passed=False, message="no entry", reason="no_vsa")


def _find(finding: Finding, name: str = "app", **members: Any) -> ComponentFinding:
    return ComponentFinding(name, f"registry.example/{name}@sha256:" + "c" * 64, finding, **members)


def _fallback(*, success: bool) -> Report:
    component = ComponentResult("app", "registry.example/app", violations=() if success else (Result("x"),))
    members: dict[str, Any] = {"key": "", "policy": {}, "effective_time": "2026-11-27T11:00:00Z", "ec_version": "v1"}
    return Report((component,), created=datetime(2026, 11, 27, tzinfo=UTC), **members)


def _documents(tmp_path: Path, fallback: Report | None, *found: ComponentFinding) -> dict[str, str]:
    outputs = [f"{name}={tmp_path / name}" for name in FORMATS]
    write_findings(found, fallback, outputs, TextOptions())
    return {name: (tmp_path / name).read_text(encoding="utf-8") for name in FORMATS}


def _check(text: str, schema: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    found = Draft202012Validator(json.loads(schemas.read(schema))).iter_errors(document)
    assert [error.message for error in found] == []
    return document


@pytest.mark.parametrize(
    ("findings", "overall", "predicate", "policy", "reasons"),
    [
        ([_PASSED], "✅ PASSED", "passed (1/1)", "matches (no differences)", None),
        ([_FAILED], "❌ FAILED", "failed (1/1)", "(no policy data)", "predicate failed"),
        (
            [_PASSED, _FAILED],
            "❌ FAILED",
            "mixed (passed: 1, failed: 1)",
            "matches (no differences)",
            "predicate failed",
        ),
        ([_ABSENT], "❌ FAILED", "(no predicate data)", "(no policy data)", "no vsa"),
        (
            [_PASSED, _OTHER_POLICY, _ABSENT],
            "❌ FAILED",
            "passed (2/2)",
            "mismatches on 1/2 images (adds=1, removes=2, changes=0)",
            "no vsa, policy mismatch",
        ),
    ],
)
def test_what_is_found_of_all_components(
    tmp_path: Path, findings: list[Finding], overall: str, predicate: str, policy: str, reasons: str | None
) -> None:
    shown = _documents(tmp_path, None, *(_find(one, f"app{number}") for number, one in enumerate(findings)))
    document = _check(shown["json"], "validate-vsa")
    assert document["result"]["overall"] == overall
    assert document["result"]["image_count"] == len(document["result"]["images"]) == len(findings)
    assert document["vsa_summary"]["predicate"] == predicate
    assert document["vsa_summary"]["policy"] == policy
    assert document["vsa_summary"].get("fallback_reasons") == reasons
    assert f"  Overall: {overall}\n" in shown["text"]
    assert f"  Policy: {policy}\n" in shown["text"]
    status = _check(shown["status"], "validate-vsa-status")["result"]
    assert status == ("SUCCESS" if overall.endswith("PASSED") else "FAILURE")


def test_differences_of_policies_are_counted(tmp_path: Path) -> None:
    document = _check(_documents(tmp_path, None, _find(_OTHER_POLICY))["json"], "validate-vsa")
    assert document["policy_diff"] == {
        "affected_images": "c" * 8,
        "added": "[include] 1",
        "removed": "2",
        "changed": "none",
    }


@pytest.mark.parametrize("success", [True, False])
def test_an_image_that_was_validated_itself_decides(tmp_path: Path, success: bool) -> None:  # noqa: FBT001 - pytest's
    fallback = _fallback(success=success)
    found = _find(_ABSENT, fallback=fallback.components[0])
    assert found.passed is success
    shown = _documents(tmp_path, fallback, found)
    document = _check(shown["json"], "validate-vsa")
    assert document["result"]["fallback"] == "used for all images"
    assert document["result"]["overall"] == ("✅ PASSED" if success else "❌ FAILED")
    assert document["fallback"]["success"] is success
    assert "=== FALLBACK: VALIDATE IMAGE ===" in shown["text"]
    assert "fallback" not in json.loads(shown["status"])


def test_an_error_keeps_a_component_from_any_verdict() -> None:
    fallback = _fallback(success=True).components[0]
    assert not _find(_PASSED, error=Error("x")).passed
    assert not _find(_ABSENT, error=Error("x"), fallback=fallback).passed


def test_one_of_several_that_was_validated_itself_is_told(tmp_path: Path) -> None:
    fallback = _fallback(success=True)
    found = [_find(_PASSED, "one"), _find(_ABSENT, "two", fallback=fallback.components[0])]
    document = _check(_documents(tmp_path, fallback, *found)["json"], "validate-vsa")
    assert document["result"]["fallback"] == "used for some images"
    assert [line.partition("VSA=")[2] for line in document["result"]["images"]] == [
        "PASSED",
        "FAILED(reason=no vsa)  Fallback=PASSED",
    ]


@pytest.mark.parametrize(
    ("image", "shown"),
    [("a@sha256:0123456789", "01234567"), ("registry.example/app:v1", "…e/app:v1"), ("short", "short"), ("", "")],
)
def test_images_are_told_by_a_few_letters(image: str, shown: str) -> None:
    assert ComponentFinding("app", image, _PASSED).digest == shown


def test_formats_that_there_arent() -> None:
    check_outputs(["json", "yaml=f", "text=a=b", "status"])
    with pytest.raises(OutputError, match='"xml" is not a valid report format'):
        check_outputs(["json", "xml=f"])
