"""The version and those of the parts, read from what is installed."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING

import refimpl
from refimpl.command_line import version
from refimpl.rego import host

if TYPE_CHECKING:
    import pytest


def test_the_short_form_is_the_bare_version() -> None:
    assert version.render(short=True) == f"v{refimpl.__version__}-ec-ref" == version.VERSION


def test_json_has_the_contract_members_and_wins_over_short() -> None:
    text = version.render(as_json=True, short=True)
    assert text.endswith("}\n")
    document = json.loads(text)
    assert list(document) == ["Version", "Commit", "ChangedOn", "Components"]
    assert document["Version"] == version.VERSION
    parts = {part["Name"]: part["Version"] for part in document["Components"]}
    assert parts["Cryptography"] == f"v{installed_version('cryptography')}"
    assert parts["Dulwich"] == f"v{installed_version('dulwich')}"
    assert parts["PyYAML"] == f"v{installed_version('PyYAML')}"
    assert parts["Python"] == f"v{sys.version.split()[0]}"


def test_the_table_has_a_row_for_each_part() -> None:
    lines = version.render().splitlines()
    assert lines[0].split() == ["Version", version.VERSION]
    assert [tuple(line.split()) for line in lines[1:]] == version.components()
    assert len({line.index(line.split()[1]) for line in lines}) == 1


def test_what_is_not_installed_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "PyYAML-9.8.dist-info").mkdir()
    (tmp_path / "other-1.0.dist-info").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path / "absent"), str(tmp_path)])
    parts = dict(version.components())
    assert parts["PyYAML"] == "v9.8"
    assert "Cryptography" not in parts


def test_opa_is_told_by_the_host_binary_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = tmp_path / "host"
    host.write_bytes(b"\x7fELF...dep\tgithub.com/open-policy-agent/opa\tv9.9.9\th1:abc=\n...")
    monkeypatch.setattr(version, "_host_candidates", lambda: [str(tmp_path / "absent"), str(host)])
    assert version.components()[0] == ("OPA", "v9.9.9")


def test_without_a_host_there_is_no_opa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "host"
    empty.touch()
    monkeypatch.setattr(version, "_host_candidates", lambda: [str(empty)])
    assert "OPA" not in dict(version.components())


def test_the_host_named_by_the_environment_is_a_candidate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EC_REF_REGO_HOST", "/somewhere/host")
    assert version._host_candidates()[-1] == "/somewhere/host"


def test_the_host_is_looked_for_where_it_is_started_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EC_REF_REGO_HOST", raising=False)
    [candidate] = version._host_candidates()
    assert candidate == str(Path(host.__file__).parent / "_bin" / host._NAME)
