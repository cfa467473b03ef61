"""Writing a report file: whole or not at all where that can be, and into what is there where it must be."""

from __future__ import annotations

import errno
import itertools
import os
import stat
from typing import NamedTuple

from refimpl.errors import OutputError
from refimpl.golang.oserrors import describe
from refimpl.system import leftovers

# A path stays the text that the user gave: messages show it.
# ruff: noqa: PTH101, PTH105, PTH108, PTH116, PTH118, PTH123

_IRREPLACEABLE = frozenset({errno.EBUSY, errno.EXDEV, errno.EPERM, errno.EACCES})  # a mount point, for one


class _WritingError(Exception):
    """It was opened, but can't be written."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(cause)
        self.cause = cause


def is_written_by(path: str, descriptor: int) -> bool:
    """Whether what is written to the descriptor ends up in this file, as with ``/dev/stdout``."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except (OSError, ValueError):
        return False


def write_file(path: str, data: bytes) -> None:
    """Write a file: beside it, and renamed, so that it is complete or as it was before. Links are followed.

    What is there stays what it is, and is written into, where it is no common file (a pipe, a device), is another
    user's, has other names (hard links), or can't be replaced: a mount point, or a file in a folder that takes no new
    one.

    Raises:
        OutputError: not written; what is written into may then hold a part.
    """
    try:
        _replace(path, data)
    except _WritingError as error:
        raise OutputError(describe("write", path, error.cause)) from error
    except OSError as error:
        raise OutputError(describe("open", path, error)) from error
    except ValueError as error:  # no file can have this name
        raise OutputError(f"open {path}: invalid argument") from error


def _replace(path: str, data: bytes) -> None:
    try:
        known = os.stat(path)
    except FileNotFoundError:
        known = None
    aside = _create_aside(path, known)
    if aside is None:
        _fill(path, data)
        return
    try:
        _fill(aside.descriptor, data)
        try:
            os.replace(aside.path, aside.target)
        except OSError as error:
            if known is None or error.errno not in _IRREPLACEABLE:
                raise _WritingError(error) from error
            _fill(path, data)
    finally:
        _remove(aside.path)


class _Aside(NamedTuple):
    """An empty file, open for writing, that is to take the place of `target`."""

    path: str
    descriptor: int
    target: str


def _create_aside(path: str, known: os.stat_result | None) -> _Aside | None:
    """Create a file beside the one that `path` names, with its mode.

    None if something else than its content would change, or the directory takes no new file though there is one
    already.

    Raises:
        OSError: there is no file yet, and none can be created.
    """
    if known is None:
        if path.endswith("/"):  # of a directory
            return None
    elif not stat.S_ISREG(known.st_mode) or known.st_nlink != 1 or not os.access(path, os.W_OK):
        return None
    target = os.path.realpath(path)
    directory, name = os.path.split(target)
    for number in itertools.count():
        aside = os.path.join(directory, f".{name[:100]}.{os.getpid()}-{number}")
        leftovers.add_file(aside)
        try:
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        except FileExistsError:
            leftovers.drop(aside)
            continue
        except OSError:
            leftovers.drop(aside)
            if known is None:
                raise
            return None
        if known is None or _same_owner(aside, descriptor, known):
            return _Aside(aside, descriptor, target)
        os.close(descriptor)
        _remove(aside)
        return None
    raise AssertionError  # the numbers don't end


def _same_owner(path: str, descriptor: int, known: os.stat_result) -> bool:
    """Whether the file can be given the owner, the group and the mode of the one whose place it takes."""
    mine = os.fstat(descriptor)
    try:
        os.chmod(path, stat.S_IMODE(known.st_mode))
    except OSError:
        return False
    return (mine.st_uid, mine.st_gid) == (known.st_uid, known.st_gid)


def _fill(file: str | int, data: bytes) -> None:
    """Write it all, and close a descriptor."""
    stream = open(file, "wb", buffering=0)  # noqa: SIM115 - closed below: its errors are those of writing
    try:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[stream.write(rest) :]
        finally:
            stream.close()
    except OSError as error:
        raise _WritingError(error) from error


def _remove(aside: str) -> None:
    try:  # noqa: SIM105 - contextlib isn't needed elsewhere
        os.unlink(aside)
    except OSError:
        pass  # renamed
    leftovers.drop(aside)
