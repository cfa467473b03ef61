from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from ec_acceptance.testbed.fixtures.special_files import SPECIAL_FILES
from refimpl.layers.directory import PREFIX, Directory, UnusableError, user_cache_directory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME = f"sha256-{'a' * 64}"
posix = pytest.mark.skipif(sys.platform == "win32", reason="owners and modes are POSIX's")
root = pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    made = Directory(tmp_path / "ec" / "images", trusted=tmp_path)
    made.prepare()
    return made


def names(directory: Directory) -> list[str]:
    return sorted(path.name for path in directory.path.iterdir())


def store(directory: Directory, name: str, data: bytes) -> None:
    temporary = directory.create()
    temporary.write(data)
    directory.publish(temporary, name)
    temporary.close()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's places")
def test_places() -> None:
    assert str(user_cache_directory({"XDG_CACHE_HOME": "/x", "HOME": "/h"})) == "/x"
    assert str(user_cache_directory({"HOME": "/h"})) == "/h/.cache"
    for environ in ({}, {"HOME": ""}, {"XDG_CACHE_HOME": "x", "HOME": "/h"}):
        with pytest.raises(UnusableError):
            user_cache_directory(environ)


def test_what_is_written_can_be_read_before_it_is_published(directory: Directory) -> None:
    temporary = directory.create()
    temporary.write(b"hello ")
    assert temporary.read_at(0, 100) == b"hello "
    temporary.write(b"world")
    assert temporary.read_at(4, 3) == b"o w"
    assert directory.open_entry(NAME) is None
    directory.publish(temporary, NAME)
    temporary.close()
    assert names(directory) == [NAME]
    handle = directory.open_entry(NAME)
    assert handle is not None
    assert os.read(handle, 100) == b"hello world"
    os.close(handle)


def test_publishing_replaces_whatever_has_the_name(directory: Directory) -> None:
    (directory.path / NAME).mkdir()
    (directory.path / NAME / "inside").write_bytes(b"")
    store(directory, NAME, b"1")
    assert (directory.path / NAME).read_bytes() == b"1"
    store(directory, NAME, b"1")
    assert names(directory) == [NAME]


def test_setting_aside_spares_what_came_meanwhile(directory: Directory) -> None:
    store(directory, NAME, b"damaged")
    handle = directory.open_entry(NAME)
    assert handle is not None
    store(directory, NAME, b"good")
    directory.quarantine(NAME, handle)
    assert (directory.path / NAME).read_bytes() == b"good"
    handle = directory.open_entry(NAME)
    assert handle is not None
    directory.quarantine(NAME, handle)
    assert names(directory) == []


def test_sweeping_spares_the_living_and_the_foreign(directory: Directory) -> None:
    alive = directory.create()
    (directory.path / f"{PREFIX}dead.part").write_bytes(b"x")
    (directory.path / f"{PREFIX}folder").mkdir()
    (directory.path / "foreign").write_bytes(b"x")
    (directory.path / ".hidden").write_bytes(b"x")
    store(directory, NAME, b"1")
    assert directory.sweep() == 2
    assert names(directory) == sorted([alive.path.name, "foreign", ".hidden", NAME])
    alive.discard()
    assert directory.sweep() == 0


def make_device(path: Path, kind: int) -> None:
    try:
        os.mknod(path, kind | 0o600, os.makedev(1, 5))
    except PermissionError as error:
        pytest.skip(f"this user can't make devices: {error}")


@posix
@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        SPECIAL_FILES["a socket"],
        os.mkdir,
        lambda path: path.symlink_to(path.name),
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: make_device(path, stat.S_IFCHR),
        lambda path: make_device(path, stat.S_IFBLK),
    ],
    ids=["pipe", "socket", "directory", "loop", "link to a device", "character device", "block device"],
)
def test_what_is_no_file_is_quarantined(directory: Directory, make: Callable[[Path], None]) -> None:
    make(directory.path / NAME)
    assert directory.open_entry(NAME) is None
    assert names(directory) == []
    temporary = directory.create()
    temporary.write(b"bytes")
    make(directory.path / NAME)  # again, before what was fetched takes its place
    directory.publish(temporary, NAME)
    assert (directory.path / NAME).read_bytes() == b"bytes"
    temporary.close()
    make(directory.path / f"{PREFIX}other.part")
    directory.sweep()
    assert names(directory) == [NAME]


