"""Two validators side by side: each kind of difference is told, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ec_acceptance.conformance.cli import main
from ec_acceptance.conformance.comparison import KINDS, Difference, Pair, compare, read_side
from ec_acceptance.conformance.comparison_page import comparison_page

_ROOT = Path(__file__).parents[2]
_TIME = "2026-01-01T00:00:00Z"
_CLOCK = 1767225600.0  # the same moment


def _report(*codes: str, success: bool = False, message: str = "no") -> dict[str, Any]:
    violations = [{"msg": message, "metadata": {"code": code}} for code in codes]
    component = {"name": "a", "violations": violations, "containerImage": "127.0.0.1:1/image"}
    return {"success": success, "components": [component], "effective-time": _TIME, "ec-version": "v1"}


def _side(folder: Path, **changes: Any) -> Any:
    """What a validator left that printed a report, and asked for a blob."""
    seen = {
        "status": 1,
        "stdout": json.dumps(_report("a.b", "a.c")),
        "stderr": 'time="2026-01-01T00:00:00Z" level=info msg="x"\n',
        "address": "127.0.0.1:1",
        "asked": [f"GET /v2/image/blobs/sha256:{'0' * 64}", "HEAD /v2/image/manifests/latest"],
        **changes,
    }
    folder.mkdir()
    (folder / "1-stdout").write_text(seen["stdout"])
    (folder / "1-stderr").write_text(seen["stderr"])
    run = {"command": ["it"], "status": seen["status"], "timed_out": False, "clock": [_CLOCK, _CLOCK]}
    requests = [{"server": "registry", "asked": asked, "status": 200} for asked in seen["asked"]]
    group = {"runs": [{**run, "stdout": "1-stdout", "stderr": "1-stderr"}], "requests": requests}
    (folder / "seen.json").write_text(json.dumps({"values": {seen["address"]: "registry"}, "groups": [group]}))
    side = read_side(folder)
    assert side is not None
    return side


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({}, []),
        (
            {
                "address": "127.0.0.1:2",
                "stdout": json.dumps(_report("a.b", "a.c")).replace("127.0.0.1:1", "127.0.0.1:2").replace("v1", "v2"),
                "stderr": 'time="2026-01-02T00:00:00Z" level=info msg="x"\n',
                "asked": [f"GET /v2/other/blobs/sha256:{'0' * 64}", "HEAD /v2/image/manifests/latest"],
            },
            [],
        ),
        ({"status": 0}, ["verdict"]),
        ({"stdout": json.dumps(_report("a.b", "a.c", success=True))}, ["verdict", "message"]),
        ({"stdout": json.dumps(_report("a.b", "a.d"))}, ["code"]),
        ({"stdout": json.dumps(_report("a.b"))}, ["code"]),
        ({"stdout": json.dumps(_report("a.b", "a.c", message="not"))}, ["message"]),
        ({"stdout": json.dumps(_report("a.c", "a.b"))}, ["order"]),
        ({"stdout": "no report"}, ["message"]),
        ({"stderr": "Error: x\n"}, ["message"]),
        ({"asked": ["HEAD /v2/image/manifests/latest"]}, ["requests"]),
        ({"asked": [f"GET /v2/image/blobs/sha256:{'0' * 64}"] * 2 + ["HEAD /v2/image/manifests/latest"]}, ["requests"]),
        ({"status": 0, "asked": []}, ["verdict", "requests"]),
    ],
)
def test_each_kind_of_difference_is_told(tmp_path: Path, changes: dict[str, Any], kinds: list[str]) -> None:
    found = compare(_side(tmp_path / "one"), _side(tmp_path / "other", **changes))
    assert [difference.kind for difference in found] == kinds


def test_texts_are_compared_line_by_line(tmp_path: Path) -> None:
    one = _side(tmp_path / "one", stdout="a\nb\n")
    assert [each.kind for each in compare(one, _side(tmp_path / "two", stdout="b\na\n"))] == ["order"]
    [difference] = compare(one, _side(tmp_path / "three", stdout="a\nc\n"))
    assert (difference.kind, difference.lines) == ("message", (" a", "-b", "+c"))


def test_the_page_escapes_what_validators_say() -> None:
    hostile = "<script>alert(1)</script>\x1b[31m\x00\ud800"
    differences = tuple(Difference(kind, "run", (f"-{hostile}", f"+{hostile}")) for kind in KINDS)
    content = comparison_page([Pair("a-01", hostile, ("passed", "failed"), differences)], [hostile, hostile]).decode()
    assert "<script" not in content
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m\\x00\\ud800" in content
    assert content.count('class="gone"') == len(KINDS)


@pytest.mark.parametrize(
    "words", [[], ["--", "a"], ["--", "a", "--"], ["--", "--", "b"], ["--", "a", "--", "b", "--", "c"]]
)
def test_two_validators_must_be_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--tags", "@happy-01", *words]) == 2
    said = capsys.readouterr()
    assert "name two validators" in said.out or "there must be" in said.err


def test_adapters_name_validators_too(renamed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command line takes the place of one that no adapter names, or both do."""
    named = ["--adapter", str(renamed), "--other-adapter", str(renamed)]
    ours = ["--", sys.executable, "-m", "refimpl"]
    only = ["compare", "--only", "verdict-01", "--jobs", "1"]
    assert main([*only, *named[:2], *ours, "--", "a", "--", "b"]) == 2
    assert main([*only, *named[:2]]) == 2
    assert "name two validators" in capsys.readouterr().out
    assert main([*only, *named[:2], *ours]) == 0
    said = capsys.readouterr().out
    assert said.index("validator: " + str(renamed.parent / "renamed")) < said.index("validator: " + sys.executable)
    assert main([*only, *named[2:], *ours]) == 0
    said = capsys.readouterr().out
    assert said.index("validator: " + str(renamed.parent / "renamed")) > said.index("validator: " + sys.executable)
    assert main([*only, *named]) == 0
    assert main([*only, *named, "--", "/bin/true", *ours]) == 1
    assert "validator: /bin/true" in capsys.readouterr().out


