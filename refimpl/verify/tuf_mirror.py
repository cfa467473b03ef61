"""Targets of a TUF repository, by a mirror that needn't be trusted (specification 20 §3.3; the TUF specification).

The client is python-tuf's: it knows rotated keys, thresholds, versions that must not go back, and expiry. Requests are
ours, with their time-outs and rules about redirects. Where its files are is what other clients of Sigstore's expect.
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

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
from tuf.api.metadata import Metadata, Targets

from refimpl.command_line.commands import DEFAULT_MIRROR
from refimpl.errors import KeyMaterialError, RegistryError
from refimpl.golang.oserrors import describe
from refimpl.http import codes
from refimpl.http.transport import Transport
from refimpl.verify.keys import read_file
from refimpl.verify.legacy_targets import FALLBACKS, LegacyTargets, usage_of
from refimpl.verify.trusted_root import TrustedRoot
from refimpl.verify.tuf_client import FetcherInterface, Updater
from refimpl.verify.tuf_signers import check_signers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tuf.ngclient import TargetFile

    from refimpl.deadline import Deadline

_REMOTE, _TRUSTED_ROOT, _FILE = "remote.json", "trusted_root.json", "file://"
_CHUNK = 1 << 16
_LARGEST_TARGET = 4 << 20
_MOST_TARGETS = 32
_STRONG_HASHES = frozenset({"sha256", "sha512"})
_MEANINGS: tuple[tuple[type[Exception], str], ...] = (
    (ExpiredMetadataError, "metadata has expired"),
    (UnsignedMetadataError, "metadata is not signed by as many of its keys as it must be"),
    (BadVersionNumberError, "metadata is of another version than it must be"),
    (DownloadLengthMismatchError, "an answer is longer than it may be"),
    (LengthOrHashMismatchError, "a file is not what other metadata says of it"),
    (DownloadHTTPError, "a file cannot be had"),
)
_PAUSE = 0.02  # seconds between two looks at a lock


class TUFMirror:
    """A mirror or a folder (``file:///…``), the root that it starts from, and the folder that remembers what was seen.

    Args:
        url: of the mirror.
        root: the first root to trust, as metadata.
        root_name: where that root is from, as errors tell it.
        cache: the folder; below it each mirror has one of its own.
        environ: for proxies and TLS.
        deadline: bounds all requests.

    Raises:
        KeyMaterialError: the URL names a folder, and not by its whole path.
    """

    def __init__(
        self,
        url: str,
        root: bytes,
        *,
        root_name: str,
        cache: Path,
        environ: Mapping[str, str],
        deadline: Deadline,
    ) -> None:
        if url.startswith(_FILE) and not url.startswith(f"{_FILE}/"):
            raise KeyMaterialError(f"TUF mirror {url}: a folder's URL is file:// and its whole path: file:///srv/tuf")
        self._url = url.rstrip("/")
        self._root = root
        self._root_name = root_name
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
        url = environ.get("TUF_MIRROR") or _read_remembered(cache) or DEFAULT_MIRROR
        if named := environ.get("TUF_ROOT_JSON"):
            path = Path(named)
        else:
            path = cache / folder_name(url) / "root.json"
            if not path.exists():
                raise KeyMaterialError(
                    f"there is no TUF root for {url} to start from: name a file with it in TUF_ROOT_JSON, "
                    "or run `ec-ref sigstore initialize` with --mirror and --root"
                )
        return cls(url, _read(path), root_name=str(path), cache=cache, environ=environ, deadline=deadline)

    def trusted_root(self) -> TrustedRoot | LegacyTargets:
        """What the repository tells of whom to trust, after all metadata was brought up to date.

        Raises:
            KeyMaterialError: the mirror cannot be reached, or what it has cannot be trusted.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with _lock(self._folder / ".lock", self._deadline), self._updating() as updater:
                document = self._content(updater, updater.get_targetinfo(_TRUSTED_ROOT))
                legacy = {} if document is not None else self._legacy(updater)
        except OSError as error:
            path = str(error.filename2 or error.filename or self._folder)
            raise KeyMaterialError(f"{self._asked}: {describe('open', path, error)}") from None
        if document is not None:
            return TrustedRoot.parse(document)
        if not legacy:
            raise KeyMaterialError(f"{self._asked}: there is no target {_TRUSTED_ROOT}")
        return LegacyTargets(legacy)

    @property
    def _asked(self) -> str:
        return f"TUF mirror {self._url}"

    @contextmanager
    def _updating(self) -> Iterator[Updater]:
        """The client with all metadata up to date; what it refuses becomes our error."""
        folder = self._folder
        fetcher = _Fetcher(self._environ, self._deadline, folder)
        try:
            updater = Updater(
                str(folder), self._url, str(folder / "targets"), f"{self._url}/targets", fetcher, bootstrap=self._root
            )
            updater.refresh()
            yield updater
        except (DownloadError, RepositoryError) as error:
            reason = fetcher.failure or _reason(error, fetcher.file or self._root_name)
            raise KeyMaterialError(f"{self._asked}: {reason}") from None
        except (ValueError, TypeError, LookupError, RecursionError) as error:  # of metadata that isn't any
            file = fetcher.file or self._root_name
            raise KeyMaterialError(f"{self._asked}: malformed metadata: {file}: {error}") from None
        finally:
            fetcher.close()

    def _content(self, updater: Updater, info: TargetFile | None) -> bytes | None:
        """A target's content; None when there is no such target."""
        if info is None:
            return None
        if info.length > _LARGEST_TARGET:
            raise KeyMaterialError(f"{self._asked}: target {info.path} is larger than {_LARGEST_TARGET} bytes")
        if not _STRONG_HASHES & info.hashes.keys():
            raise KeyMaterialError(f"{self._asked}: target {info.path} has neither a SHA-256 nor a SHA-512 hash")
        path = updater.find_cached_target(info) or updater.download_target(info)
        return Path(path).read_bytes()

    def _legacy(self, updater: Updater) -> Mapping[str, Sequence[bytes]]:
        """The contents of targets that are roots of trust each for itself, by usage."""
        listed = Metadata[Targets].from_file(str(self._folder / "targets.json")).signed.targets
        found: dict[str, list[bytes]] = {}
        for usage, fallbacks in FALLBACKS.items():
            custom = {name: one for name, one in listed.items() if usage_of(one.custom) == usage}
            chosen = custom or {name: listed[name] for name in fallbacks if name in listed}
            if len(chosen) > _MOST_TARGETS:
                raise KeyMaterialError(f"{self._asked}: more than {_MOST_TARGETS} targets for {usage}")
            contents = [self._content(updater, one) for _, one in sorted(chosen.items())]
            found |= {usage: [each for each in contents if each is not None]} if contents else {}
        return found


def _reason(error: Exception, file: str) -> str:
    """What a refusal of the client's means, and of which file it is."""
    cause: object = error.__cause__ or error  # the client says that a file cannot be read, and its cause why
    if isinstance(cause, KeyError):
        cause = f"there is no {cause}"
    elif isinstance(cause, TypeError | AttributeError):
        cause = "it has another form than metadata"
    for kind, meaning in _MEANINGS:
        if isinstance(error, kind):
            return f"{meaning}: {file}: {cause}"
    return f"metadata is not what it should be: {file}: {cause}"


class _Fetcher(FetcherInterface):
    """Fetches for the client, by HTTP or from a folder; what made it fail stays in `failure`, as the client forgets it.

    Args:
        environ: for proxies and TLS.
        deadline: bounds all requests.
        folder: with the metadata that the client trusts.
    """

    def __init__(self, environ: Mapping[str, str], deadline: Deadline, folder: Path) -> None:
        self._transport = Transport(environ, deadline, user_agent="ec-ref")
        self._folder = folder
        self.failure = ""
        self.file = ""
        """The name of the file that was asked for last."""

    def close(self) -> None:
        """Close connections."""
        self._transport.close()

    def download_bytes(self, url: str, max_length: int) -> bytes:
        """Metadata, which as many different keys must have signed as its role demands."""
        data = super().download_bytes(url, max_length)
        check_signers(url, data, self._folder)
        return data

    def _fetch(self, url: str) -> Iterator[bytes]:
        self.file = unquote(url.rpartition("/")[2])
        if url.startswith(_FILE):
            yield from self._read(url)
            return
        try:
            with self._transport.exchange("GET", url) as response:
                if response.status != codes.OK:
                    raise DownloadHTTPError(f"GET {url}: unexpected status code {response.status}", response.status)
                while chunk := response.read(_CHUNK):
                    yield chunk
        except RegistryError as error:
            self.failure = str(error)
            raise DownloadError(self.failure) from None

    def _read(self, url: str) -> Iterator[bytes]:
        path = Path(unquote(url.removeprefix(_FILE)))
        if not path.is_file():  # nothing else ends
            raise DownloadHTTPError(f"open {path}: no such file", codes.NOT_FOUND)
        try:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
        except OSError as error:
            self.failure = describe("open", str(path), error)
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


def _read_remembered(cache: Path) -> str:
    path = cache / _REMOTE
    if not path.exists():
        return ""
    try:
        found = json.loads(_read(path))
    except (ValueError, RecursionError):
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
def _lock(path: Path, deadline: Deadline) -> Iterator[None]:
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
