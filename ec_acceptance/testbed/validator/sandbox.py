"""Circumstances that a validator is started in: a directory that can't be written, a full disk, few open files.

Each is the beginning of a command line that makes the circumstances and then becomes the validator, so that it is the
validator which gets signals. Mounts are made in a name space of its own, which nobody else sees and which ends with it.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = [
    "SandboxUnavailableError",
    "bound_by_modes",
    "few_files",
    "full_disk",
    "give_away",
    "open_umask",
    "pod",
    "read_only",
    "redirect",
]

_READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
_OVER = 'mount --bind "$0" "$1" && shift && exec "$@"'
_RUN = Path("/var/run")  # in which a pod finds `secrets/kubernetes.io/serviceaccount`
_FULL = (
    'folder=$1 size=$2 left=$3; shift 3; mount -t tmpfs -o "mode=0700,size=$size" tmpfs "$folder" || exit; '
    '"$@"; status=$?; cp -R "$folder/." "$left"; exit $status'
)


class SandboxUnavailableError(Exception):
    """The circumstances can't be made here, and why: the scenario is to be skipped."""


def few_files(count: int) -> tuple[str, ...]:
    """At most `count` files may be open in a process."""
    if sys.platform == "win32":
        raise SandboxUnavailableError("there is no such limit on Windows")
    return ("sh", "-c", 'ulimit -n "$0" && exec "$@"', str(count))


def bound_by_modes() -> tuple[str, ...]:
    """What files' modes forbid is forbidden, for root too.

    Raises:
        SandboxUnavailableError: there are no modes, or no way to bind root to them.
    """
    if sys.platform == "win32":
        raise SandboxUnavailableError("there are no modes on Windows")
    if os.geteuid() != 0:
        return ()
    if sys.platform != "linux" or shutil.which("setpriv") is None:
        raise SandboxUnavailableError("root is bound by modes on Linux alone, with setpriv(1)")
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


def open_umask() -> tuple[str, ...]:
    """Whatever is made may be written by all, unless the validator says otherwise."""
    if sys.platform == "win32":
        raise SandboxUnavailableError("there are no modes on Windows")
    return ("sh", "-c", 'umask 000 && exec "$@"', "sh")


def redirect(words: str) -> tuple[str, ...]:
    """Streams are other than usual, by a shell's words for that, such as ``>/dev/full`` or ``2>&-``."""
    if sys.platform == "win32" or ("/dev/full" in words and not Path("/dev/full").exists()):
        raise SandboxUnavailableError("there is no such device, or no such shell")
    return ("sh", "-c", f'exec "$@" {words}', "sh")


def read_only(folder: Path) -> tuple[str, ...]:
    """The existing folder, and what is in it, can't be written.

    Raises:
        SandboxUnavailableError: the rights are missing.
    """
    return (*_find_mount_words(), "sh", "-c", _READ_ONLY, str(folder))


def full_disk(folder: Path, size: int, left: Path) -> tuple[str, ...]:
    """The existing folder is on a disk of `size` bytes; what is on it in the end is copied to the existing `left`.

    The validator is then the child of a shell: what it is ended by isn't seen.

    Raises:
        SandboxUnavailableError: the rights are missing.
    """
    return (*_find_mount_words(), "sh", "-c", _FULL, "sh", str(folder), str(size), str(left))


def pod(run: Path) -> tuple[str, ...]:
    """The existing folder stands in the place of `/var/run`, where a pod has its service account.

    Raises:
        SandboxUnavailableError: the rights are missing.
    """
    return (*_find_mount_words(), "sh", "-c", _OVER, str(run), str(_RUN.resolve()))


def give_away(folder: Path) -> None:
    """Give the folder to another user.

    Raises:
        SandboxUnavailableError: the rights are missing.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        raise SandboxUnavailableError("only root can give a directory to another user")
    os.chown(folder, 65534, 65534, follow_symlinks=False)


@functools.cache
def _find_mount_words() -> tuple[str, ...]:
    """The words that begin a name space in which one can mount, tried out."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        raise SandboxUnavailableError("name spaces for mounts are Linux's, with unshare(1)")
    words: tuple[str, ...] = ("unshare", "--mount")
    if os.geteuid() != 0:
        words = ("unshare", "--user", "--map-root-user", "--mount")
    with tempfile.TemporaryDirectory() as scratch:
        script = (*words, "sh", "-c", _READ_ONLY, scratch, "sh", "-c", ': 2>/dev/null >"$0/probe"', scratch)
        tried = subprocess.run(script, capture_output=True, text=True, check=False)
        mounted = "Read-only" in tried.stderr or (tried.returncode != 0 and not tried.stderr)
        if not mounted or Path(scratch, "probe").exists():
            raise SandboxUnavailableError(f"this user may not mount: {tried.stderr.strip() or 'a write didn’t fail'}")
    return words
