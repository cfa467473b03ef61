"""``sigstore initialize``: which TUF mirror tells whom to trust, and from which root on (specification 20 §3.3)."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from refimpl.deadline import Deadline
from refimpl.errors import KeyMaterialError
from refimpl.golang.oserrors import describe
from refimpl.verify.keys import read_file
from refimpl.verify.tuf_mirror import TUFMirror, cache_directory, folder_name, remember

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.command_line.flags import ParsedFlags
    from refimpl.command_line.options import Options


def sigstore_initialize(parsed: ParsedFlags, options: Options, environ: Mapping[str, str]) -> None:
    """Fetch the trusted root by a mirror, and let later runs use both. What was there stays if that fails.

    Raises:
        KeyMaterialError: there is no root to start from, the mirror fails, or the cache cannot be written.
    """
    deadline = Deadline(options.timeout)
    url = parsed.values["mirror"]
    root = _root(parsed.values["root"], environ, deadline)
    if checksum := parsed.values["root-checksum"]:
        _check(root, checksum)
    cache = cache_directory(environ)
    try:
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=cache, prefix="new-") as fresh:
            name = parsed.values["root"]
            mirror = TUFMirror(url, root, root_name=name, cache=Path(fresh), environ=environ, deadline=deadline)
            mirror.trusted_root()
            shutil.rmtree(cache / folder_name(url), ignore_errors=True)
            (Path(fresh) / folder_name(url)).replace(cache / folder_name(url))
        remember(cache, url)
    except OSError as error:
        raise KeyMaterialError(describe("open", str(error.filename or cache), error)) from None


def _root(reference: str, environ: Mapping[str, str], deadline: Deadline) -> bytes:
    if not reference:
        raise KeyMaterialError("--root must name the TUF root to start from: a file or an https URL")
    if not reference.startswith(("http://", "https://")):
        return read_file(reference)
    from refimpl.verify.key_download import download

    return download(reference, environ=environ, deadline=deadline)


def _check(root: bytes, checksum: str) -> None:
    algorithm, separator, wanted = checksum.rpartition(":")
    name = algorithm if separator else "sha256"
    if name not in ("sha256", "sha512"):
        raise KeyMaterialError(f"--root-checksum {checksum}: must be SHA-256 in hexadecimal, or sha512:<hexadecimal>")
    found = hashlib.new(name, root).hexdigest()
    if found != wanted.lower():
        raise KeyMaterialError(f"--root has another checksum: expected {wanted} but got {found}")
