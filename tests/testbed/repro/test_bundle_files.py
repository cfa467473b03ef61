"""Files of a scenario, found and made again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from ec_acceptance.testbed.repro.archive import Blobs, Bundle
from ec_acceptance.testbed.repro.document import BundleError, Member
from ec_acceptance.testbed.repro.files import describe_files, find_files, restore_files

if TYPE_CHECKING:
    from pathlib import Path


def _restore(entries: list[dict[str, Any]], folder: Path, blobs: Blobs | None = None, *, trusted: bool = False) -> None:
    folder.mkdir()
    bundle = Bundle(Member({}, ""), (blobs or Blobs()).contents)
    restore_files(
        Member(entries, "before"), bundle, folder, lambda content: content.replace(b"/old", b"/new"), trusted=trusted
    )


def _entry(path: str, kind: str = "file", **more: object) -> dict[str, Any]:
    return {"path": path, "kind": kind, "mode": 0o755, "age": 60, **more}


def test_files_are_as_they_were_but_for_where_they_are(tmp_path: Path) -> None:
    was = tmp_path / "was"
    (was / "in").mkdir(parents=True, mode=0o700)
    (was / "in" / "file").write_bytes(b"at /old/place")
    os.utime(was / "in" / "file", (1000, 1000))
    (was / "in" / "link").symlink_to("file")
    os.mkfifo(was / "in" / "pipe")
    blobs = Blobs()
    described = describe_files(find_files(was, ["in", "nowhere"]), blobs)
    assert blobs.left_out == ["the file in/pipe: no file, folder or link"]
    _restore(described, tmp_path / "is", blobs)
    made = tmp_path / "is" / "in"
    assert (made / "file").read_bytes() == b"at /new/place"
    assert abs((made / "file").stat().st_mtime - 1000) < 10
    assert (made / "link").readlink().name == "file"
    assert sorted(path.name for path in made.iterdir()) == ["file", "link"]


def test_what_is_skipped_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "a" / "run-1").mkdir(parents=True)
    (tmp_path / "a" / "run-1" / "stdout").touch()
    assert [one.path for one in find_files(tmp_path, ["a"], ["a/run-"])] == ["a"]


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../../x", "", ".", "a\\b"])
def test_no_path_leads_out(tmp_path: Path, path: str) -> None:
    with pytest.raises(BundleError, match="no path in the bundle's folder"):
        _restore([_entry(path, "folder")], tmp_path / "is", trusted=True)


@pytest.mark.parametrize("target", ["/etc", "..", "../..", "a/../../..", "a/.."])
def test_no_link_leads_out_unless_the_bundle_is_trusted(tmp_path: Path, target: str) -> None:
    entries = [_entry("link", "link", target=target)]
    with pytest.raises(BundleError, match="leads out of the bundle's folder"):
        _restore(entries, tmp_path / "is")
    _restore(entries, tmp_path / "trusted", trusted=True)
    assert str((tmp_path / "trusted" / "link").readlink()) == target


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    blobs = Blobs()
    outside = tmp_path / "outside"
    outside.mkdir()
    entries = [
        _entry("link", "link", target=str(outside)),
        _entry("link/file", content=blobs.add(b"x", "x")),
    ]
    with pytest.raises(FileNotFoundError):
        _restore(entries, tmp_path / "is", blobs, trusted=True)
    assert list(outside.iterdir()) == []


def test_no_file_is_a_program_unless_the_bundle_is_trusted(tmp_path: Path) -> None:
    blobs = Blobs()
    entries = [_entry("program", content=blobs.add(b"#!/bin/sh", "x"))]
    _restore(entries, tmp_path / "is", blobs)
    _restore(entries, tmp_path / "trusted", blobs, trusted=True)
    assert not os.access(tmp_path / "is" / "program", os.X_OK)
    assert os.access(tmp_path / "trusted" / "program", os.X_OK)
