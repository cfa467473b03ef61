"""What a process would leave behind if it were killed: files, folders and programs; its supervisor clears them away."""

from __future__ import annotations

import os

__all__ = ["add_group", "add_path", "drop_group", "drop_path", "make_notes", "note_in", "read"]

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


def add_path(path: str | os.PathLike[str]) -> None:
    """The file or folder is to be removed when the process dies; best called before it is made."""
    _note(b"+", os.path.abspath(path))  # noqa: PTH100 - pathlib isn't needed here


def drop_path(path: str | os.PathLike[str]) -> None:
    """The file or folder is gone, or is to stay."""
    _note(b"-", os.path.abspath(path))  # noqa: PTH100 - see above


def add_group(number: int) -> None:
    """The processes of this group are to be killed when this process dies."""
    _note(b"(", str(number))


def drop_group(number: int) -> None:
    """The processes of this group have ended."""
    _note(b")", str(number))


def read(descriptor: int) -> tuple[list[str], list[int]]:
    """What the process that noted it has left: files and folders, and groups of processes.

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
    left: dict[bytes, None] = {}
    for message in said.split(b"\0")[:-1]:
        sign, thing = message[:1], message[1:]
        if sign in b"+(":
            left[message] = None
        else:
            left.pop((b"+" if sign == b"-" else b"(") + thing, None)
    paths = [os.fsdecode(one[1:]) for one in left if one.startswith(b"+")]
    return paths, [int(one[1:]) for one in left if one.startswith(b"(")]


def _note(sign: bytes, thing: str) -> None:
    if _notes is None:
        return
    try:  # noqa: SIM105 - contextlib costs more than this module
        os.write(_notes, sign + os.fsencode(thing) + b"\0")
    except OSError:
        pass  # this one stays if the process is killed
