"""What a process would leave behind if it were killed: files, folders and programs; its supervisor clears them away."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # not imported from typing: that costs more than this module
if TYPE_CHECKING:
    from collections.abc import Callable

_notes: int | None = None


def make_notes() -> tuple[int, int]:
    """Where a process can note what there is, even if nobody reads for now: ends for reading and for writing."""
    if hasattr(os, "memfd_create"):
        notes = os.memfd_create("leftovers")
        return notes, os.dup(notes)
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)  # rather too few notes than a process that waits
    return reading, writing


def note_in(descriptor: int) -> None:
    """From now on note here what there is. Without a supervisor nothing is noted."""
    global _notes  # noqa: PLW0603 - a process has one supervisor
    _notes = descriptor


def add_file(path: str | os.PathLike[str]) -> None:
    """The file is to be removed when the process dies; best called before it is made."""
    _note(b"+", os.path.abspath(path))  # noqa: PTH100 - pathlib isn't needed here


def add_folder(path: str | os.PathLike[str]) -> None:
    """The folder, which nobody else can write, is to be removed with all that is in it when the process dies."""
    _note(b"/", os.path.abspath(path))  # noqa: PTH100 - see above


def add_files(beginning: str) -> None:
    """The files whose paths begin so, in a folder that others may write to, are to be removed when the process dies."""
    _note(b"*", os.path.abspath(beginning))  # noqa: PTH100 - see above


def drop(path: str | os.PathLike[str]) -> None:
    """The file or folder is gone, or is to stay."""
    _note(b"-", os.path.abspath(path))  # noqa: PTH100 - see above


def add_group(number: int) -> None:
    """The processes of this group are to be killed when this process dies."""
    _note(b"(", str(number))


def drop_group(number: int) -> None:
    """The processes of this group have ended."""
    _note(b")", str(number))


def clear(descriptor: int) -> list[int]:
    """Remove the files and folders that the process has left, by its notes; the answer is the groups of processes.

    To be called when it has ended.
    """
    said = b""
    try:
        if hasattr(os, "memfd_create"):
            os.lseek(descriptor, 0, os.SEEK_SET)
        while part := os.read(descriptor, 1 << 16):
            said += part
    except BlockingIOError:  # a child of the process still holds the pipe
        pass
    files: dict[str, bool] = {}
    groups: dict[int, None] = {}
    for message in said.split(b"\0")[:-1]:
        sign, thing = message[:1], os.fsdecode(message[1:])
        if sign == b"(":
            groups[int(thing)] = None
        elif sign == b")":
            groups.pop(int(thing), None)
        elif sign == b"-":
            files.pop(thing, None)
        elif sign == b"*":
            files |= dict.fromkeys(_beginning_with(thing), False)
        else:
            files[thing] = sign == b"/"
    for path, is_folder in files.items():
        if is_folder:
            remove_folder(path)
        else:
            _ignore_errors(os.unlink, path)
    return [*groups]


def _beginning_with(beginning: str) -> list[str]:
    folder, name = os.path.split(beginning)
    try:
        with os.scandir(folder) as entries:
            return [entry.path for entry in entries if entry.name.startswith(name)]
    except OSError:
        return []


def remove_folder(path: str | os.PathLike[str]) -> None:
    """Remove a folder, which nobody else can write, with all that is in it; what can't be removed stays.

    As `shutil.rmtree` does; loading that costs more than removing a run's folder.
    """
    try:
        with os.scandir(path) as entries:
            found = [(entry.path, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except OSError:
        return
    for inside, is_folder in found:
        if is_folder:
            remove_folder(inside)
        else:
            _ignore_errors(os.unlink, inside)
    _ignore_errors(os.rmdir, path)


def _ignore_errors(change: Callable[[str | os.PathLike[str]], None], path: str | os.PathLike[str]) -> None:
    try:  # noqa: SIM105 - contextlib costs more than this module
        change(path)
    except OSError:
        pass


def _note(sign: bytes, thing: str) -> None:
    if _notes is None:
        return
    try:  # noqa: SIM105 - contextlib costs more than this module
        os.write(_notes, sign + os.fsencode(thing) + b"\0")
    except OSError:
        pass  # this one stays if the process is killed