def test_only_what_both_claim_is_compared(renamed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compare", "--adapter", str(renamed), "--only", "vsa-01", "--", "/bin/true"]
    assert main(words) == 2
    assert "none of the scenarios that are selected is about what both validators claim" in capsys.readouterr().out
    assert main([*words[:3], "--claims", "nonsense", *words[3:]]) == 2
    assert "--claims: 'nonsense' is no profile" in capsys.readouterr().out
    assert main([*words[:3], "--claims", "vsa", *words[3:]]) == 1
    assert "1 scenarios on two validators" in capsys.readouterr().out


def _compare(tmp_path: Path, *commands: str) -> subprocess.CompletedProcess[str]:
    words = [word for command in commands for word in ("--", *command.split())]
    command = [sys.executable, "-m", "ec_acceptance.conformance", "compare", "--tags", "@verdict-01,@cache-11.1"]
    command += ["--html", str(tmp_path / "c.html"), *words]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)


def test_a_validator_does_the_same_as_itself(tmp_path: Path) -> None:
    ours = f"{sys.executable} -m refimpl"
    answer = _compare(tmp_path, ours, ours)
    assert answer.stdout.splitlines()[-1] == "2 scenarios: 2 the same, 0 differ, 0 not compared", answer.stdout
    assert answer.returncode == 0


def test_a_validator_that_passes_everything_differs_in_the_verdict(tmp_path: Path) -> None:
    answer = _compare(tmp_path, f"{sys.executable} -m refimpl", "/bin/true")
    assert answer.returncode == 1
    assert "they differ 2 in verdict" in answer.stdout
    assert "    -1\n    +0\n" in answer.stdout
    assert "verdict: exit status" in (tmp_path / "c.html").read_text(encoding="utf-8")
