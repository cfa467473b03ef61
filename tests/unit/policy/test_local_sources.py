from __future__ import annotations

import io
import os
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from refimpl.errors import PolicyError
from refimpl.policy.sources import content, local

if TYPE_CHECKING:
    from pathlib import Path

REGO = b"package main\n"


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    path = tmp_path / "destination"
    path.mkdir()
    return path


def listing(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def refusal(url: str, destination: Path) -> str:
    with pytest.raises(PolicyError) as told:
        local.fetch(url, destination, home="/home")
    return str(told.value)


def make_tar(path: Path, *names: str, mode: str = "w:gz") -> Path:
    with tarfile.open(str(path), mode) as archive:  # type: ignore[call-overload]  # one call for several literals
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(REGO)
            archive.addfile(member, io.BytesIO(REGO))
    return path


def test_a_directory_is_copied_with_the_files_behind_links(tmp_path: Path, destination: Path) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "a.rego").write_bytes(REGO)
    (tmp_path / "outside.rego").write_bytes(b"outside")
    (source / "link.rego").symlink_to("../outside.rego")
    assert local.fetch(f"{source}", destination, home="") == f"file::{source}"
    assert listing(destination) == {"deep/a.rego": REGO, "link.rego": b"outside"}
    assert not (destination / "link.rego").is_symlink()


def test_a_directory_with_the_runs_own_folder_in_it_is_copied_without_that(tmp_path: Path) -> None:
    """As with TMPDIR=. and the source "." at once: else the copy would be copied, and so on."""
    destination = tmp_path / "ec-work-1" / "fetch-1"
    destination.mkdir(parents=True)
    (tmp_path / "ec-work-2").mkdir()
    (tmp_path / "ec-work-2" / "a.rego").write_bytes(REGO)
    (tmp_path / "b.rego").write_bytes(REGO)
    local.fetch(str(tmp_path), destination, home="/home")
    assert listing(destination) == {"ec-work-2/a.rego": REGO, "b.rego": REGO}


@pytest.mark.parametrize("prefix", ["file::", "file://", ""])
def test_prefixes_are_taken_off(tmp_path: Path, destination: Path, prefix: str) -> None:
    (tmp_path / "source").mkdir()
    assert local.fetch(f"{prefix}{tmp_path}/source", destination, home="") == f"file::{tmp_path}/source"


def test_only_one_prefix_is_taken_off(destination: Path) -> None:
    told = refusal("file::file://pol", destination)
    assert told == "source file does not exist: stat file://pol: no such file or directory"


def test_a_tilde_is_the_home_directory(tmp_path: Path, destination: Path) -> None:
    (tmp_path / "hp").mkdir()
    (tmp_path / "hp" / "a.rego").write_bytes(REGO)
    assert local.fetch("file://~/hp", destination, home=str(tmp_path)) == "file::~/hp"
    assert listing(destination) == {"a.rego": REGO}


def test_a_single_file_counts_for_nothing(tmp_path: Path, destination: Path) -> None:
    (tmp_path / "a.rego").write_bytes(REGO)
    local.fetch(f"{tmp_path}/a.rego", destination, home="")
    assert not any(content.counts(name) for name in listing(destination))


def test_what_isnt_there_is_told(destination: Path) -> None:
    assert refusal("./nope", destination) == "source file does not exist: stat ./nope: no such file or directory"
    assert "source file does not exist" in refusal("/a\0b", destination)


def test_links_to_directories_and_to_nothing_are_refused(tmp_path: Path, destination: Path) -> None:
    for target in (".", "nothing"):
        source = tmp_path / f"to {target}"
        source.mkdir()
        (source / "link").symlink_to(target)
        assert refusal(str(source), destination).startswith("failed to copy directory: ")


def test_a_pipe_that_is_the_source_is_refused_not_waited_for(tmp_path: Path, destination: Path) -> None:
    os.mkfifo(tmp_path / "pipe.rego")
    refused = f"failed to open source file: {tmp_path / 'pipe.rego'} is neither a file nor a directory"
    assert refusal(str(tmp_path / "pipe.rego"), destination) == refused


def test_folders_nested_without_end_are_refused(tmp_path: Path, destination: Path) -> None:
    (tmp_path / "source").joinpath(*"d" * 201).mkdir(parents=True)
    assert refusal(str(tmp_path / "source"), destination).endswith("is nested deeper than 200")


def test_a_pipe_is_refused_not_waited_for(tmp_path: Path, destination: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    os.mkfifo(source / "pipe.rego")
    assert "neither a file nor a directory" in refusal(str(source), destination)


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.tar", "w:"), ("a.tar.gz", "w:gz"), ("a.tgz", "w:gz"), ("a.tar.bz2", "w:bz2"), ("a.tbz2", "w:bz2")],
)
def test_tar_archives_are_unpacked(tmp_path: Path, destination: Path, name: str, mode: str) -> None:
    local.fetch(str(make_tar(tmp_path / name, "x/a.rego", "b.rego", mode=mode)), destination, home="")
    assert listing(destination) == {"x/a.rego": REGO, "b.rego": REGO}


def test_zip_archives_are_unpacked(tmp_path: Path, destination: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x/a.rego", REGO)
    local.fetch(f"{tmp_path}/a.zip", destination, home="")
    assert listing(destination) == {"x/a.rego": REGO}


@pytest.mark.parametrize("name", ["../a.rego", "x/../../a.rego", "/a.rego", "."])
def test_members_that_lead_elsewhere_are_refused(tmp_path: Path, destination: Path, name: str) -> None:
    told = refusal(str(make_tar(tmp_path / "a.tar.gz", name)), destination)
    assert told.startswith("failed to extract tar.gz file: illegal file path: ")
    assert listing(destination) == {}
    assert not (tmp_path / "a.rego").exists()


def test_links_in_archives_are_left_out_or_refused(tmp_path: Path, destination: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w:") as archive:
        link = tarfile.TarInfo("readme")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    local.fetch(f"{tmp_path}/a.tar", destination, home="")
    assert listing(destination) == {}
    with tarfile.open(tmp_path / "b.tar", "w:") as archive:
        link.name = "a.rego"
        archive.addfile(link)
    assert refusal(f"{tmp_path}/b.tar", destination) == "failed to extract tar file: a.rego is not a regular file"


def test_a_compressed_file_with_another_ending_is_refused(tmp_path: Path, destination: Path) -> None:
    told = refusal(str(make_tar(tmp_path / "a.bin", "a.rego")), destination)
    assert told == "compressed file found, but no expander available"


def test_damaged_archives_are_told(tmp_path: Path, destination: Path) -> None:
    whole = make_tar(tmp_path / "a.tar.gz", *(f"{number}.rego" for number in range(50))).read_bytes()
    (tmp_path / "a.tar.gz").write_bytes(whole[: len(whole) // 2])
    assert refusal(f"{tmp_path}/a.tar.gz", destination).startswith("failed to extract tar.gz file: ")
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 no more")
    assert refusal(f"{tmp_path}/a.zip", destination).startswith("failed to extract zip file: ")


def test_an_archive_may_not_fill_the_disk(tmp_path: Path, destination: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "MAX_BYTES", 2 * len(REGO))
    archive = make_tar(tmp_path / "a.tar.gz", "a.rego", "b.rego", "c.rego")
    assert refusal(str(archive), destination) == f"{archive} holds more than {2 * len(REGO)} bytes"
    monkeypatch.setattr(content, "MAX_FILES", 2)
    monkeypatch.setattr(content, "MAX_BYTES", 1 << 20)
    assert refusal(str(archive), destination) == f"{archive} holds more than 2 files"
