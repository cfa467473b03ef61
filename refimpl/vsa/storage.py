"""Where VSAs are uploaded to: ``--vsa-upload local@<folder>`` and ``rekor@<url>`` (specification 24 §14)."""

from __future__ import annotations

import hashlib
import logging
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from refimpl.errors import Error, OutputError, TimeoutExceededError
from refimpl.golang.oserrors import describe
from refimpl.golang.url import UnreadableURLError
from refimpl.golang.url import parse as parse_url
from refimpl.record import record
from refimpl.vsa.files import write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_log = logging.getLogger(__name__)

_KINDS = ("rekor", "local")
_FOLDER = "./vsa-upload"
_MODE = 0o600
_HASH = 16  # hexadecimal digits of it in a name


class StorageError(Error):
    """A storage of VSAs can't be used: change ``--vsa-upload`` or ``--vsa-retrieval``, or look at it."""


@record
class Backend:
    """One value of ``--vsa-upload``: ``kind@base_url?name=value``.

    Attributes:
        kind: ``rekor`` or ``local``.
        url: of the server, or the folder; empty for the usual one.
        parameters: the first value of each name.
    """

    kind: str
    url: str
    parameters: Mapping[str, str]


def parse_backend(text: str) -> Backend:
    """Read one value.

    Raises:
        StorageError: no such backend, or not a URL.
    """
    if not text:
        raise StorageError("storage flag cannot be empty")
    kind, at, rest = text.partition("@")
    if not at:
        kind, mark, query = text.partition("?")
        rest = mark + query
    if not kind:
        raise StorageError("backend name cannot be empty")
    if kind.lower() not in _KINDS:
        raise StorageError(f"unsupported backend '{kind}'. Supported backends: {', '.join(_KINDS)}")
    is_web = rest.startswith(("http://", "https://"))
    try:
        url = parse_url(rest if is_web or not rest else f"dummy://{rest}")
    except UnreadableURLError as error:
        raise StorageError(f"invalid storage configuration format: {error}") from None
    base = f"{url.scheme}://{url.host}{url.path}" if is_web else f"{url.host}{url.path}"
    return Backend(kind.lower(), base, _parameters(url.query or ""))


def _parameters(query: str) -> Mapping[str, str]:
    from urllib.parse import parse_qsl

    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found.setdefault(name, value)
    return found


class LocalStorage:
    """A folder that gets a file for each VSA.

    Raises:
        StorageError: it isn't there, and can't be made.
    """

    def __init__(self, backend: Backend) -> None:
        path = backend.url or _FOLDER
        for name, value in backend.parameters.items():
            if name in ("path", "dir", "directory"):
                path = value
            else:
                _log.warning("[VSA] Local backend: ignoring unknown parameter '%s'", name)
        self.name = f"Local ({path})"
        self._path = Path(path)
        try:
            self._path.mkdir(mode=0o755, parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            reason = describe("mkdir", path, error) if isinstance(error, OSError) else "invalid argument"
            raise StorageError(f"failed to create storage directory {path}: {reason}") from error

    def store(self, envelope: bytes) -> None:
        """Keep an envelope, in a file that is named after the time and its content.

        Raises:
            OutputError: it can't be written.
        """
        nanoseconds = time.time_ns()
        moment = datetime.fromtimestamp(nanoseconds // 1_000_000_000).astimezone()
        stamp = f"{moment:%Y-%m-%dT%H-%M-%S}.{nanoseconds % 1_000_000_000:09d}"
        write(self._path / f"vsa-{stamp}-{hashlib.sha256(envelope).hexdigest()[:_HASH]}.json", envelope, _MODE)


class Storage(Protocol):
    """A place for envelopes; `name` is what messages call it."""

    @property
    def name(self) -> str:
        """Kind and address."""
        ...

    def store(self, envelope: bytes) -> None:
        """Keep an envelope; OutputError if it can't."""
        ...


def upload(envelope: bytes, flags: Sequence[str], *, rekor: Callable[[Backend], Storage]) -> None:
    """Store an envelope in every place; what fails is logged, and keeps no other one from getting it.

    Args:
        envelope: its bytes.
        flags: values of ``--vsa-upload``.
        rekor: gives what uploads to a transparency log; `StorageError` if it can't be one.
    """
    for flag in flags:
        try:
            backend = parse_backend(flag)
        except StorageError as error:
            _log.warning("invalid storage config '%s': %s", flag, error)
            continue
        try:
            storage = rekor(backend) if backend.kind == "rekor" else LocalStorage(backend)
        except StorageError as error:
            _log.warning("failed to create %s backend: %s", backend.kind, error)
            continue
        try:
            storage.store(envelope)
        except TimeoutExceededError:
            raise
        except OutputError as error:
            _log.warning("failed to upload to %s: %s", storage.name, error)
