"""A client for OCI registries: what one run asks of them."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

from refimpl.about import __version__
from refimpl.errors import (
    DigestMismatchError,
    LimitExceededError,
    MalformedError,
    MissingChildError,
    NoPlatformError,
    NotFoundError,
    SizeMismatchError,
    StatusError,
    TransferError,
)
from refimpl.golang.quoting import quote
from refimpl.golang.url import UnreadableURLError, parse
from refimpl.http import codes
from refimpl.http.retry import Retry
from refimpl.http.transport import Transport
from refimpl.oci.auth import Keychain
from refimpl.oci.descriptor import (
    DIGEST_LENGTHS,
    INDEX_TYPES,
    MANIFEST_TYPES,
    Descriptor,
    Manifest,
    check_digest,
)
from refimpl.oci.digest import digest_of, verify
from refimpl.oci.memo import Memo
from refimpl.oci.session import Session

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from types import TracebackType

    from refimpl.deadline import Deadline
    from refimpl.errors import RegistryError
    from refimpl.http.transport import Response
    from refimpl.oci.answers import Answers
    from refimpl.oci.budget import Budget
    from refimpl.oci.descriptor import Platform
    from refimpl.oci.reference import Reference, Repository
    from refimpl.system.exchange import Exchange

#: The largest manifest or index in bytes. Registries take no larger ones (containerd and most of them agree on 4 MiB).
MANIFEST_LIMIT = 4 << 20
#: All pages of an image's referrers together, in bytes.
REFERRERS_LIMIT = 4 * MANIFEST_LIMIT
#: The largest blob that is held in memory, unless the caller says otherwise.
BLOB_LIMIT = 4 << 20
_KEPT_BYTES = 5 * MANIFEST_LIMIT  # the largest manifest fits
_ENTRY = 4 << 10  # of memory, however small the manifest or blob
_KEPT_HEADS = 4096
_REFERRER_PAGES = 100
_NESTED_INDEXES = 5
_ACCEPT = ",".join(
    (
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        *reversed(MANIFEST_TYPES),
        *reversed(INDEX_TYPES),
    )
)
_OCI_INDEX = INDEX_TYPES[0]


class BlobStream(Protocol):
    """A blob's bytes as they come: unverified."""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; empty at the true end. Raises `RegistryError` when the transfer breaks."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Registry(Protocol):
    """What `Client` offers, for those who bring their own in tests."""

    def head(self, ref: Reference) -> Descriptor:
        """Ask whether the manifest is there: media type, digest and size from the headers."""
        ...

    def manifest(self, ref: Reference) -> Manifest:
        """Fetch a manifest or index; its digest is verified when the reference has one."""
        ...

    def image(self, ref: Reference) -> Manifest:
        """Like `manifest`, of an index the linux/amd64 child."""
        ...

    def blob(self, repository: Repository, descriptor: Descriptor, *, limit: int = BLOB_LIMIT) -> bytes:
        """Fetch a small blob whole; digest and size are verified."""
        ...

    def open_blob(self, repository: Repository, descriptor: Descriptor) -> BlobStream:
        """Begin to fetch a blob of any size; nothing is verified."""
        ...

    def referrers(self, ref: Reference) -> tuple[Descriptor, ...]:
        """What refers to the image with this digest: the API, else the index at the fallback tag."""
        ...


