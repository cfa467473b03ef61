"""Validators are tried by hand: services that run as long as they are wanted, and images that are put there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ec_acceptance.conformance.cli import main
from ec_acceptance.testbed.fixtures.images import Image, Layer, publish
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.registry.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="there signals and shells are another matter")
_SCRIPTS = sysconfig.get_path("scripts")
_POLICY = '{"sources": [{"policy": ["git::https://$EC_GITHOST/git/rules.git"]}]}'
_RULES = """package main

import rego.v1

# METADATA
# title: The builder
# custom:
#   short_name: builder
deny contains {"code": "main.builder", "msg": sprintf("built by %s", [builder])} if {
	some attestation in input.attestations
	builder := attestation.statement.predicate.builder.id
	builder != "https://ours"
}
"""
_TRIAL = f"""set -eu
export PATH={shlex.quote(_SCRIPTS)}:$PATH
app=$EC_REGISTRY/team/app:1.0
validate() {{
    ec-ref validate image --image $app --policy acceptance/policy --public-key $EC_PUBLIC_KEY \\
        --rekor-url $EC_REKOR_URL --output text "$@"
}}
ec-conformance push image-files $app --label purpose=release
validate || echo "unsigned: $?"
ec-conformance sign $app
ec-conformance attest --builder https://ours $app
validate && echo "signed: $?"
ec-conformance attest --type https://slsa.dev/provenance/v0.2 --predicate elsewhere.yaml $app
validate || echo "elsewhere: $?"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "rules/main.rego": _RULES,
        "image-files/etc/app": "app\n",
        "policy.json": _POLICY,
        "elsewhere.yaml": "builder: {id: 'https://elsewhere'}\nbuildType: https://b\ninvocation: {}\n",
        "trial.sh": _TRIAL,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "tmp").mkdir()
    return tmp_path


def _up(folder: Path, *options: str) -> tuple[list[str], dict[str, str]]:
    command = [sys.executable, "-m", "ec_acceptance.conformance", "fixtures", "up", *options]
    return command, {**os.environ, "TMPDIR": str(folder / "tmp"), "HOME": str(folder)}


@_POSIX
def test_a_validator_is_tried_by_hand(folder: Path) -> None:
    command, environ = _up(folder, "--git", "rules=rules", "--policy", "policy=policy.json", "--", "sh", "trial.sh")
    answer = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    found = re.findall(r"^(?:unsigned|signed|elsewhere): \d+$", answer.stdout, re.MULTILINE)
    assert found == ["unsigned: 1", "signed: 0", "elsewhere: 1"], answer.stdout
    assert "built by https://elsewhere" in answer.stdout
    assert list((folder / "tmp").iterdir()) == []


@_POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_and_leaves_nothing(folder: Path, number: signal.Signals) -> None:
    command, environ = _up(folder, "--env", "variables")
    with subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(8)]
        variables = dict(line.strip().removeprefix("export ").split("=", 1) for line in lines)
        assert (folder / "variables").read_text() == "".join(lines)
        registry = f"http://{variables['EC_REGISTRY']}"
        image = Image.of([Layer.of({"a": b"a"})])
        assert publish(image, Repository.at(registry, "team/app")).digest == image.digest
        assert Path(variables["EC_PUBLIC_KEY"]).read_text().startswith("-----BEGIN PUBLIC KEY-----")
        process.send_signal(number)
        assert process.wait(60) == 0
    assert list((folder / "tmp").iterdir()) == []
    assert not (folder / "variables").exists()


@_POSIX
def test_a_commands_status_is_the_answer(folder: Path) -> None:
    for line, status in (("exit 7", 7), ("kill -TERM $$", 143)):
        command, environ = _up(folder, "--", "sh", "-c", line)
        assert subprocess.run(command, cwd=folder, env=environ, check=False).returncode == status
    assert list((folder / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--git", "rules"], "rules: it must be --git NAME=FOLDER"),
        (["--git", "rules=nowhere"], "nowhere: there is no such folder"),
        (["--policy", "p=nowhere.yaml"], "nowhere.yaml: No such file or directory"),
        (["--policy", "p=trial.sh"], "trial.sh is no JSON or YAML"),
        (["--env", "nowhere/variables"], "--env nowhere/variables: No such file or directory"),
        (["--", "no-such-program"], "no-such-program: No such file or directory"),
    ],
)
def test_what_cannot_be_served_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path, words: list[str], said: str
) -> None:
    monkeypatch.chdir(folder)
    assert main(["fixtures", "up", *words]) == 2
    out = capsys.readouterr().out
    assert said in out
    assert out.count("\n") == 1


@pytest.fixture
def registry() -> Iterator[EmbeddedRegistry]:
    one = EmbeddedRegistry()
    yield one
    one.close()


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["sign", "{}/team/app"], 2, "no key: give --key FILE, or set EC_KEY"),
        (["sign", "--key", "key", "{}/team/app"], 2, "no transparency log: give --rekor-url URL"),
        (["sign", "--key", "missing", "--no-log", "{}/team/app"], 2, "--key missing: No such file or directory"),
        (["sign", "--key", "key", "--no-log", "{}/team/app"], 2, "--key key is no private key in PEM"),
        (["push", "registry.example.com/team/app:1"], 2, "in a registry of this machine"),
        (["push", "oci:missing", "{}/team/app"], 2, "there is no OCI layout in missing"),
        (["push", "missing", "{}/team/app"], 2, "'missing' names no image"),
        (["push", "--label", "x", "{}/team/app"], 2, "--label must be NAME=VALUE"),
        (["push", "localhost:1/team/app"], 3, "no registry answers at localhost:1"),
        (["attest", "--type", "https://t", "{}/team/app"], 2, "--predicate FILE and --type URI go together"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    registry: EmbeddedRegistry,
    words: list[str],
    status: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("EC_KEY", "EC_REKOR_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "key").write_text("no key")
    assert main([word.format(registry.url.removeprefix("http://")) for word in words]) == status
    out = capsys.readouterr().out
    assert said in out
    assert out.count("\n") == 1


def test_an_image_that_is_not_there_is_not_signed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, registry: EmbeddedRegistry
) -> None:
    shutil.copy(Path(__file__).parents[2] / "features" / "examples" / "own" / "release.key", tmp_path / "key")
    place = f"{registry.url.removeprefix('http://')}/team/app:1"
    signing = ["sign", "--key", str(tmp_path / "key"), place]
    assert main([*signing, "--no-log"]) == 2
    assert "there is no such image (404); push makes one" in capsys.readouterr().out
    assert main(["push", place]) == 0
    assert main([*signing, "--rekor-url", "http://localhost:1"]) == 3
    assert "no transparency log answers at http://localhost:1" in capsys.readouterr().out
    assert main([*signing, "--no-log"]) == 0
