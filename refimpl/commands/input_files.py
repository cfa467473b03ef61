"""The files of ``validate input``: what is below a path, and its documents (docs/commands.md)."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from refimpl.errors import InputError, NotSupportedError
from refimpl.evaluation.evaluator import File
from refimpl.golang import jsontext
from refimpl.golang.oserrors import describe, reason
from refimpl.golang.utf8 import replace_surrogates
from refimpl.policy_input.documents import UnreadableDocumentError, parse_documents, spread

_YAML = frozenset({"yaml", "yml"})
_OTHER_ENDS = frozenset(
    (
        *("cue", "cyclonedx", "dockerfile", "dockerignore", "dotenv", "edn", "env", "gitignore", "hcl", "hcl1", "hcl2"),
        *("hocon", "ignore", "ini", "jsonc", "jsonnet", "nginx", "properties", "spdx", "textpb", "textproto", "tf"),
        *("tfvars", "toml", "vcl", "xml"),
    )
)
_OTHER_NAMES = frozenset({"dockerfile", ".env", "nginx.conf"})
_OTHER_STARTS = ("dockerfile.", ".env.")
"""What the contract's program reads besides JSON and YAML, by names without their letter case."""


def check_path(path: str) -> None:
    """See that there is something to read.

    Raises:
        InputError: nothing, or an empty directory.
    """
    try:
        Path(path).stat()
    except FileNotFoundError:
        raise InputError(f"unable to parse the provided input file: {path}") from None
    except (OSError, ValueError) as error:
        raise InputError(_describe_error(path, error)) from None
    if Path(path).is_dir() and not _names(path, f"open {path}"):
        raise InputError(f"the directory {path} contained no files")


def input_files(path: str, *, prefix: str = "parse configurations") -> list[File]:
    """The file at a path, or all files below a directory, in the order of their names.

    Right below the directory each file counts; further down those whose names say that they can be read, and links
    count as what they lead to.

    Args:
        path: as given; errors name files by it.
        prefix: how errors of a file's content begin.

    Raises:
        InputError: a file cannot be read, or isn't what its name says; or there is none.
        NotSupportedError: a file's name says that it is neither JSON nor YAML.
    """
    if not Path(path).is_dir():
        return [_file(path, prefix)]
    names = _below(path)
    if not names:
        raise InputError("parse files: no files found")
    return [_file(name, prefix) for name in names]


def _below(directory: str) -> list[str]:
    """The files of a directory and of the folders in it, each once."""
    found: dict[str, None] = {}
    visited: set[tuple[int, int]] = set()
    for name in _names(directory, f"open {directory}"):
        path = os.path.normpath(f"{directory}/{name}")
        try:
            is_folder = stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116  # a path stays the text that errors show
        except OSError as error:
            raise InputError(f"parse files: get file info: {_describe_error(path, error)}") from None
        if is_folder:
            _walk(path, found, visited)
        else:
            found[path] = None
    return list(found)


def _walk(start: str, found: dict[str, None], visited: set[tuple[int, int]]) -> None:
    """Add the readable files at or below a path; `visited` keeps links from going in circles."""
    failed = "parse files: get files from directory"
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if os.path.islink(path):  # noqa: PTH114
            path = _target(path)
        try:
            state = os.stat(path)  # noqa: PTH116
        except OSError as error:
            raise InputError(f"{failed}: {describe('lstat', path, error)}") from None
        if stat.S_ISDIR(state.st_mode):
            identity = state.st_dev, state.st_ino
            if identity not in visited:
                visited.add(identity)
                names = _names(path, f"{failed}: walk path: open {path}")
                waiting += [f"{path}/{name}" for name in reversed(names)]
        elif _kind(path) is not None:
            if not stat.S_ISREG(state.st_mode):
                raise InputError(f"{failed}: open {path}: not a regular file")
            found[path] = None


def _target(link: str) -> str:
    """Where a link leads to in the end, by a path that is relative if the link's is."""
    target = os.path.realpath(link)
    return target if os.path.isabs(link) else os.path.relpath(target)  # noqa: PTH117


def _names(directory: str, failed: str) -> list[str]:
    try:
        return sorted(os.listdir(directory), key=os.fsencode)  # noqa: PTH208
    except OSError as error:
        raise InputError(f"{failed}: {reason(error)}") from None


def _file(path: str, prefix: str) -> File:
    documents = _documents(path, prefix)
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - links aren't followed, but `..` is taken away
    data = {"conftest/file": {"name": replace_surrogates(whole.name), "dir": replace_surrogates(str(whole.parent))}}
    return File(tuple(jsontext.encode(document, escape_html=False) for document in documents), data)


def _documents(path: str, prefix: str) -> list[Any]:
    """What the rules are asked about, one after the other."""
    kind = _kind(path)
    if kind is None:
        raise InputError(f"{prefix}: new parser: new: unknown parser: {_end(path)}, path: {path}")
    if kind not in {"json", "yaml"}:
        raise NotSupportedError(f"{path} is not supported yet: only JSON and YAML files are")
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{prefix}: {describe('read' if Path(path).is_dir() else 'open', path, error)}") from None
    try:
        return spread(parse_documents(content, kind, most_values=len(content)))  # a file of the user's own may be large
    except UnreadableDocumentError as error:
        raise InputError(f"{prefix}: parser unmarshal: {error}, path: {path}") from None


def _kind(path: str) -> str | None:
    """``json``, ``yaml``, something else that the contract's program reads, or None: it reads no such files."""
    name, end = Path(path).name.lower(), _end(path)
    if end == "json" or end in _OTHER_ENDS:
        return end
    if end in _YAML:
        return "yaml"
    return name if name in _OTHER_NAMES or name.startswith(_OTHER_STARTS) else None


def _end(path: str) -> str:
    name = Path(path).name
    return name.rpartition(".")[2].lower() if "." in name else ""


def _describe_error(path: str, error: OSError | ValueError) -> str:
    return f"stat {path}: {reason(error) if isinstance(error, OSError) else 'invalid argument'}"