class Client:
    """Reads from any number of registries. Thread-safe; one for a run, closed at its end. Nothing is sent at first.

    Within the run a manifest, an index, a configuration and the answer to `head` are asked for once: successes are
    kept (32 MiB of them), failures are not. Each method raises `RegistryError` subclasses, and `TimeoutExceededError`
    when the deadline passes.
    """

    def __init__(
        self,
        *,
        deadline: Deadline,
        environ: Mapping[str, str],
        retry: Retry | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.deadline = deadline
        self._budget = budget
        self._retry = retry or Retry()
        self._closed = threading.Event()
        self._transport = Transport(environ, deadline, user_agent=f"ec-ref/{__version__}")
        self._keychain = Keychain(environ, deadline)
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._heads: Memo[str, Descriptor] = Memo(_KEPT_HEADS, deadline)
        self._kept: Memo[Hashable, Any] = Memo(_KEPT_BYTES, deadline, _weight)
        self._failures: dict[tuple[str, str], RegistryError] = {}

    def head(self, ref: Reference) -> Descriptor:
        """Ask whether the manifest is there: media type, digest and size from the headers.

        A manifest that was fetched by this digest already answers without a request.
        """
        kept = self._kept.peek(("manifest", str(ref))) if ref.digest else None
        if kept is not None:
            return cast("Manifest", kept).descriptor
        return self._heads.get(str(ref), lambda: self._head(ref))

    def manifest(self, ref: Reference) -> Manifest:
        """Fetch a manifest or index; its digest is verified when the reference has one.

        Raises:
            LimitExceededError: larger than `MANIFEST_LIMIT`.
            DigestMismatchError: not what the reference says.
            MalformedError: the right bytes, but no JSON object.
        """
        return cast("Manifest", self._kept.get(("manifest", str(ref)), lambda: self._manifest(ref)))

    def image(self, ref: Reference) -> Manifest:
        """Like `manifest`, of an index the linux/amd64 child: the first that says so, or doesn't say for what it is.

        Raises:
            NoPlatformError: the index has no such child.
            MissingChildError: it has one, but the registry hasn't.
            SizeMismatchError: the child hasn't the size that its index says.
        """
        manifest = self.manifest(ref)
        for _ in range(_NESTED_INDEXES):
            if not manifest.is_index:
                return manifest
            child = next((entry for entry in manifest.manifests if _is_default(entry.platform)), None)
            if child is None:
                break
            manifest = self._child(ref.at(child.digest), child)
        raise NoPlatformError(f"no child with platform linux/amd64 in index {ref}")

    def blob(self, repository: Repository, descriptor: Descriptor, *, limit: int = BLOB_LIMIT) -> bytes:
        """Fetch a small blob whole, or take what its descriptor holds of it; digest and size are verified.

        `urls` of the descriptor are never followed.

        Raises:
            LimitExceededError: larger than `limit` bytes.
            SizeMismatchError: not as large as the descriptor says.
            DigestMismatchError: other bytes than the descriptor says.
        """
        if descriptor.size > limit:
            raise LimitExceededError(f"blob {descriptor.digest} is larger than {limit} bytes")
        if descriptor.data is not None:
            verify(descriptor.data, descriptor)
            return descriptor.data
        data = cast(
            "bytes",
            self._kept.get(
                ("blob", descriptor.digest), lambda: self._blob(repository, descriptor), origin=str(repository)
            ),
        )
        if len(data) != descriptor.size:
            verify(data, descriptor)
        return data

    def open_blob(self, repository: Repository, descriptor: Descriptor) -> BlobStream:
        """Begin to fetch a blob of any size, or to read what its descriptor holds; nothing is verified. Close it."""
        if descriptor.data is not None:
            return io.BytesIO(descriptor.data)
        return self._request("GET", repository, f"blobs/{descriptor.digest}", in_the_clear=True)

    def referrers(self, ref: Reference) -> tuple[Descriptor, ...]:
        """What refers to the image with this digest: the API, else the index at the fallback tag; may be empty."""
        if not ref.digest:
            raise MalformedError(f"referrers of {ref}: a digest is needed")
        found = self._kept.get(("referrers", str(ref)), lambda: self._referrers(ref))
        return cast("tuple[Descriptor, ...]", found)

    def share(self, exchange: Exchange) -> None:
        """Ask for nothing that another process of the run has asked for."""
        self._heads.share(exchange, "head", capacity=_KEPT_HEADS // 4)
        self._kept.share(exchange, "kept", capacity=_KEPT_BYTES // 5)

    def learn(self, answers: Answers) -> None:
        """Take what another client was told, and ask for none of it again; a failure is met once by who asks."""
        for name, head in answers.heads:
            self._heads.put(name, head)
        for name, descriptor, raw in answers.manifests:
            key = ("manifest", name)
            if self._kept.peek(key) is None:
                self._kept.put(key, Manifest.read(descriptor, raw))
        for (kind, name), failure in answers.failures:
            known = self._heads.peek(name) if kind == "head" else self._kept.peek((kind, name))
            if known is None:
                self._failures[kind, name] = failure

    def close(self) -> None:
        """Close every connection and end every pause. What other threads still read breaks."""
        self._closed.set()
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _request(
        self,
        method: str,
        repository: Repository,
        path: str,
        *,
        accept: str = "",
        allowed: tuple[int, ...] = (200,),
        in_the_clear: bool = False,
    ) -> Response:
        with self._lock:
            session = self._sessions.get(repository.registry)
            if session is None:
                session = self._sessions[repository.registry] = Session(
                    repository.registry,
                    self._transport,
                    self._keychain,
                    self._retry,
                    self.deadline,
                    self._closed,
                    self._budget,
                )
        return session.request(method, repository, path, accept=accept, allowed=allowed, in_the_clear=in_the_clear)

    def _fail_as_told(self, kind: str, ref: Reference) -> None:
        """Meet the failure that another client met, if there is one."""
        if self._failures and (failure := self._failures.pop((kind, str(ref)), None)) is not None:
            raise failure

    def _head(self, ref: Reference) -> Descriptor:
        self._fail_as_told("head", ref)
        with self._request("HEAD", ref.repository, f"manifests/{ref.identifier}", accept=_ACCEPT) as response:
            media_type = _bare(response.header("Content-Type"))
            size, digest = response.content_length, response.header("Docker-Content-Digest")
        for name, value in (("Content-Type", media_type), ("Content-Length", size), ("Docker-Content-Digest", digest)):
            if value in ("", None):
                raise MalformedError(f"HEAD {response.url}: response did not include {name} header")
        _same(check_digest(digest), ref)
        return Descriptor(media_type, digest, size or 0)

    def _manifest(self, ref: Reference, accept: str = _ACCEPT) -> Manifest:
        self._fail_as_told("manifest", ref)
        with self._request("GET", ref.repository, f"manifests/{ref.identifier}", accept=accept) as response:
            raw = response.read_all(MANIFEST_LIMIT)
            media_type = _bare(response.header("Content-Type"))
        # With a tag, Docker-Content-Digest isn't believed: many registries get it wrong, and the bytes have their own.
        digest = digest_of(raw, _algorithm(ref.digest or ""))
        _same(digest, ref)
        return _read(Descriptor(media_type, digest, len(raw)), raw, str(ref))

    def _child(self, ref: Reference, entry: Descriptor) -> Manifest:
        """An index's child: the registry's, or that which its entry holds."""
        if entry.data is not None:
            verify(entry.data, entry)
            return _read(entry, entry.data, str(ref))
        try:
            manifest = self.manifest(ref)
        except NotFoundError as error:
            raise MissingChildError(str(error), error.status) from error
        if len(manifest.raw) != entry.size:
            raise SizeMismatchError(
                f"error verifying size: {entry.digest} has {len(manifest.raw)} bytes, its index says {entry.size}"
            )
        return manifest

    def _blob(self, repository: Repository, descriptor: Descriptor) -> bytes:
        with self._request("GET", repository, f"blobs/{descriptor.digest}", in_the_clear=True) as response:
            try:
                data = response.read_all(descriptor.size)
            except LimitExceededError as error:
                raise SizeMismatchError(
                    f"error verifying size: {descriptor.digest} has more than {descriptor.size} bytes"
                ) from error
        verify(data, descriptor)
        return data

    def _referrers(self, ref: Reference) -> tuple[Descriptor, ...]:
        path = f"referrers/{ref.digest}"
        found: list[Descriptor] = []
        pages: set[str] = set()
        room = REFERRERS_LIMIT
        while path and path not in pages:
            pages.add(path)
            if len(pages) > _REFERRER_PAGES:
                raise LimitExceededError(f"referrers of {ref}: there are more than {_REFERRER_PAGES} pages")
            try:
                raw, path = self._referrers_page(ref, path, min(MANIFEST_LIMIT, room))
            except StatusError as error:
                if len(pages) > 1:
                    raise TransferError(f"referrers of {ref}: not all pages can be had: {error}") from error
                raise
            if raw is None and len(pages) == 1:
                return self._fallback_referrers(ref)
            room -= len(raw or b"")
            found += _parse_page(raw or b"", ref)
        return tuple(found)

    def _referrers_page(self, ref: Reference, path: str, limit: int) -> tuple[bytes | None, str]:
        """A page, None where the answer is no list, and the path of the next one."""
        allowed = (200, 400, 404, 406)
        with self._request("GET", ref.repository, path, accept=_OCI_INDEX, allowed=allowed) as response:
            if response.status != codes.OK or _bare(response.header("Content-Type")) != _OCI_INDEX:
                response.drain()
                return None, ""
            return response.read_all(limit), _next_page(response, ref)

    def _fallback_referrers(self, ref: Reference) -> tuple[Descriptor, ...]:
        tag = ref.identifier.replace(":", "-", 1)
        try:
            return self._manifest(ref.with_tag(tag), _OCI_INDEX).manifests
        except NotFoundError:
            return ()


def _is_default(platform: Platform | None) -> bool:
    return platform is None or (platform.os, platform.architecture) == ("linux", "amd64")


def _same(digest: str, ref: Reference) -> None:
    if ref.digest and digest != ref.digest:
        raise DigestMismatchError(
            f'manifest digest: "{digest}" does not match requested digest: "{ref.digest}" for "{ref}"'
        )


def _bare(media_type: str) -> str:
    return media_type.partition(";")[0].strip()


def _algorithm(digest: str) -> str:
    algorithm = digest.partition(":")[0]
    return algorithm if algorithm in DIGEST_LENGTHS else "sha256"


def _read(descriptor: Descriptor, raw: bytes, what: str) -> Manifest:
    try:
        return Manifest.read(descriptor, raw)
    except MalformedError as error:
        raise type(error)(f"{what}: {error}") from error


def _parse_page(raw: bytes, ref: Reference) -> tuple[Descriptor, ...]:
    """The referrers on one page of a list.

    Raises:
        TransferError: it can't be read, so that nobody knows what is on it.
    """
    try:
        return Manifest.read(Descriptor(_OCI_INDEX, ref.identifier, len(raw)), raw).manifests
    except MalformedError as error:
        raise TransferError(f"referrers of {ref}: a page of the list can't be read: {error}") from error


def _next_page(response: Response, ref: Reference) -> str:
    """The path after the repository of the next page; empty if there is none.

    Registries behind a proxy name hosts that aren't theirs, so only path and query count: it is the same registry that
    is asked.

    Raises:
        TransferError: it is another list, or cannot be told, so that nobody knows the rest of this one.
    """
    fields = response.headers("Link")
    if not fields:
        return ""
    from refimpl.http.link import next_target  # few registries list in pages

    try:
        target = next_target(fields)
    except MalformedError as error:
        raise TransferError(f"referrers of {ref}: {error}") from None
    if not target:
        return ""
    try:
        page = parse(response.url).join(target)
    except UnreadableURLError:
        page = parse("")
    wanted = f"referrers/{ref.digest}"
    if not page.path.endswith(f"/{ref.repository.full_path}/{wanted}"):
        raise TransferError(f"referrers of {ref}: the list continues elsewhere: {quote(target[:200])}")
    return f"{wanted}?{page.query}" if page.query else wanted


def _weight(value: Manifest | bytes | tuple[Descriptor, ...]) -> int:
    if isinstance(value, Manifest):
        return _ENTRY + 4 * len(value.raw)  # raw, and about three times as much parsed
    return _ENTRY + (len(value) if isinstance(value, bytes) else 512 * len(value))
