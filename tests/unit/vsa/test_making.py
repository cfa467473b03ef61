"""What is attested of a report, and what isn't (specification 24 §14)."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from vsa_samples import DIGEST, IMAGE, KEY

from ec_acceptance.testbed.fixtures.vsa import parse_envelope
from ec_acceptance.testbed.signing.encrypted import encrypt_pem
from refimpl.command_line.options import Options
from refimpl.deadline import Deadline
from refimpl.errors import Error, KeyMaterialError
from refimpl.kubernetes.cluster import Cluster
from refimpl.report.model import ComponentResult, Report
from refimpl.report.vsa import component_predicate
from refimpl.result import Result
from refimpl.vsa import making
from refimpl.vsa.making import flag_errors, make

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_CLUSTER = Cluster({}, kubeconfig="", deadline=Deadline(20))
_ONE = ComponentResult("one", IMAGE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where VSAs go; it and the folder for temporary files are below the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "vsa.key").write_text(encrypt_pem(KEY, ""))
    return tmp_path


def _make(folder: Path, *components: ComponentResult, **changes: Any) -> Mapping[str, str]:
    """The VSAs of components by their files' names, and what each says."""
    report = Report(
        components=components,
        key="",
        policy={},
        effective_time="2026-11-23T16:23:42Z",
        ec_version="v1",
        created=datetime(2026, 11, 23, tzinfo=UTC),
    )
    usual = {"vsa_signing_key": "vsa.key", "attestation_output_dir": "out", "vsa": True}
    options = Options(**{**usual, **changes})
    environ = {"COSIGN_PASSWORD": "", "HOME": str(folder)}
    make(report, options, environ, cluster=_CLUSTER, deadline=Deadline(20))
    out = folder / "out"
    return {path.name: path.read_text() for path in out.iterdir()} if out.is_dir() else {}


def test_a_component_has_a_predicate_and_an_envelope(folder: Path) -> None:
    made = _make(folder, _ONE)
    assert sorted(made) == ["vsa-one.json", "vsa-one.json.intoto.jsonl"]
    statement = json.loads(parse_envelope(made["vsa-one.json.intoto.jsonl"].encode()).payload)
    assert statement["subject"] == [
        {"digest": {"sha256": DIGEST.removeprefix("sha256:")}, "name": "registry.test/image"}
    ]
    assert statement["predicate"] == json.loads(made["vsa-one.json"])


@pytest.mark.parametrize(
    "component",
    [
        ComponentResult("one", "registry.test/image:latest"),
        ComponentResult("one", f"@{DIGEST}"),
        ComponentResult("one", IMAGE, violations=(Result("gone", {"code": "builtin.image.accessible"}),)),
    ],
    ids=["no digest", "no repository", "inaccessible"],
)
def test_what_could_not_be_looked_at_has_none(
    folder: Path, component: ComponentResult, caplog: pytest.LogCaptureFixture
) -> None:
    assert not _make(folder, component)
    assert "Failed to get digest for component" in caplog.text


def test_what_a_vsa_stood_for_gets_no_new_one_nor_does_the_run(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = _make(folder, _ONE, ComponentResult("two", IMAGE, attested=True))
    assert sorted(made) == ["vsa-one.json", "vsa-one.json.intoto.jsonl"]
    assert "it has one, and wasn't validated now" in caplog.text
    assert not list(folder.glob("snapshot-predicate-*"))


def test_bare_predicates_need_no_key(folder: Path) -> None:
    made = _make(folder, _ONE, attestation_format="predicate", vsa_signing_key="")
    assert sorted(made) == ["vsa-one.json"]


@pytest.mark.parametrize("form", ["predicate", "dsse"])
def test_what_fails_for_one_costs_no_other_one_its_vsa(
    folder: Path, form: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def predicate(report: Report, component: ComponentResult, **more: Any) -> Mapping[str, Any]:
        if component.name == "two":
            raise Error("no predicate")
        return component_predicate(report, component, **more)

    monkeypatch.setattr(making, "component_predicate", predicate)
    made = _make(folder, ComponentResult("two", IMAGE), _ONE, attestation_format=form)
    assert "vsa-one.json" in made
    assert "vsa-two.json" not in made
    assert "no predicate" in caplog.text


def test_a_snapshot_that_cannot_be_attested_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Report) -> Mapping[str, Any]:
        raise Error("no snapshot")

    monkeypatch.setattr(making, "snapshot_predicate", fail)
    _make(folder, _ONE, vsa_upload=(f"local@{folder}/uploads",))
    assert "Failed to process VSAs: no snapshot" in caplog.text
    assert not (folder / "uploads").exists()


def test_a_key_that_cannot_be_loaded_ends_the_run(folder: Path) -> None:
    with pytest.raises(KeyMaterialError):
        _make(folder, _ONE, vsa_signing_key="nowhere.key")


def test_all_envelopes_are_uploaded_or_it_is_told_that_they_are_not(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _make(folder, _ONE, vsa_upload=(f"local@{folder}/uploads",))
    assert len(list((folder / "uploads").iterdir())) == 2  # the component's, and that of all
    assert "not uploaded" not in caplog.text
    _make(folder, _ONE)
    assert "VSA files generated but not uploaded" in caplog.text


@pytest.mark.parametrize(
    ("changes", "texts"),
    [
        ({}, []),
        ({"vsa": True}, ["--vsa-signing-key required for --attestation-format=dsse"]),
        ({"vsa": True, "vsa_signing_key": "k"}, []),
        ({"vsa": True, "attestation_format": "x"}, ["invalid --attestation-format: x (valid: dsse, predicate)"]),
        ({"vsa": True, "attestation_format": "predicate", "vsa_signing_key": "k"}, []),
        ({"vsa_upload": ("local",)}, ["--vsa-public-key required when --vsa-upload is set with --vsa-expiration > 0"]),
        ({"vsa_upload": ("local",), "vsa_expiration": 0.0}, []),
    ],
)
def test_flags_that_do_not_go_together(changes: dict[str, Any], texts: list[str]) -> None:
    assert [str(error) for error in flag_errors(Options(**changes))] == texts
