from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ec_acceptance.testbed.validator.sandbox import (
    SandboxUnavailableError,
    few_files,
    full_disk,
    open_umask,
    pod,
    read_only,
)


def run(words: tuple[str, ...], program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*words, sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )


def test_the_limit_of_open_files_holds() -> None:
    done = run(few_files(64), "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])")
    assert done.stdout == "64\n"


def test_with_an_open_umask_modes_are_what_their_maker_says(tmp_path: Path) -> None:
    run(open_umask(), "import os, sys; os.mkdir(sys.argv[1])", str(tmp_path / "open"))
    assert (tmp_path / "open").stat().st_mode & 0o777 == 0o777


def test_a_read_only_directory_is_read_and_not_written(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old", encoding="ascii")
    try:
        words = read_only(tmp_path)
    except SandboxUnavailableError as error:
        pytest.skip(str(error))
    program = "import os, sys; os.chdir(sys.argv[1]); print(open('old').read()); open('new', 'w')"
    done = run(words, program, str(tmp_path))
    assert done.stdout == "old\n"
    assert "Read-only file system" in done.stderr
    (tmp_path / "new").touch()  # nobody else is concerned
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "old"]


def test_a_pod_has_a_service_account_of_its_own(tmp_path: Path) -> None:
    account = tmp_path / "secrets" / "kubernetes.io" / "serviceaccount"
    account.mkdir(parents=True)
    (account / "token").write_text("ours", encoding="ascii")
    try:
        words = pod(tmp_path)
    except SandboxUnavailableError as error:
        pytest.skip(str(error))
    place = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    assert run(words, "import sys; print(open(sys.argv[1]).read())", place).stdout == "ours\n"
    assert not Path(place).exists() or Path(place).read_text(encoding="utf-8") != "ours"  # nobody else is concerned


def test_a_full_disk_is_full_and_shows_what_was_left_on_it(tmp_path: Path) -> None:
    disk, left = tmp_path / "disk", tmp_path / "left"
    disk.mkdir()
    left.mkdir()
    try:
        words = full_disk(disk, 64 << 10, left)
    except SandboxUnavailableError as error:
        pytest.skip(str(error))
    program = "import sys; file = open(sys.argv[1] + '/file', 'wb', 0); [file.write(bytes(4096)) for _ in range(64)]"
    done = run(words, program, str(disk))
    assert "No space left on device" in done.stderr
    assert done.returncode == 1
    assert (left / "file").stat().st_size == 64 << 10
    assert not list(disk.iterdir())
