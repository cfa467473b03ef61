"""What a process would leave behind if it were killed: files, folders and programs; its supervisor clears them away."""

from __future__ import annotations

import os

__all__ = ["add_group", "add_path", "drop_group", "drop_path", "read", "report_to"]

_pipe: int | None = None


def report_to(descriptor: int) -> None:
    """From now on tell the supervisor, by this pipe, what is there. Without a supervisor nobody is told."""
    global _pipe  # noqa: PLW0603 - a process has one supervisor
    os.set_blocking(descriptor, False)
    _pipe = descriptor


def add_path(path: str | os.PathLike[str]) -> None:
    """The file or folder is to be removed when the process dies; best called before it is made."""
    _tell(b"+", os.path.abspath(path))  # noqa: PTH100 - pathlib isn't needed here


def drop_path(path: str | os.PathLike[str]) -> None:
    """The file or folder is gone, or is to stay."""
    _tell(b"-", os.path.abspath(path))  # noqa: PTH100 - see above


def add_group(number: int) -> None:
    """The processes of this group are to be killed when this process dies."""
    _tell(b"(", str(number))


def drop_group(number: int) -> None:
    """The processes of this group have ended."""
    _tell(b")", str(number))


def read(descriptor: int) -> tuple[list[str], list[int]]:
    """What the process that wrote into this pipe has left: files and folders, and groups of processes.

    To be called when it has ended.
    """
    os.set_blocking(descriptor, False)
    said = b""
    try:
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


def _tell(sign: bytes, thing: str) -> None:
    if _pipe is None:
        return
    try:  # noqa: SIM105 - contextlib costs more than this module
        os.write(_pipe, sign + os.fsencode(thing) + b"\0")
    except OSError:
        pass  # the supervisor is gone, or has been told of thousands: this one stays if the process is killed
