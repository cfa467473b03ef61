"""`validate image` in this process, over the testbed's services: what scenarios from outside can't see well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stages import Stage

from ec_acceptance.testbed.gate.rules import Stall
from refimpl.commands.validate_image import validate_image
from refimpl.errors import ComponentError, Error, InternalError, PolicyError, TimeoutExceededError, UnsuccessfulError
from refimpl.policy_input.image import ImageDetails, image_details
from refimpl.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from refimpl.layers import Layers
    from refimpl.oci.client import Client
    from refimpl.oci.reference import Reference
    from refimpl.report.model import Report


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path) as made:
        yield made


def test_components_are_judged_by_the_policy(stage: Stage) -> None:
    options = stage.options({"fine": stage.image("image/a"), "denied": stage.image("image/b")})
    with pytest.raises(UnsuccessfulError):
        validate_image(options, stage.environ)
    verdicts = {component["name"]: component["success"] for component in stage.report()["components"]}
    assert verdicts == {"fine": True, "denied": False}


def test_a_component_that_cannot_be_judged_costs_the_others_nothing(stage: Stage) -> None:
    options = stage.options({"one": "not//1:a@b", "two": stage.image("image/a"), "three": "not//2:a@b"})
    told = [
        "error validating image not//1:a@b of component one: could not parse reference: not//1:a@b",
        "error validating image not//2:a@b of component three: could not parse reference: not//2:a@b",
    ]
    with pytest.raises(Error) as error:
        validate_image(replace(options, strict=False), stage.environ)
    assert str(error.value).splitlines() == told
    one, three, two = sorted(stage.report()["components"], key=lambda component: component["name"])
    assert two["success"]
    assert [[violation["msg"] for violation in found["violations"]] for found in (one, three)] == [
        [f"Image was not judged: {text}"] for text in told
    ]


def test_there_is_no_report_where_no_component_could_be_judged(stage: Stage) -> None:
    options = stage.options({"one": "not//1:a@b", "two": "not//2:a@b"})
    with pytest.raises(ComponentError) as error:
        validate_image(options, stage.environ)
    assert str(error.value).splitlines() == [
        "error validating image not//1:a@b of component one: could not parse reference: not//1:a@b",
        "error validating image not//2:a@b of component two: could not parse reference: not//2:a@b",
    ]
    assert not (stage.folder / "report.json").exists()


@pytest.mark.parametrize(("output", "kept"), [("json", False), ("policy-input", True), ("attestation", True)])
def test_documents_are_kept_only_where_a_format_shows_them(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, output: str, *, kept: bool
) -> None:
    reports: list[Report] = []
    monkeypatch.setattr("refimpl.commands.validate_image.write", lambda report, *_: reports.append(report))
    options = stage.options({"fine": stage.image("image/a")}, output=("summary", output))
    validate_image(options, stage.environ)
    [component] = reports[0].components
    assert (bool(component.policy_input), bool(component.statements), component.success_count > 0) == (kept, kept, True)
    assert component.successes == ()


class _Panic(BaseException):
    """As libraries that are written in Rust raise."""


@pytest.mark.parametrize("fault", [KeyError("x"), MemoryError(), RecursionError(), _Panic("of Rust")])
@pytest.mark.parametrize("strict", [True, False])
def test_a_fault_of_ours_in_one_component_leaves_the_others_their_verdicts(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, fault: BaseException, *, strict: bool
) -> None:
    def details(client: Client, layers: Layers, image: Reference) -> ImageDetails:
        if "image/b" in str(image):
            raise fault
        return image_details(client, layers, image)

    monkeypatch.setattr("refimpl.commands.component.image_details", details)
    wanted = {"fine": stage.image("image/a"), "odd": stage.image("image/b"), "denied": stage.image("image/c")}
    place = r"\(refimpl.commands.component:"
    with pytest.raises(InternalError, match=f"^internal error: {type(fault).__name__}.* {place}"):
        validate_image(stage.options(wanted, strict=strict), stage.environ)
    components = {component["name"]: component for component in stage.report()["components"]}
    assert {name: one["success"] for name, one in components.items()} == {"fine": True, "odd": False, "denied": False}
    [violation] = components["odd"]["violations"]
    assert violation["msg"].startswith(f"Image was not judged: internal error: {type(fault).__name__}")
    assert violation["metadata"]["code"] == "builtin.internal.error"


def test_a_fault_of_ours_in_a_builtin_is_the_components(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def manifest(*_: object) -> None:
        raise KeyError("lost")

    monkeypatch.setattr("refimpl.rego.builtins._oci", lambda: {"ec.oci.image_manifest": manifest})
    rule = 'deny contains "x" if { input.component_name == "odd"; ec.oci.image_manifest("a") }'
    (stage.folder / "policy" / "more.rego").write_text(f"package main\n{rule}\n")
    wanted = {"fine": stage.image("image/a"), "odd": stage.image("image/b")}
    with pytest.raises(InternalError, match=r"^internal error: KeyError: 'lost' "):
        validate_image(stage.options(wanted), stage.environ)
    verdicts = {component["name"]: component["success"] for component in stage.report()["components"]}
    assert verdicts == {"fine": True, "odd": False}


def test_the_time_ends_a_registry_that_never_answers(stage: Stage) -> None:
    reference = stage.image("image/a")
    stage.gate.add(Stall(), kind="manifest", method=None)
    with pytest.raises(TimeoutExceededError, match=r"exceeded allowed execution time of 500ms, the timeout can"):
        validate_image(stage.options({"slow": reference}, timeout=0.5), stage.environ)


def test_the_time_of_attestations_is_the_reports(stage: Stage) -> None:
    images = {"a": stage.image("image/a", finished="2021-02-03T04:05:06Z")}
    options = stage.options(images, effective_time="attestation", show_successes=True)
    validate_image(options, stage.environ)
    assert stage.report()["effective-time"] == "2021-02-03T04:05:06Z"


def test_nothing_is_left_in_the_temporary_folder(stage: Stage) -> None:
    validate_image(stage.options({"a": stage.image("image/a")}), stage.environ)
    assert not list(stage.folder.glob("ec-work-*"))


def test_input_and_policy_errors_come_together_input_first(stage: Stage) -> None:
    options = stage.options({}, images="[]", policy='{"zz": 1}')
    with pytest.raises(Exception, match=r"(?s)unable to parse Snapshot specification from \[\].*\njsonschema: ''"):
        validate_image(options, stage.environ)


def test_a_bad_log_address_comes_before_the_logs_key(stage: Stage) -> None:
    options = stage.options({}, images="{}", rekor_url="::bad", ignore_rekor=False)
    with pytest.raises(PolicyError, match='parse "::bad": missing protocol scheme'):
        validate_image(options, stage.environ)


def test_skipped_checks_are_warned_of(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    options = stage.options({"a": stage.image("image/a")}, skip_image_sig_check=True, skip_att_sig_check=True)
    validate_image(options, stage.environ)
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "Image signature check skipped",
        "Attestation signature check skipped, fetching attestations without verification",
        "Both --skip-image-sig-check and --skip-att-sig-check are active, all cryptographic verification is disabled",
    ]
    [component] = stage.report()["components"]
    assert "signatures" not in component
