"""What a run attests, and that it can be checked: by ec-ref, as an attestation of the image that holds the program."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ec_acceptance.conformance.attestation import TEST_RESULT, Signing, describe_result
from ec_acceptance.conformance.cli import main
from ec_acceptance.conformance.outcome import About, Outcome, ScenarioResult
from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.signing import KeyPair

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT = Path(__file__).parents[2]
_KEY = KeyPair.derive("tests", "attesting")
_ABOUT = About("ec-acceptance 1", 2, 2, "./it", "v1", "embedded", {"core": "all"}, frozenset({"core"}))


def _outcome(*statuses: str) -> Outcome:
    results = [
        ScenarioResult(f"features/a.feature:{line}", "A", "n", (f"a-0{line}",), status, 0.5, "", "", "core")
        for line, status in enumerate(statuses, 1)
    ]
    return Outcome(_ABOUT, tuple(results))


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (_outcome("passed", "passed"), "PASSED"),
        (_outcome("passed", "failed"), "FAILED"),
        (_outcome("passed", "wrong-reason"), "FAILED"),
        (_outcome("passed", "expected"), "WARNED"),
        (_outcome("passed", "undecided"), "WARNED"),
        (replace(_outcome("passed"), about=replace(_ABOUT, selected=1)), "WARNED"),
    ],
)
def test_no_more_is_attested_than_was_shown(outcome: Outcome, result: str) -> None:
    predicate = describe_result(outcome)
    assert predicate is not None
    assert predicate["result"] == result
    assert predicate["passedTests"][0] == "a-01 (features/a.feature:1)"
    assert predicate["configuration"][0]["name"] == "ec-acceptance 1"


def test_a_run_that_says_nothing_of_the_program_attests_nothing() -> None:
    assert describe_result(_outcome("passed", "broken")) is None
    assert describe_result(replace(_outcome("passed", "passed"), interrupted="SIGINT")) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--attest-key", "k"], "are of --attest FILE"),
        (["--attest", "a", "--attest-subject", "image:latest"], "write a name and a digest"),
        (["--attest", "a", "--attest-key", "nowhere.pem"], "--attest-key"),
    ],
)
def test_a_mistake_is_told_before_anything_runs(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--registry", "embedded", "--tags", "@happy-01", *words, "--", "/bin/true"]) == 2
    assert said in capsys.readouterr().out.splitlines()[-1]


def _run(folder: Path, *words: str) -> Path:
    """Run a part of the suite; the file with what is attested of it."""
    target = folder / "attested"
    command = [
        sys.executable,
        "-m",
        "ec_acceptance.conformance",
        "run",
        "--registry",
        "embedded",
        "--tags",
        "@happy-01",
    ]
    command += ["--attest", str(target), *words]
    subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return target


def test_the_subject_is_the_program(tmp_path: Path) -> None:
    document = json.loads(_run(tmp_path, "--", "/bin/true").read_text())
    digest = hashlib.sha256(Path("/bin/true").read_bytes()).hexdigest()
    assert document["subject"] == [{"name": "true", "digest": {"sha256": digest}}]
    assert document["predicateType"] == TEST_RESULT
    assert document["predicate"]["result"] == "FAILED"


def _of_a_part(folder: Path, subject: str) -> bytes:
    """What a run of one scenario attests, which passed."""
    attested = _run(folder, "--attest-key", "key.pem", "--attest-subject", subject).read_bytes()
    statement = json.loads(base64.b64decode(json.loads(attested)["payload"]))
    name, _, digest = subject.partition("@")
    assert statement["predicate"]["result"] == "WARNED"
    assert statement["subject"] == [{"name": name, "digest": {"sha256": digest.partition(":")[2]}}]
    return attested


def _attest(subject: str, key: KeyPair | None = _KEY, *statuses: str) -> bytes:
    """What a run of all scenarios attests, made by hand."""
    name, _, digest = subject.partition("@")
    content = Signing(name, digest, key).attest(_outcome(*(statuses or ("passed", "passed"))))
    assert content is not None
    return content


def _with_another_payload(subject: str) -> bytes:
    envelope = json.loads(_attest(subject, _KEY, "passed", "failed"))
    payload = base64.b64decode(envelope["payload"]).replace(b'"FAILED"', b'"PASSED"')
    return json.dumps({**envelope, "payload": base64.b64encode(payload).decode()}).encode()


_UNSIGNED = "builtin.attestation.signature_check"


@pytest.mark.parametrize(
    ("attest", "codes"),
    [
        (_of_a_part, ["conformance.passed"]),
        (lambda _, subject: _attest(subject), []),
        (lambda _, subject: _attest(subject, _KEY, "passed", "failed"), ["conformance.passed"]),
        (lambda _, subject: _with_another_payload(subject), [_UNSIGNED]),
        (lambda _, subject: _attest(subject, KeyPair.derive("tests", "another")), [_UNSIGNED]),
        (lambda _, subject: _attest(f"{subject.partition('@')[0]}@sha256:{'0' * 64}"), [_UNSIGNED]),
        (lambda _, subject: _attest(subject, None), [_UNSIGNED]),
    ],
    ids=["of a part", "conforming", "failed", "another payload", "another key", "another subject", "no signature"],
)
def test_a_validator_checks_what_a_run_attests(
    tmp_path: Path, attest: Callable[[Path, str], bytes], codes: list[str]
) -> None:
    """A conforming run's result passes; that of a part, of a failure, or one that somebody changed doesn't."""
    (tmp_path / "key.pem").write_text(_KEY.private_pem)
    (tmp_path / "key.pub").write_text(_KEY.public_pem)
    with closing(EmbeddedRegistry()) as backend, Gate(backend) as gate:
        repository = gate.repository("team/validator")
        program = repository.put_blob(b"{}")
        layers: list[dict[str, Any]] = []
        media_type = "application/vnd.oci.image.manifest.v1+json"
        config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": program, "size": 2}
        image = {"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers}
        digest = repository.put_manifest(json.dumps(image).encode(), media_type, tag="latest")
        name = f"{gate.address}/team/validator"
        _attach(repository, digest, attest(tmp_path, f"{name}@{digest}").strip())
        command = [sys.executable, "-m", "refimpl", "validate", "image", "--image", f"{name}:latest", "--ignore-rekor"]
        policy = {"sources": [{"policy": [str(_ROOT / "features" / "examples" / "conformance")]}]}
        command += ["--policy", json.dumps(policy), "--public-key", "key.pub", "--skip-image-sig-check"]
        done = subprocess.run([*command, "--output", "json"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == (1 if codes else 0), done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert [one["metadata"]["code"] for one in report["components"][0].get("violations", [])] == codes, done.stdout


def _attach(repository: Any, digest: str, envelope: bytes) -> None:
    """As cosign attaches an attestation, by a tag."""
    kind = "application/vnd.oci.image.manifest.v1+json"
    config = repository.put_blob(b"{}")
    layer = repository.put_blob(envelope)
    manifest = {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2},
        "layers": [
            {
                "mediaType": "application/vnd.dsse.envelope.v1+json",
                "digest": layer,
                "size": len(envelope),
                "annotations": {"dev.cosignproject.cosign/signature": "", "predicateType": TEST_RESULT},
            }
        ],
    }
    repository.put_manifest(json.dumps(manifest).encode(), kind, tag=f"{digest.replace(':', '-')}.att")
