"""`validate vsa` in this process: verdicts on VSAs in files and logs, and what is refused before there is any."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ec_acceptance.testbed.fixtures.vsa import Summary
from ec_acceptance.testbed.rekor import Log, RekorServer
from ec_acceptance.testbed.signing import KeyPair
from refimpl.command_line.commands import VALIDATE_VSA
from refimpl.command_line.flags import parse_flags
from refimpl.command_line.options import Options
from refimpl.commands import validate_image
from refimpl.commands.validate_vsa import validate_vsa
from refimpl.commands.vsa_request import VsaRequest, common_flags
from refimpl.errors import Error, InputError, InternalError, OutputError, PolicyError, TimeoutExceededError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POLICY = {"sources": [{"policy": ["./rules"]}]}
_DIGEST = "sha256:" + "ab" * 32
_NOBODY = "127.0.0.1:9"  # the port of a service that throws everything away, and that nobody offers
_SIGNER = KeyPair.derive("tests", "vsa")
_SUMMARY = Summary(
    digest=_DIGEST,
    reference=f"{_NOBODY}/app@{_DIGEST}",
    policy=_POLICY,
    public_key=KeyPair.derive("tests", "image").public_pem,
    key=_SIGNER,
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "p.rego").write_text("package p\n\nimport rego.v1\n")
    (tmp_path / "vsa.pub").write_text(_SIGNER.public_pem)
    (tmp_path / "image.pub").write_text(_SUMMARY.public_key)
    _write(tmp_path, _SUMMARY)
    return tmp_path


@pytest.fixture
def log() -> Iterator[RekorServer]:
    with RekorServer(Log(KeyPair.derive("tests", "log"))) as server:
        yield server


def _write(folder: Path, summary: Summary) -> None:
    (folder / "vsa.json").write_bytes(summary.envelope().content)


def _run(folder: Path, *words: str, policy: str = json.dumps(_POLICY)) -> None:
    usual = ["--policy", policy, "--vsa-public-key", "vsa.pub", "--timeout", "60s"]
    parsed = parse_flags(VALIDATE_VSA, [*usual, *words])
    options = Options.from_flags(common_flags(parsed).values)
    validate_vsa(VsaRequest.of(parsed), options, {"HOME": str(folder), "TMPDIR": str(folder)})


def _judge(folder: Path, *words: str) -> tuple[dict[str, Any], str]:
    """The report, and the error of a run that failed."""
    said = ""
    try:
        _run(folder, *words, "--output", "json=report.json")
    except Error as error:
        said = str(error)
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return report, said


def _overall(report: dict[str, Any]) -> str:
    return str(report["result"]["overall"]).rpartition(" ")[2]


def test_a_vsa_in_a_file_that_counts(folder: Path) -> None:
    report, said = _judge(folder, "vsa.json", "--no-fallback")
    assert (_overall(report), said) == ("PASSED", "")
    assert report["vsa_summary"]["signature"] == "VERIFIED"


def test_one_that_does_not_count_fails_unless_failures_are_no_matter(folder: Path) -> None:
    _write(folder, replace(_SUMMARY, status="failed"))
    assert _judge(folder, "vsa.json", "--no-fallback")[1] == "snapshot validation failed for 1 components"
    report, said = _judge(folder, "vsa.json", "--no-fallback", "--strict=false")
    assert (_overall(report), said) == ("FAILED", "")


def test_one_by_another_key_counts_where_signatures_are_left_alone(folder: Path) -> None:
    _write(folder, replace(_SUMMARY, key=KeyPair.derive("tests", "stranger")))
    report, said = _judge(folder, "vsa.json", "--no-fallback")
    assert _overall(report) == "FAILED"
    assert said.startswith("snapshot validation failed for 1 components: VSA validation failed: ")
    report, said = _judge(folder, "vsa.json", "--no-fallback", "--ignore-signature-verification")
    assert (_overall(report), report["vsa_summary"]["signature"], said) == ("PASSED", "NOT VERIFIED", "")


def test_a_key_that_is_not_there_verifies_nothing(folder: Path) -> None:
    (folder / "vsa.pub").unlink()
    report, said = _judge(folder, "vsa.json", "--no-fallback")
    assert _overall(report) == "FAILED"
    assert "failed to load public key: " in said


def test_policies_are_compared_at_the_time_that_is_asked_for(folder: Path) -> None:
    """Criteria that count from a day on make another policy then, and none before."""
    later = {"exclude": [{"value": "p.x", "effectiveOn": "2090-01-01T00:00:00Z"}]}
    _write(folder, replace(_SUMMARY, policy={"sources": [{**_POLICY["sources"][0], "volatileConfig": later}]}))
    assert _overall(_judge(folder, "vsa.json", "--no-fallback")[0]) == "PASSED"
    report, _ = _judge(folder, "vsa.json", "--no-fallback", "--effective-time", "2091-01-01")
    assert (_overall(report), report["vsa_summary"]["fallback_reasons"]) == ("FAILED", "policy mismatch")


@pytest.mark.parametrize(
    ("words", "kind", "text"),
    [
        (("--output", "xml"), OutputError, '"xml" is not a valid report format (there are json, yaml, text, status)'),
        (("--vsa-retrieval", "local@/x"), InputError, "no valid retriever found from flags: [local@/x]"),
        (("--vsa-retrieval", "nowhere@x"), InputError, "no valid retriever found from flags: [nowhere@x]"),
        (("--effective-time", "attestation"), PolicyError, "a VSA tells of no attestation's time"),
        (("--effective-time", "yesterday"), PolicyError, "failed to process policy: invalid policy time argument"),
        (("--workers", "0"), Error, "results channel closed prematurely (received 0/1 results)"),
        (("--timeout", "1ns"), TimeoutExceededError, "exceeded allowed execution time of 1ns"),
    ],
)
def test_what_is_refused(folder: Path, words: tuple[str, ...], kind: type[Error], text: str) -> None:
    with pytest.raises(kind) as raised:
        _run(folder, "vsa.json", "--no-fallback", *words)
    assert text in str(raised.value)


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        (f"git::https://{_NOBODY}/policy.git", "failed to get policy configuration: "),
        ("nowhere.yaml", "failed to process policy: cannot initialize Kubernetes client: "),
        ('{"sources": 1}', "failed to process policy: unable to parse"),
        ('{"sources": [{"policy": ["./nowhere"]}]}', "failed to process policy: "),
    ],
)
def test_policies_that_cannot_be_had(folder: Path, policy: str, text: str) -> None:
    with pytest.raises(PolicyError) as raised:
        _run(folder, "vsa.json", "--no-fallback", policy=policy)
    assert str(raised.value).startswith(text)


def test_inputs_without_components(folder: Path) -> None:
    with pytest.raises(InputError, match="no components found in input"):
        _run(folder, "--images", '{"components": []}', "--no-fallback")
    with pytest.raises(InputError, match="failed to parse input: "):
        _run(folder, "--images", "{", "--no-fallback")


def test_a_key_for_images_that_is_not_there_ends_the_run(folder: Path) -> None:
    with pytest.raises(PolicyError, match=r"failed to create fallback validation context: .*nowhere\.pub"):
        _run(folder, _DIGEST, "--fallback-public-key", "nowhere.pub")


def test_a_digest_alone_is_found_in_a_log(folder: Path, log: RekorServer) -> None:
    _SUMMARY.log_into(log.log)
    report, said = _judge(folder, _DIGEST, "--no-fallback", "--vsa-retrieval", f"rekor@{log.url}")
    assert (_overall(report), said) == ("PASSED", "")


def test_a_digest_alone_cannot_be_validated_in_place_of_its_vsa(folder: Path, log: RekorServer) -> None:
    words = (_DIGEST, "--fallback-public-key", "image.pub", "--vsa-retrieval", f"rekor@{log.url}")
    report, said = _judge(folder, *words)
    assert (_overall(report), report["vsa_summary"]["fallback_reasons"]) == ("FAILED", "no vsa")
    assert said.endswith("fallback image validation failed: the digest alone names no repository")


def test_a_log_that_fails_is_told_apart_from_one_that_has_nothing(folder: Path) -> None:
    report, _ = _judge(folder, _DIGEST, "--no-fallback", "--vsa-retrieval", f"rekor@http://{_NOBODY}")
    assert report["vsa_summary"]["fallback_reasons"] == "retrieval failed"


def _fallback(folder: Path, log: RekorServer) -> tuple[dict[str, Any], str]:
    image = f"{_NOBODY}/app@{_DIGEST}"
    words = ("--fallback-public-key", "image.pub", "--vsa-retrieval", f"rekor@{log.url}", "--retry-max-retry", "0")
    return _judge(folder, image, *words)


def test_an_image_without_a_vsa_is_validated(folder: Path, log: RekorServer) -> None:
    """It can't be reached here, which is a verdict of the validation."""
    report, said = _fallback(folder, log)
    assert (_overall(report), report["result"]["fallback"]) == ("FAILED", "used for all images")
    (component,) = report["fallback"]["components"]
    assert [one["metadata"]["code"] for one in component["violations"]] == ["builtin.image.accessible"]
    assert said == "snapshot validation failed for 1 components"


