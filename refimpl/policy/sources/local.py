"""Sources in the file system (specification 11 §4.2)."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from refimpl.errors import PolicyError
from refimpl.golang.oserrors import reason
from refimpl.policy.sources.content import MAX_DEPTH
from refimpl.policy.sources.kinds import without_prefixes


def fetch(url: str, destination: Path, *, home: str) -> str:
    """Copy a directory, unpack an archive or copy a file; the pinned URL is the answer.

    A file comes without its name's ending, so that it counts neither as rule nor as data, as the contract has it.

    Raises:
        PolicyError: it isn't there or cannot be read.
    """
    text = without_prefixes(url, "file::") if url.startswith("file::") else without_prefixes(url, "file://")
    shown = home + text[1:] if text.startswith("~") else text
    source = Path(shown)
    try:
        mode = source.stat().st_mode
    except FileNotFoundError as error:
        raise PolicyError(f"source file does not exist: stat {shown}: {reason(error)}") from None
    except OSError as error:
        raise PolicyError(f"failed to get file info: stat {shown}: {reason(error)}") from None
    except ValueError:
        raise PolicyError(f"source file does not exist: stat {shown!r}: invalid argument") from None
    if stat.S_ISDIR(mode):
        _copy_directory(str(source), str(destination), depth=0, own=_within(destination, source))
    elif not stat.S_ISREG(mode):
        raise PolicyError(f"failed to open source file: {shown} is neither a file nor a directory")
    else:
        from refimpl.policy.sources import unpacking  # few sources are archives

        try:
            if not unpacking.unpack(source, destination, name=shown):
                shutil.copyfile(source, destination / "file")
        except OSError as error:
            raise PolicyError(f"failed to open source file: open {shown}: {reason(error)}") from None
    return f"file::{text}"


def _within(destination: Path, source: Path) -> str:
    """The real path of the destination if it is below the source, as with ``TMPDIR=.`` and the source ``.``."""
    own = os.path.realpath(destination)
    return own + os.sep if own.startswith(os.path.realpath(source) + os.sep) else ""


def _copy_directory(source: str, destination: str, *, depth: int, own: str) -> None:
    """Copy what is there, but for the folders that lead to `own`, where the copies are."""
    if depth > MAX_DEPTH:
        raise PolicyError(f"failed to copy directory: {source} is nested deeper than {MAX_DEPTH}")
    try:
        with os.scandir(source) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise PolicyError(
            f'failed to copy directory: failed to read directory contents of "{source}": open {source}: {reason(error)}'
        ) from None
    for entry in found:
        if own and own.startswith(os.path.realpath(entry.path) + os.sep):
            continue
        target = f"{destination}{os.sep}{entry.name}"
        try:
            if entry.is_file():
                shutil.copyfile(entry.path, target)
                continue
            if not entry.is_dir():
                entry.stat()  # says so if it leads to nothing
                raise PolicyError(f'failed to copy directory: "{entry.path}" is neither a file nor a directory')
            if entry.is_symlink():
                raise PolicyError(f'failed to copy directory: "{entry.path}" is a symbolic link to a directory')
            os.mkdir(target)  # noqa: PTH102 - paths as texts: a library has hundreds of files
        except OSError as error:
            raise PolicyError(
                f'failed to copy directory: could not open source file "{entry.path}": '
                f"open {entry.path}: {reason(error)}"
            ) from None
        _copy_directory(entry.path, target, depth=depth + 1, own=own)