@posix
def test_a_file_that_mustnt_be_read_is_quarantined(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory.path / NAME).write_bytes(b"bytes")

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")  # modes don't bind root

    monkeypatch.setattr("refimpl.layers.directory.os.open", refuse)
    assert directory.open_entry(NAME) is None
    assert names(directory) == []


@posix
def test_a_fifo_or_a_link_is_no_entry_and_nothing_waits(directory: Directory, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"outside")
    os.mkfifo(directory.path / NAME)
    assert directory.open_entry(NAME) is None
    (directory.path / NAME).symlink_to(outside)
    assert directory.open_entry(NAME) is None
    os.mkfifo(directory.path / f"{PREFIX}fifo")
    (directory.path / f"{PREFIX}link").symlink_to(outside)
    directory.sweep()
    assert names(directory) == []
    assert outside.read_bytes() == b"outside"


def test_eviction_counts_only_entries(directory: Directory) -> None:
    for digit in "abc":
        store(directory, f"sha256-{digit * 64}", bytes(100))
    for age, digit in enumerate("bca"):  # c was used before b, a before c
        os.utime(directory.path / f"sha256-{digit * 64}", (1000 - age, 1000 - age))
    (directory.path / f"sha256:{'d' * 64}").write_bytes(bytes(1000)) if sys.platform != "win32" else None
    (directory.path / "foreign").write_bytes(bytes(1000))
    assert directory.evict(300) == 0
    assert directory.evict(299) == 1
    assert f"sha256-{'a' * 64}" not in names(directory)
    assert directory.evict(0) == 2
    assert all(not name.startswith("sha256-") for name in names(directory))


@posix
@pytest.mark.parametrize("place", ["ec", "ec/images"])
@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_others_may_not_write(tmp_path: Path, place: str, mode: int) -> None:
    (tmp_path / "ec" / "images").mkdir(parents=True, mode=0o700)
    (tmp_path / place).chmod(mode)
    with pytest.raises(UnusableError, match="can be written by others"):
        Directory(tmp_path / "ec" / "images", trusted=tmp_path).prepare()


@root
@pytest.mark.parametrize("place", ["ec", "ec/images"])
def test_it_must_be_ours(tmp_path: Path, place: str) -> None:
    (tmp_path / "ec" / "images").mkdir(parents=True, mode=0o700)
    os.chown(tmp_path / place, 12345, 12345)
    with pytest.raises(UnusableError, match="belongs to another user"):
        Directory(tmp_path / "ec" / "images", trusted=tmp_path).prepare()


@root
@pytest.mark.parametrize("place", ["ec", "ec/images"])
def test_no_links_of_other_users(tmp_path: Path, place: str) -> None:
    (tmp_path / "real" / "images").mkdir(parents=True, mode=0o700)
    (tmp_path / place).parent.mkdir(exist_ok=True, mode=0o700)
    (tmp_path / place).symlink_to(tmp_path / "real", target_is_directory=True)
    Directory(tmp_path / "ec" / "images", trusted=tmp_path).prepare()
    os.lchown(tmp_path / place, 12345, 12345)
    with pytest.raises(UnusableError, match="another user's link"):
        Directory(tmp_path / "ec" / "images", trusted=tmp_path).prepare()


@pytest.mark.parametrize("place", ["", "ec", "ec/images"])
def test_a_file_in_the_way(tmp_path: Path, place: str) -> None:
    home = tmp_path / "home"
    path = home / place
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_bytes(b"")
    with pytest.raises(UnusableError):
        Directory(home / "ec" / "images", trusted=home).prepare()
    assert path.read_bytes() == b""
