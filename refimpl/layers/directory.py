"""The cache's directory: entries named by digest, temporaries beside them, a budget.

An entry ``sha256-<hex>`` holds exactly the bytes with that digest; it appears by a rename of a whole, verified
temporary. Names of temporaries begin with `PREFIX`; who writes one holds a lock on it, so that the temporaries of dead
processes can be told and swept, whatever their age. Nothing else in the directory is ever touched.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import stat
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from refimpl.system import leftovers

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger(__name__)
#: What the names of our own temporaries begin with.
PREFIX = ".ec-ref-"
_ENTRY = "sha256-[0-9a-f]{64}|sha384-[0-9a-f]{96}|sha512-[0-9a-f]{128}"
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_WRITE = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)  # opening a fifo must not wait for its writer
_ATTEMPTS = 8


class UnusableError(Exception):
    """The directory cannot be used, and why."""


def user_cache_directory(environ: Mapping[str, str]) -> Path:
    """Where the user's programs keep what they can make again (specification 22 §B2).

    Raises:
        UnusableError: the environment doesn't tell, or tells a relative path.
    """
    if place := environ.get("XDG_CACHE_HOME"):
        if not Path(place).is_absolute():
            raise UnusableError("path in $XDG_CACHE_HOME is relative")
        return Path(place)
    if sys.platform == "win32" and (place := environ.get("LOCALAPPDATA")):
        return Path(place)
    home = environ.get("HOME")
    if not home:
        raise UnusableError("neither $XDG_CACHE_HOME nor $HOME are defined")
    if sys.platform == "darwin":
        return Path(home, "Library", "Caches")
    return Path(home, ".cache")


class Temporary:
    """A new file that only we write, with what was written so far readable through the same handle."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle
        self._lock = threading.Lock()
        self._open = True

    def write(self, data: bytes) -> None:
        """Append all of `data`."""
        view = memoryview(data)
        with self._lock:
            while view:
                view = view[os.write(self._handle, view) :]

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`."""
        if sys.platform != "win32":
            return os.pread(self._handle, size, offset)
        with self._lock:
            if not self._open:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            os.lseek(self._handle, offset, os.SEEK_SET)
            data = os.read(self._handle, size)
            os.lseek(self._handle, 0, os.SEEK_END)
            return data

    def sync(self) -> None:
        """Have the bytes on the disk."""
        os.fsync(self._handle)

    def close(self) -> None:
        """Give up the handle, and with it the lock."""
        with self._lock:
            if self._open:
                self._open = False
                os.close(self._handle)

    def remove(self) -> None:
        """Remove the file. Readers may continue, but where open files can't be removed it is closed first."""
        if sys.platform == "win32":
            self.close()
        self.path.unlink(missing_ok=True)

    def discard(self) -> None:
        """Close and remove the file."""
        self.remove()
        self.close()


class Directory:
    """One cache directory; it is looked at and made when it is first used.

    Every method raises `UnusableError` or `OSError` when the directory fails; callers then continue without it.
    """

    def __init__(self, path: Path, *, trusted: Path | None = None) -> None:
        """Take `path`; `trusted` is a parent that is the user's own affair (their cache directory)."""
        self.path = path
        self._trusted = trusted or path.parent

    def prepare(self) -> None:
        """Make the directory, with mode 0700, or make sure that it is ours alone.

        Raises:
            UnusableError: it can't be made, is no directory, isn't ours, or others can write to it.
        """
        parents = [self.path]
        while parents[-1] != self._trusted and parents[-1] != parents[-1].parent:
            parents.append(parents[-1].parent)
        try:
            _make(self._trusted)
            for folder in reversed(parents):
                with suppress(FileExistsError):
                    folder.mkdir(0o700)
                _check(folder, ours=folder != self._trusted)
        except OSError as error:
            raise UnusableError(error.strerror or str(error)) from error

    def open_entry(self, name: str) -> int | None:
        """A handle for reading the entry, or None when there is no such file.

        Anything else of that name is quarantined, be it a link, a folder, a pipe, a socket or a device, and so is a
        file that mustn't be read: what is fetched can then take its place.
        """
        path = self.path / name
        try:
            if not stat.S_ISREG(path.lstat().st_mode):  # opening devices can do things
                self._move_to_quarantine(path)
                return None
            handle = os.open(path, _READ | _NONBLOCK)
        except FileNotFoundError:
            return None
        except PermissionError:
            self._move_to_quarantine(path)
            return None
        except OSError:
            if stat.S_ISREG(path.lstat().st_mode):
                raise
            self._move_to_quarantine(path)  # changed in between
            return None
        if stat.S_ISREG(os.fstat(handle).st_mode):
            return handle
        os.close(handle)
        self._move_to_quarantine(path)
        return None

    def touch(self, handle: int, name: str) -> None:
        """Note that the entry is in use now: eviction goes by its modification time."""
        with suppress(OSError):
            os.utime(handle if os.utime in os.supports_fd else self.path / name)

    def quarantine(self, name: str, handle: int) -> None:
        """Take an entry out of use, if its name still means the file of `handle`; closes `handle`."""
        path = self.path / name
        try:
            same = os.path.samestat(path.lstat(), os.fstat(handle))
        except OSError:
            same = False
        os.close(handle)
        if same:
            self._move_to_quarantine(path)

    def create(self) -> Temporary:
        """A new temporary, locked."""
        for _ in range(_ATTEMPTS):
            path = self.path / f"{PREFIX}{os.urandom(8).hex()}.part"
            leftovers.add_file(path)  # for good: no other file will ever have this name
            handle = os.open(path, _WRITE, 0o600)
            if _lock(handle) is not False and os.fstat(handle).st_nlink:
                return Temporary(path, handle)
            os.close(handle)  # swept between its making and its locking
        raise UnusableError("temporaries vanish")

    def publish(self, temporary: Temporary, name: str) -> None:
        """Give a whole, verified temporary its final name, for good; closes it where open files can't be renamed."""
        temporary.sync()
        if sys.platform == "win32":
            temporary.close()
        path = self.path / name
        try:
            temporary.path.replace(path)
        except OSError:
            if path.is_dir() and not path.is_symlink():
                self._move_to_quarantine(path)
                temporary.path.replace(path)
            elif sys.platform == "win32" and path.is_file():  # somebody reads the same bytes that came first
                temporary.discard()
            else:
                raise
        _sync_directory(self.path)

    def sweep(self) -> int:
        """Remove temporaries that no living process holds; tells how many."""
        swept = 0
        for path in self.path.iterdir():
            if not path.name.startswith(PREFIX):
                continue
            with suppress(OSError):
                if path.is_symlink() or not path.is_file():
                    self._remove(path)
                    swept += 1
                    continue
                handle = os.open(path, os.O_RDWR | _NONBLOCK | getattr(os, "O_NOFOLLOW", 0))
                try:
                    dead = _lock(handle) is True
                    if dead and sys.platform != "win32":
                        path.unlink()
                finally:
                    os.close(handle)
                if dead and sys.platform == "win32":
                    path.unlink()
                swept += dead
        return swept

    def evict(self, budget: int) -> int:
        """Remove the least recently used entries until the rest have at most `budget` bytes; tells how many."""
        entries = []
        for path in self.path.iterdir():
            if re.fullmatch(_ENTRY, path.name):
                with suppress(OSError):
                    found = path.lstat()
                    if stat.S_ISREG(found.st_mode):
                        entries.append((found.st_mtime_ns, path, found.st_size))
        total = sum(size for _, _, size in entries)
        evicted = 0
        for _, path, size in sorted(entries):
            if total <= budget:
                break
            with suppress(OSError):
                path.unlink()
                total -= size
                evicted += 1
        return evicted

    def _move_to_quarantine(self, path: Path) -> None:
        aside = self.path / f"{PREFIX}{os.urandom(8).hex()}.aside"
        try:
            path.rename(aside)
        except FileNotFoundError:
            return
        self._remove(aside)

    @staticmethod
    def _remove(path: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            import shutil

            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def _make(folder: Path) -> None:
    if folder.is_dir():
        return
    if folder != folder.parent:
        _make(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(0o700)


def _check(folder: Path, *, ours: bool) -> None:
    found = folder.lstat()
    if sys.platform == "win32":
        if not folder.is_dir():
            raise UnusableError(f"{folder} is not a directory")
        return
    if stat.S_ISLNK(found.st_mode):
        if found.st_uid not in {0, os.geteuid()}:
            raise UnusableError(f"{folder} is another user's link")
        found = folder.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise UnusableError(f"{folder} is not a directory")
    if not ours:
        return
    if found.st_uid != os.geteuid():
        raise UnusableError(f"{folder} belongs to another user")
    if found.st_mode & 0o022:
        raise UnusableError(f"{folder} can be written by others")


def _lock(handle: int) -> bool | None:
    """Take the lock that says "alive", until the handle is closed; False when another has it, None without locks."""
    if sys.platform == "win32":  # there an open file can't be removed, which says as much
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: nothing is swept there
        return None
    return True


def _sync_directory(path: Path) -> None:
    if sys.platform == "win32":
        return
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