def test_a_validation_that_fails_as_a_whole_fails_its_images(
    folder: Path, log: RekorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise Error("nothing works")

    monkeypatch.setattr(validate_image, "judge", fail)
    report, said = _fallback(folder, log)
    assert (_overall(report), "fallback" in report) == ("FAILED", False)
    assert said.endswith("1 components: fallback image validation failed: nothing works")


def test_a_validation_that_takes_too_long_ends_the_run(
    folder: Path, log: RekorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_long(*_: object) -> None:
        raise TimeoutExceededError("too long")

    monkeypatch.setattr(validate_image, "judge", take_long)
    with pytest.raises(TimeoutExceededError):
        _run(
            folder,
            f"{_NOBODY}/app@{_DIGEST}",
            "--fallback-public-key",
            "image.pub",
            "--vsa-retrieval",
            f"rekor@{log.url}",
        )


def test_a_fault_of_ours_in_a_validation_is_told_once_the_report_is_written(
    folder: Path, log: RekorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = validate_image.judge

    def judge(*given: Any) -> Any:
        from refimpl.record import replace as replaced

        return replaced(original(*given), fault=InternalError("a fault"))

    monkeypatch.setattr(validate_image, "judge", judge)
    report, said = _fallback(folder, log)
    assert _overall(report) == "FAILED"
    assert said.startswith("internal error: a fault")
