"""Where VSAs are written: a file for what is attested, and one beside it for the signed envelope (24 §14)."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from refimpl.errors import OutputError
from refimpl.golang import jsontext
from refimpl.golang.oserrors import describe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

ENVELOPE_SUFFIX = ".intoto.jsonl"
PREDICATE_MODE, ENVELOPE_MODE = 0o600, 0o644
_SHARED = Path("/tmp")  # noqa: S108 - the contract's


class Folder:
    """Gives each VSA a path of its own.

    Args:
        path: of the folder; None makes a new temporary one for each VSA.
        prefix: of such folders' names.
    """

    def __init__(self, path: Path | None, prefix: str = "vsa-") -> None:
        self._path = path
        self._prefix = prefix
        self._taken: set[Path] = set()

    def path(self, name: str, digest: str) -> Path:
        """Where the predicate goes that is about the component `name`, whose image has this digest.

        A separator in the name becomes ``-``; if several components have a name, the digest tells them apart.

        Raises:
            OutputError: there is no folder, and none can be made.
        """
        folder = self._make()
        stem = "vsa-" + (name or "unknown").replace("/", "-").replace(os.sep, "-")
        path = folder / f"{stem}.json"
        if path in self._taken:
            path = folder / f"{stem}-{digest.rpartition(':')[2][:12]}.json"
        self._taken.add(path)
        return path

    def _make(self) -> Path:
        if self._path is None:
            return temporary_folder(self._prefix)
        try:
            self._path.mkdir(mode=0o755, parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            reason = describe("mkdir", str(self._path), error) if isinstance(error, OSError) else "invalid argument"
            raise OutputError(f"failed to create output directory: {reason}") from error
        return self._path


def temporary_folder(prefix: str) -> Path:
    """A new folder that only this user may enter.

    Raises:
        OutputError: it can't be made.
    """
    try:
        return Path(tempfile.mkdtemp(prefix=prefix))
    except OSError as error:
        raise OutputError(f"failed to create temp directory: {describe('mkdir', prefix, error)}") from error


def output_folder(text: str) -> Path | None:
    """The folder of ``--attestation-output-dir``; None for new temporary ones.

    Raises:
        OutputError: neither below ``/tmp`` nor below the working directory.
    """
    if not text:
        return None
    path = Path(os.path.abspath(text))  # noqa: PTH100 - ".." is taken as text, links aren't followed
    if any(path == root or root in path.parents for root in (_SHARED, Path.cwd())):
        return path
    raise OutputError(
        "invalid attestation output directory: attestation output directory must be under /tmp or current working "
        f"directory, got: {path}"
    )


def write_predicate(path: Path, predicate: Mapping[str, Any]) -> bytes:
    """Write what is attested; gives the file's bytes.

    Raises:
        OutputError: it can't be written.
    """
    content = jsontext.indent(jsontext.dumps(predicate)).encode()
    write(path, content, PREDICATE_MODE)
    return content


def write(path: Path, content: bytes, mode: int) -> None:
    """Write a file beside its place and move it there: it is whole, and no link that is there is followed.

    Raises:
        OutputError: it can't be written.
    """
    beside = path.with_name(f".vsa-{secrets.token_hex(8)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        reason = describe("open", str(path), error) if isinstance(error, OSError) else f"open {path}: invalid argument"
        raise OutputError(f"failed to write VSA to file: {reason}") from error
