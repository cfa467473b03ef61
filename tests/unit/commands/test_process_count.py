"""How many processes judge, and what each of them may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from refimpl.command_line.commands import VALIDATE_IMAGE
from refimpl.command_line.flags import parse_flags
from refimpl.command_line.options import Options
from refimpl.commands import processes
from refimpl.commands.image_list import ImageList
from refimpl.commands.processes import shares
from refimpl.commands.validate_image import FEW, count_processes
from refimpl.errors import Error
from refimpl.system import cores

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "available_cores", lambda: 8)


@pytest.mark.parametrize(
    ("words", "components", "count"),
    [
        ([], 1, 1),
        ([], 100, 1),
        ([], 101, 6),
        (["--workers", "20"], 101, 8),
        (["--workers", "0"], 1000, 1),
        (["--processes", "auto"], 101, 6),
        (["--processes", "3"], 2, 2),
        (["--processes", "3"], 0, 1),
        (["--processes", "30"], 100, 30),
    ],
)
def test_how_many(words: list[str], components: int, count: int) -> None:
    options = Options.from_flags(parse_flags(VALIDATE_IMAGE, words).values)
    assert count_processes(options, components) == count


@pytest.mark.parametrize(("lines", "count"), [(100, 1), (101, 6)])
def test_a_list_is_read_as_far_as_that_matters(tmp_path: Path, lines: int, count: int) -> None:
    (tmp_path / "list.txt").write_text("".join(f"registry.example/image:{number}\n" for number in range(lines)))
    options = Options.from_flags(parse_flags(VALIDATE_IMAGE, []).values)
    images = ImageList(str(tmp_path / "list.txt"))
    assert count_processes(options, images.count(FEW + 1)) == count
    assert count_processes(options, ImageList("-").count(FEW + 1)) == 6


@pytest.mark.parametrize(
    ("total", "count", "expected"), [(6, 2, [3, 3]), (7, 3, [3, 2, 2]), (6, 6, [1] * 6), (2, 4, [1] * 4)]
)
def test_together_they_judge_as_many_at_a_time_as_one(total: int, count: int, expected: list[int]) -> None:
    assert shares(total, count) == expected


def test_without_shared_memory_one_process_does_all_unless_several_were_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(processes, "Exchange", fail)
    assert processes.make_exchange(asked=False) is None
    with pytest.raises(Error, match=r"^unable to share memory between processes: .*; use --processes 1$"):
        processes.make_exchange(asked=True)
