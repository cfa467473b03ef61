"""Targets of a TUF repository, by a mirror that needn't be trusted (specification 20 §3.3; the TUF specification).

The client is python-tuf's: it knows rotated keys, thresholds, versions that must not go back, and expiry. Requests are
ours, with their time-outs and rules about redirects. Where its files are is what other clients of Sigstore's expect.
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.ngclient import FetcherInterface, Updater

from refimpl.command_line.commands import DEFAULT_MIRROR
from refimpl.errors import KeyMaterialError, RegistryError
from refimpl.golang.oserrors import describe
from refimpl.http.transport import Transport
from refimpl.verify.keys import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from refimpl.deadline import Deadline

__all__ = ["TUFMirror", "cache_directory", "folder_name", "remember"]

_REMOTE = "remote.json"
_CHUNK = 1 << 16
_LARGEST_TARGET = 4 << 20
_MEANINGS: tuple[tuple[type[Exception], str], ...] = (
    (ExpiredMetadataError, "metadata has expired"),
    (UnsignedMetadataError, "metadata is not signed by as many of its keys as it must be"),
    (BadVersionNumberError, "metadata is of another version than it must be"),
    (DownloadLengthMismatchError, "an answer is longer than it may be"),
    (LengthOrHashMismatchError, "a target is not what its metadata says"),
    (DownloadHTTPError, "a file is not there"),
)
_PAUSE = 0.02  # seconds between two looks at a lock


class TUFMirror:
    """A mirror, the root that it starts from, and the folder that remembers what was seen.

    Args:
        url: of the mirror.
        root: the first root to trust, as metadata.
        cache: the folder; below it each mirror has one of its own.
        environ: for proxies and TLS.
        deadline: bounds all requests.
    """

    def __init__(self, url: str, root: bytes, *, cache: Path, environ: Mapping[str, str], deadline: Deadline) -> None:
        self._url = url.rstrip("/")
        self._root = root
        self._folder = cache / folder_name(url)
        self._environ = environ
        self._deadline = deadline

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], deadline: Deadline) -> TUFMirror:
        """The mirror that variables name, or that ``sigstore initialize`` left in the cache.

        Raises:
            KeyMaterialError: there is no root to start from, or what is there cannot be read.
        """
        cache = cache_directory(environ)
        url = environ.get("TUF_MIRROR") or _remembered(cache) or DEFAULT_MIRROR
        if path := environ.get("TUF_ROOT_JSON"):
            root = _read(Path(path))
        else:
            cached = cache / folder_name(url) / "root.json"
            if not cached.exists():
                raise KeyMaterialError(
                    f"there is no TUF root for {url} to start from: name a file with it in TUF_ROOT_JSON, "
                    "or run `ec-ref sigstore initialize` with --mirror and --root"
                )
            root = _read(cached)
        return cls(url, root, cache=cache, environ=environ, deadline=deadline)

    def target(self, name: str) -> bytes:
        """A target's content, after all metadata was brought up to date.

        Raises:
            KeyMaterialError: the mirror cannot be reached, or what it has cannot be trusted.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with _locked(self._folder / ".lock", self._deadline):
                return self._updated(name)
        except OSError as error:
            path = str(error.filename or self._folder)
            raise KeyMaterialError(f"{self._asked}: {describe('open', path, error)}") from None

    @property
    def _asked(self) -> str:
        return f"TUF mirror {self._url}"

    def _updated(self, name: str) -> bytes:
        transport = Transport(self._environ, self._deadline, user_agent="ec-ref")
        fetcher = _Fetcher(transport)
        folder = self._folder
        try:
            updater = Updater(
                str(folder), self._url, str(folder / "targets"), f"{self._url}/targets", fetcher, bootstrap=self._root
            )
            updater.refresh()
            info = updater.get_targetinfo(name)
            if info is None:
                raise KeyMaterialError(f"{self._asked}: there is no target {name}")
            if info.length > _LARGEST_TARGET:
                raise KeyMaterialError(f"{self._asked}: target {name} is larger than {_LARGEST_TARGET} bytes")
            path = updater.find_cached_target(info) or updater.download_target(info)
            return Path(path).read_bytes()
        except (DownloadError, RepositoryError) as error:
            raise KeyMaterialError(f"{self._asked}: {fetcher.failure or _reason(error)}") from None
        except (ValueError, TypeError, LookupError, RecursionError) as error:  # of metadata that isn't any
            raise KeyMaterialError(f"{self._asked}: malformed metadata: {error}") from None
        finally:
            transport.close()


def _reason(error: Exception) -> str:
    """What a refusal of the client's means."""
    for kind, meaning in _MEANINGS:
        if isinstance(error, kind):
            return f"{meaning}: {error}"
    return f"metadata is not what it should be: {error}"


class _Fetcher(FetcherInterface):
    """Fetches for the client; what made it fail stays in `failure`, since the client forgets it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.failure = ""

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            with self._transport.exchange("GET", url) as response:
                if response.status != HTTPStatus.OK:
                    raise DownloadHTTPError(f"GET {url}: unexpected status code {response.status}", response.status)
                while chunk := response.read(_CHUNK):
                    yield chunk
        except RegistryError as error:
            self.failure = str(error)
            raise DownloadError(self.failure) from None


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Where mirrors are remembered: ``TUF_ROOT``, or ``.sigstore/root`` in the user's home.

    Raises:
        KeyMaterialError: there is neither.
    """
    if folder := environ.get("TUF_ROOT"):
        return Path(folder)
    if home := environ.get("HOME"):
        return Path(home) / ".sigstore" / "root"
    raise KeyMaterialError("TUF needs a folder for what it has seen: set TUF_ROOT or HOME")


def folder_name(url: str) -> str:
    """The name of a mirror's folder, as other clients of Sigstore's call it."""
    name = url.removeprefix("https://").removeprefix("http://")
    return name.replace("/", "-").replace(":", "-").lower()


def remember(cache: Path, url: str) -> None:
    """Let this be the mirror that is asked when no variable names one."""
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    (cache / _REMOTE).write_text(json.dumps({"mirror": url}), encoding="utf-8")


def _remembered(cache: Path) -> str:
    path = cache / _REMOTE
    if not path.exists():
        return ""
    try:
        found = json.loads(_read(path))
    except ValueError:
        found = None
    mirror = found.get("mirror") if isinstance(found, dict) else None
    if not isinstance(mirror, str) or not mirror:
        raise KeyMaterialError(f"{path}: not a JSON object with a mirror; run `ec-ref sigstore initialize` again")
    return mirror


def _read(path: Path) -> bytes:
    try:
        return read_file(str(path))
    except KeyMaterialError as error:
        raise KeyMaterialError(f"TUF root: {error}") from None


@contextmanager
def _locked(path: Path, deadline: Deadline) -> Iterator[None]:
    """Keep other processes out, which would write the same files, as long as this lasts."""
    import fcntl

    with path.open("wb") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                deadline.check()
                time.sleep(_PAUSE)
        yield
