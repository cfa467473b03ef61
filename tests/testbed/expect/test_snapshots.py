"""Snapshots: what is equal, what an update may write, what is left over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ec_acceptance.testbed.expect.snapshots import OURS, SnapshotFileError, Snapshots

if TYPE_CHECKING:
    from pathlib import Path


def _record(folder: Path, value: object, origin: str, key: str = "a-01 stdout") -> list[str]:
    snapshots = Snapshots(folder, update=True, origin=origin)
    assert snapshots.feature("some/feature").compare(key, value) is None
    return snapshots.save()


def _compare(folder: Path, value: object) -> str | None:
    return Snapshots(folder).feature("some/feature").compare("a-01 stdout", value)


def test_an_equal_value_matches(tmp_path: Path) -> None:
    assert _record(tmp_path, {"a": [1, "x"]}, OURS) == ["some/feature.ambr a-01 stdout"]
    assert _compare(tmp_path, {"a": [1, "x"]}) is None


def test_a_different_value_is_shown_as_a_diff_with_the_origin(tmp_path: Path) -> None:
    _record(tmp_path, {"a": "old"}, "oracle 1")
    difference = _compare(tmp_path, {"a": "new"})
    assert difference is not None
    assert "oracle 1" in difference
    assert "-  'a': 'old'," in difference
    assert "+  'a': 'new'," in difference
    assert "\x1b" not in difference


def test_a_missing_entry_shows_the_output(tmp_path: Path) -> None:
    difference = _compare(tmp_path, "text")
    assert difference is not None
    assert "there is no snapshot 'a-01 stdout' in feature.ambr" in difference


def test_ours_never_replaces_an_entry_of_an_oracle(tmp_path: Path) -> None:
    _record(tmp_path, "theirs", "oracle 1")
    snapshots = Snapshots(tmp_path, update=True, origin=OURS)
    assert snapshots.feature("some/feature").compare("a-01 stdout", "ours") is not None
    assert snapshots.save() == []
    assert _compare(tmp_path, "theirs") is None


def test_an_oracle_replaces_ours_and_other_entries_stay(tmp_path: Path) -> None:
    _record(tmp_path, "ours", OURS)
    _record(tmp_path, "other", OURS, key="a-02 stdout")
    _record(tmp_path, "theirs", "oracle 1")
    assert _compare(tmp_path, "theirs") is None
    assert Snapshots(tmp_path).feature("some/feature").compare("a-02 stdout", "other") is None


def test_unused_entries_and_files_are_named(tmp_path: Path) -> None:
    _record(tmp_path, "x", OURS)
    (tmp_path / "gone.ambr").write_text("# serializer version: 1\n")
    snapshots = Snapshots(tmp_path)
    snapshots.feature("some/feature")
    assert snapshots.unused() == ["gone.ambr (no such feature)", "some/feature.ambr a-01 stdout"]
    snapshots.feature("some/feature").compare("a-01 stdout", "x")
    assert snapshots.unused() == ["gone.ambr (no such feature)"]


def test_a_file_of_another_kind_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "feature.ambr").write_text("garbage\n")
    with pytest.raises(SnapshotFileError, match=r"feature\.ambr"):
        _compare(tmp_path, "x")
