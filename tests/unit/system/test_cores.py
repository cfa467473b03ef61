"""How many processors may be used."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from refimpl.system.cores import available_cores

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


@pytest.mark.parametrize(
    ("limit", "cores"),
    [("max 100000\n", 8), ("150000 100000\n", 2), ("20000 100000\n", 1), ("3200000 100000\n", 8), ("nonsense", 8)],
)
def test_a_quota_of_time_counts(tmp_path: Path, limit: str, cores: int) -> None:
    (tmp_path / "cpu.max").write_text(limit, encoding="ascii")
    assert available_cores(tmp_path) == cores


@pytest.mark.parametrize(("quota", "cores"), [("-1", 8), ("300000", 3)])
def test_so_does_one_of_the_first_version(tmp_path: Path, quota: str, cores: int) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota, encoding="ascii")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000", encoding="ascii")
    assert available_cores(tmp_path) == cores


def test_without_control_groups_all_may_be_used(tmp_path: Path) -> None:
    assert available_cores(tmp_path) == 8
