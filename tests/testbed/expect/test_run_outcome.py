"""Right validations, and components that fail in either form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ec_acceptance.testbed.expect.outcome import expect_cause, expect_success, reported_causes
from ec_acceptance.testbed.fixtures.bundles import READERS, describe_files
from ec_acceptance.testbed.gate.log import Exchange
from ec_acceptance.testbed.servers.http import Headers
from ec_acceptance.testbed.validator.process import Invocation

if TYPE_CHECKING:
    from ec_acceptance.testbed.registry.routes import Kind

SEEN = describe_files({"manifests/own.json": {"image": "a"}})
RESET = "read sha256:aa: connection reset by peer"


def end(status: int, out: object = "", err: str = "") -> Invocation:
    text = out if isinstance(out, str) else json.dumps(out)
    return Invocation(("v",), {}, status, text.encode(), err.encode(), 0, 0)


def component(name: str, *, warnings: tuple[str, ...] = (SEEN,), violations: dict[str, str] | None = None) -> Any:
    return {
        "name": name,
        "success": not violations,
        "warnings": [{"msg": text, "metadata": {"code": "manifests.seen"}} for text in warnings],
        "violations": [{"msg": text, "metadata": {"code": code}} for code, text in (violations or {}).items()],
    }


def report(*components: Any) -> dict[str, Any]:
    success = all(one["success"] for one in components)
    return {"success": success, "components": list(components), "policy": {}, "key": ""}


def test_each_component_with_its_own_files_is_right() -> None:
    expect_success(end(0, report(component("b"), component("a"))), {"a": SEEN, "b": SEEN})


@pytest.mark.parametrize(
    "wrong",
    [
        end(1, report(component("a"))),
        end(0),
        end(0, report()),
        end(0, report(component("a"), component("b"))),
        end(0, report(component("a", warnings=()))),
        end(0, report(component("a", warnings=(SEEN, SEEN)))),
        end(0, report(component("a", warnings=("0 files, hash 0",)))),
        end(0, report(component("a", violations={"x": "y"}))),
    ],
    ids=["status", "no report", "none", "too many", "nothing seen", "seen twice", "other files", "refused"],
)
def test_anything_else_is_not(wrong: Invocation) -> None:
    with pytest.raises(AssertionError):
        expect_success(wrong, {"a": SEEN})


def test_causes_stand_on_standard_error_where_there_is_no_report() -> None:
    text = (
        'time="2026-01-01T00:00:00Z" level=warning msg="error validating image x of component y: z"\n'
        f"Error: error validating image r/a:1 of component a: {RESET}\nsecond line\n"
        "error validating image r/b:1 of component b: EOF\n"
    )
    assert reported_causes(end(1, err=text)) == {"a": [f"{RESET}\nsecond line"], "b": ["EOF"]}


def test_causes_stand_in_violations_where_there_is_a_report() -> None:
    failed = component("a", violations={"builtin.files": RESET, "manifests.missing": "missing"})
    assert reported_causes(end(1, report(failed, component("b")))) == {"a": [RESET]}


@pytest.mark.parametrize(
    "good",
    [
        end(1, err=f"Error: error validating image r/a:1 of component a: {RESET}\n"),
        end(1, report(component("a", violations={"builtin.files": RESET}))),
    ],
)
def test_either_form_of_failing_will_do(good: Invocation) -> None:
    expect_cause(good, ["a"], "a broken transfer", "sha256:aa")


@pytest.mark.parametrize(
    ("wrong", "cause", "named"),
    [
        (end(0, report(component("a", violations={"x": RESET}))), "a broken transfer", "sha256:aa"),
        (end(1, err=f"Error: {RESET}\n"), "a broken transfer", "sha256:aa"),
        (end(1, err=f"Error: error validating image r of component b: {RESET}\n"), "a broken transfer", "sha256:aa"),
        (end(1, err=f"Error: error validating image r of component a: {RESET}\n"), "the status 404", "sha256:aa"),
        (end(1, err=f"Error: error validating image r of component a: {RESET}\n"), "a broken transfer", "sha256:bb"),
        (end(1, report(component("a", violations={"manifests.missing": RESET}))), "a broken transfer", "sha256:aa"),
        (end(1, err="Error: error validating image r of component a: EOF\n"), "a broken transfer", "sha256:aa"),
    ],
    ids=["passes", "no component", "another", "another cause", "another thing", "a rule's verdict", "bare"],
)
def test_other_failures_will_not(wrong: Invocation, cause: str, named: str) -> None:
    with pytest.raises(AssertionError):
        expect_cause(wrong, ["a"], cause, named)


def ask(kind: Kind, reference: str) -> Exchange:
    return Exchange(0, "HEAD", "/", "", kind, "a", reference, Headers(), 0, 0.0)


@pytest.mark.parametrize(
    ("reader", "exchange", "wanted"),
    [
        ("input.image.files", ask("referrers", "sha256:0"), True),
        ("input.image.files", ask("manifest", "sha256-0.sig"), True),
        ("input.image.files", ask("manifest", "sha256:0"), False),
        ("input.image.files", ask("blob", "sha256:0"), False),
        ("ec.oci.image_files", ask("manifest", "sha256-0.sig"), False),
        ("ec.oci.image_files", ask("manifest", "seen-0"), True),
    ],
)
def test_what_is_asked_only_when_files_were_read(reader: str, exchange: Exchange, *, wanted: bool) -> None:
    assert READERS[reader].past_files(exchange) is wanted
