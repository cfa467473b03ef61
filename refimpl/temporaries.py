"""Files and folders that go when the process does, even if it is killed: its supervisor removes them then."""

from __future__ import annotations

import os

__all__ = ["read_registered", "register", "report_to", "unregister"]

_pipe: int | None = None


def report_to(descriptor: int) -> None:
    """From now on tell the supervisor, by this pipe, what is there. Without this `register` does nothing."""
    global _pipe  # noqa: PLW0603 - a process has one supervisor
    os.set_blocking(descriptor, False)
    _pipe = descriptor


def register(path: str | os.PathLike[str]) -> None:
    """Have the file or folder removed when the process ends; best called before it is made."""
    _tell(b"+", path)


def unregister(path: str | os.PathLike[str]) -> None:
    """The file or folder is gone, or is to stay."""
    _tell(b"-", path)


def read_registered(descriptor: int) -> list[str]:
    """What the process that wrote into this pipe has left behind; to be called when it has ended."""
    os.set_blocking(descriptor, False)
    said = b""
    try:
        while part := os.read(descriptor, 1 << 16):
            said += part
    except BlockingIOError:  # a child of the process still holds the pipe
        pass
    left: dict[bytes, None] = {}
    for message in said.split(b"\0")[:-1]:
        if message[:1] == b"+":
            left[message[1:]] = None
        else:
            left.pop(message[1:], None)
    return [os.fsdecode(path) for path in left]


def _tell(sign: bytes, path: str | os.PathLike[str]) -> None:
    if _pipe is None:
        return
    try:  # noqa: SIM105 - contextlib costs more than this module
        os.write(_pipe, sign + os.fsencode(os.path.abspath(path)) + b"\0")  # noqa: PTH100 - pathlib isn't needed here
    except OSError:
        pass  # the supervisor is gone, or has been told of thousands: this one stays if the process is killed
