"""Where VSAs are written (specification 24 §14)."""

from __future__ import annotations

from pathlib import Path

import pytest

from refimpl.errors import OutputError
from refimpl.vsa.files import Folder, output_folder, write


def test_a_folder_below_the_working_directory_or_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert output_folder("") is None
    assert output_folder("a/../b") == tmp_path / "b"
    assert output_folder(".") == tmp_path
    assert output_folder("/tmp") == Path("/tmp")  # noqa: S108 - only named


@pytest.mark.parametrize("text", ["/", "/etc/x", "/tmpfoo", "/tmp/../etc"])  # noqa: S108 - only named
def test_no_other_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match="must be under /tmp or current working directory, got: /"):
        output_folder(text)


def test_each_component_has_a_path_of_its_own_in_the_folder(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "made")
    names = ["a", "a", "../../b", "", "/c"]
    paths = [folder.path(name, f"sha256:{place:064x}") for place, name in enumerate(names)]
    assert [path.parent for path in paths] == [tmp_path / "made"] * len(names)
    assert [path.name for path in paths] == [
        "vsa-a.json",
        f"vsa-a-{'0' * 12}.json",
        "vsa-..-..-b.json",
        "vsa-unknown.json",
        "vsa--c.json",
    ]


def test_what_a_link_names_stays_as_it_is(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "vsa.json").symlink_to(victim)
    write(tmp_path / "vsa.json", b"{}", 0o600)
    assert victim.read_text() == "mine"
    assert (tmp_path / "vsa.json").read_bytes() == b"{}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["victim", "vsa.json"]


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="failed to create output directory: mkdir "):
        Folder(tmp_path / "file" / "x").path("a", "sha256:00")
