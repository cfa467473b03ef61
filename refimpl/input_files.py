"""The files of ``validate input``: what lies below a path, and its documents (docs/commands.md)."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refimpl import jsontext
from refimpl.errors import InputError, NotSupportedError
from refimpl.evaluation.evaluator import File
from refimpl.oserrors import described, reason
from refimpl.unicode import well_formed

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_path", "input_files"]

_JSON = ("json",)
_YAML = ("yaml", "yml")
_OTHERS = frozenset(
    (
        *("cue", "cyclonedx", "dockerfile", "dockerignore", "edn", "env", "gitignore", "hcl", "hcl1", "hcl2", "hocon"),
        *("ini", "jsonc", "jsonnet", "nginx", "properties", "spdx", "textpb", "textproto", "tf", "tfvars", "toml"),
        *("vcl", "xml"),
    )
)
"""What the contract's program reads besides, by the ends of names."""
_BOM = b"\xef\xbb\xbf"
_HUGE = re.compile(rb"[0-9]{300}|[0-9][eE]\+?[0-9]{3}")
"""What every number beyond 64-bit floats has in it."""


def check_path(path: str) -> None:
    """See that there is something to read.

    Raises:
        InputError: nothing, or a directory without files.
    """
    try:
        Path(path).stat()
    except FileNotFoundError:
        raise InputError(f"unable to parse the provided input file: {path}") from None
    except (OSError, ValueError) as error:
        raise InputError(_stated(path, error)) from None
    if Path(path).is_dir() and next(_below(path), None) is None:
        raise InputError(f"the directory {path} contained no files")


def input_files(path: str, *, prefix: str = "parse configurations") -> list[File]:
    """The file at a path, or all files below a directory, in the order of their names.

    Args:
        path: as given; errors name files by it.
        prefix: how errors of a file's content begin.

    Raises:
        InputError: a file cannot be read, or isn't what its name says.
        NotSupportedError: a file's name says that it is neither JSON nor YAML.
    """
    names = list(_below(path)) if Path(path).is_dir() else [path]
    for name in names:  # before any is read: a link may lead nowhere
        try:
            Path(name).stat()
        except OSError as error:
            raise InputError(f"parse files: get file info: {_stated(name, error)}") from None
    return [_file(name, prefix) for name in names]


def _below(directory: str) -> Iterator[str]:
    """The files below, directory by directory; links to directories count as files."""
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        raise InputError(described("open", directory, error)) from None
    for entry in entries:
        path = os.path.normpath(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _below(path)
        else:
            yield path


def _file(path: str, prefix: str) -> File:
    documents = _documents(path, prefix)
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - links aren't followed, but `..` is taken away
    data = {"conftest/file": {"name": well_formed(whole.name), "dir": well_formed(str(whole.parent))}}
    return File(tuple(jsontext.encode(document, escape_html=False) for document in documents), data)


def _documents(path: str, prefix: str) -> list[Any]:
    """What rules are asked about one after the other: the elements of a list, else each document."""
    kind = _kind(path, prefix)
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{prefix}: {described('read' if Path(path).is_dir() else 'open', path, error)}") from None
    content = content.removeprefix(_BOM)
    if kind in _JSON:
        value = _json(content, path, prefix)
    else:
        parts = _split(content)
        if len(parts) > 1:
            failed = f"{prefix}: parser unmarshal: unmarshal multiple documents: unmarshal subdocument yaml"
            return [_yaml(part, path, failed) for part in parts]
        value = _yaml(content, path, f"{prefix}: parser unmarshal: unmarshal yaml")
    return value if isinstance(value, list) else [value]


def _kind(path: str, prefix: str) -> str:
    name = Path(path).name
    kind = name.rpartition(".")[2].lower() if "." in name else ""
    if kind in _JSON or kind in _YAML:
        return kind
    if kind in _OTHERS or name.startswith(("Dockerfile", ".env")):
        raise NotSupportedError(f"{path} is not supported yet: only JSON and YAML files are")
    raise InputError(f"{prefix}: new parser: new: unknown parser: {kind}, path: {path}")


def _json(content: bytes, path: str, prefix: str) -> Any:
    from refimpl.verify.document import DocumentError, parse

    try:
        value = parse(content).value
        if _HUGE.search(content):
            _check_numbers(value)
    except DocumentError as error:
        raise InputError(f"{prefix}: parser unmarshal: unmarshal json: {error}, path: {path}") from None
    return value


def _check_numbers(value: Any) -> None:
    from refimpl.verify.document import DocumentError

    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, int | jsontext.Number) and not _is_float(value):
            raise DocumentError(f"json: cannot unmarshal number {value} into Go value of type float64")


def _is_float(number: int | jsontext.Number) -> bool:
    try:
        return math.isfinite(float(number))
    except OverflowError:
        return False


def _yaml(content: bytes, path: str, failed: str) -> Any:
    from refimpl import yamltext

    try:
        value = yamltext.loads(content)
    except ValueError as error:
        words = "yaml: invalid Unicode" if isinstance(error, UnicodeError) else error
        raise InputError(f"{failed}: error converting YAML to JSON: {words}, path: {path}") from None
    return value


def _split(content: bytes) -> list[bytes]:
    """A file's documents, as the contract's program finds them: only plain lines of dashes part them."""
    newline = b"\r\n" if b"\r\n---\r\n" in content else b"\n"
    return content.split(newline + b"---" + newline)


def _stated(path: str, error: OSError | ValueError) -> str:
    return f"stat {path}: {reason(error) if isinstance(error, OSError) else 'invalid argument'}"
