"""Guards the files outside a cache directory: were any touched? And which names does no Windows allow?"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from ec_acceptance.testbed.trees import find_paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["list_escapes", "list_files", "unportable"]

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]|[. ]$')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_LONGEST = 255
_WAY_OUT = "escaped"


def list_files(folders: list[Path], but: Path) -> Mapping[str, str]:
    """Every file and link in `folders` that isn't in `but`, by path, with a digest of its content or its target."""
    found = {}
    for folder in folders:
        for path in find_paths(folder):
            if but in path.parents or path == but or (path.is_dir() and not path.is_symlink()):
                continue
            data = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
            found[str(path)] = hashlib.sha256(data).hexdigest()
    return found


def list_escapes(folders: Iterable[Path]) -> Mapping[str, str]:
    """Files by the name with which scenarios try to escape, in these folders and in all their parents.

    By path, with the time of its last change.
    """
    places = {place for folder in folders for place in (folder, *folder.parents)}
    return {str(path): str(path.lstat().st_mtime_ns) for place in places for path in place.glob(f"{_WAY_OUT}*")}


def unportable(name: str) -> str:
    """Why Windows doesn't allow this name of a file; empty when it does.

    Source: Microsoft, "Naming Files, Paths, and Namespaces".
    """
    if found := _FORBIDDEN.search(name):
        return f"{found[0]!r} can't be in a name"
    if _RESERVED.fullmatch(name):
        return "it is the name of a device"
    return f"it has more than {_LONGEST} characters" if len(name) > _LONGEST else ""
