"""Git repositories as sources, over https or from a local path (specification 11 §4.3)."""

from __future__ import annotations

import base64
import contextlib
import re
import struct
import tempfile
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, quote, unquote

from dulwich.client import AbstractHttpGitClient
from dulwich.errors import ChecksumMismatch, FileFormatException, GitProtocolError, NotGitRepository
from dulwich.object_store import MemoryObjectStore
from dulwich.objects import Commit, Tag

from refimpl.errors import NotSupportedError, PolicyError, RegistryError
from refimpl.oci.transport import address_of
from refimpl.policy.sources.checkout import write_tree
from refimpl.policy.sources.kinds import without_prefixes
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dulwich.object_store import BaseObjectStore
    from dulwich.objects import ObjectID
    from dulwich.refs import Ref

    from refimpl.oci.transport import Response
    from refimpl.policy.sources.web import Web

__all__ = ["GitURL", "fetch"]

_FAILED = "error cloning repository"
_COMMIT = re.compile(r"[0-9a-fA-F]{40}")
_ZERO = b"0" * 40
_MAX_TAGS = 16
_IN_MEMORY = 1 << 22
_MAX_SAID = 1 << 14
_CHUNK = 1 << 16
_OK = 200
# Some servers answer only what calls itself git.
_HEADERS = {"User-Agent": "git/ec-ref", "Pragma": "no-cache"}
# What dulwich raises when a server answers nonsense.
_FOREIGN = (
    GitProtocolError,
    FileFormatException,
    ChecksumMismatch,
    ValueError,
    LookupError,
    AssertionError,
    EOFError,
    zlib.error,
    struct.error,
)


@record
class GitURL:
    """The parts of a source URL.

    Attributes:
        address: of the repository: an https URL without ``.git`` and user, or a local path.
        local: whether it is a path.
        user: ``user:password`` for the server, decoded; empty when there is none.
        subdirectory: of the repository; empty for all of it.
        revision: branch, tag, ``refs/…`` or commit; empty for the default branch.
    """

    address: str
    local: bool
    user: str
    subdirectory: str
    revision: str

    @classmethod
    def parse(cls, url: str) -> GitURL:
        """Take a URL apart.

        Raises:
            PolicyError: unusable.
            NotSupportedError: only reachable by ssh.
        """
        if url.startswith("git@"):
            rest = url.removeprefix("git@").replace(":", "/", 1)
        else:
            rest = without_prefixes(url, "git::", "git://", "https://", "file://", "file::")
        repository, _, subdirectory = rest.partition("//")
        repository, _, query = repository.partition("?")
        if "?" in subdirectory:
            subdirectory, _, query = subdirectory.partition("?")
        options = dict(reversed(parse_qsl(query, keep_blank_values=True)))  # the first of a name counts
        depth = options.pop("depth", "")
        if depth and not re.fullmatch(r"[+-]?[0-9]+", depth):
            raise PolicyError(f'failed to parse depth: strconv.Atoi: parsing "{depth}": invalid syntax')
        revision = options.pop("ref", "")
        if options:
            raise PolicyError(f"{_FAILED}: repository not found")  # what other options would name, nobody serves
        if repository.startswith(("./", "../", "/", "~/")):
            return cls(repository, local=True, user="", subdirectory=subdirectory, revision=revision)
        authority, slash, path = repository.partition("/")
        user, _, host = authority.rpartition("@")
        if not host:
            raise PolicyError(f"{_FAILED}: no host in {url}")
        if not re.fullmatch(r"\[[0-9a-fA-F:.]+\](:[0-9]*)?|[^:\s]+(:[0-9]*)?", host):
            raise NotSupportedError(f"{_FAILED}: {url} is no https address, and ssh is not supported")
        address = f"https://{host}/{quote(path if slash else '', safe='/%~:@!$&()*+,;=')}"
        return cls(address, local=False, user=unquote(user), subdirectory=subdirectory, revision=revision)


def fetch(url: str, destination: Path, *, web: Web) -> str:
    """Write a revision's files; the pinned URL is the answer.

    Only that revision is transferred. Of symbolic links those that lead to files of the repository are followed.

    Raises:
        PolicyError: the repository, the revision or the subdirectory isn't there or cannot be had.
    """
    parts = GitURL.parse(url)
    try:
        store, tip = _local(parts) if parts.local else _remote(parts, web)
        commit = _commit(store, tip)
        write_tree(store, commit.tree, parts.subdirectory, destination, name=url)
    except (RegistryError, *_FOREIGN) as error:
        raise PolicyError(f"{_FAILED}: {_words(error)}") from None
    text = without_prefixes(url, "git::", "git://", "https://")
    if text.startswith("git@"):
        text = text.removeprefix("git@").replace(":", "/", 1)
    return f"git::{text.partition('?ref=')[0]}?ref={commit.id.decode()}"


def _local(parts: GitURL) -> tuple[BaseObjectStore, ObjectID]:
    from dulwich.repo import Repo

    missing = PolicyError(f"{_FAILED}: repository not found")
    if not Path(parts.address).is_absolute():  # such never worked: nothing says what it would be relative to
        raise missing
    for address in (parts.address, f"{parts.address}.git"):  # as git-upload-pack looks for it
        with contextlib.suppress(NotGitRepository, OSError, ValueError):
            repository = Repo(address)
            break
    else:
        raise missing
    return repository.object_store, _wanted(repository.get_refs(), parts.revision)


def _remote(parts: GitURL, web: Web) -> tuple[BaseObjectStore, ObjectID]:
    """The revision's objects alone; all history where the server doesn't give a commit by its name."""
    address = parts.address if parts.address.endswith(".git") else parts.address + ".git"
    client = _Client(address, web, parts.user)
    if not _COMMIT.fullmatch(parts.revision):
        return client.objects(lambda references: [_wanted(references, parts.revision)])
    commit = cast("ObjectID", parts.revision.lower().encode())
    with contextlib.suppress(_RefusedError):
        return client.objects(lambda _: [commit], protocol=2)[0], commit  # version 2 gives all that it has
    store, _ = client.objects(lambda references: sorted(set(_known(references).values())), whole=True)
    return store, commit


class _RefusedError(PolicyError):
    """The server doesn't give what was wanted."""


class _Client(AbstractHttpGitClient):
    """Dulwich's protocol over our connections, with the contract's texts for what a server answers."""

    def __init__(self, address: str, web: Web, user: str) -> None:
        super().__init__(address, thin_packs=False, quiet=True)
        self._web = web
        self._origin = address_of(address)
        self._authorization = self._shown_user = ""
        if user:
            name, colon, _ = user.partition(":")
            self._shown_user = f"{name}:***@" if colon else f"{name}@"
            pair = user if colon else f"{user}:"
            self._authorization = "Basic " + base64.b64encode(pair.encode()).decode("ascii")

    def objects(
        self, choose: Callable[[Mapping[Any, Any]], list[ObjectID]], *, protocol: int = 0, whole: bool = False
    ) -> tuple[BaseObjectStore, ObjectID]:
        """Fetch what is chosen of the advertised references, without history unless `whole`; and the first choice."""
        store = MemoryObjectStore()
        chosen: list[ObjectID] = []

        def determine(refs: Mapping[Ref, ObjectID], depth: int | None = None) -> list[ObjectID]:
            del depth
            chosen.extend(choose(refs))
            return chosen

        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as incoming:
            try:
                self.fetch_pack(
                    "", determine, _Nothing(), incoming.write, depth=None if whole else 1, protocol_version=protocol
                )
                if not chosen:
                    raise PolicyError(f"{_FAILED}: remote repository is empty")
                _add(store, incoming)
            except _FOREIGN as error:
                raise _RefusedError(f"{_FAILED}: {_words(error)}") from None
        return store, chosen[0]

    def _get_url(self, path: str | bytes) -> str:
        del path
        return self._base_url

    def _http_request(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        data: bytes | Iterator[bytes] | None = None,
        raise_for_status: bool = True,  # noqa: FBT001, FBT002 - the signature is dulwich's
    ) -> tuple[Any, Callable[[int], bytes]]:
        """Send one request; status and kind of the answer are judged here (26 §5)."""
        del raise_for_status
        body = data if data is None or isinstance(data, bytes) else b"".join(data)
        try:
            response = self._web.exchange(
                "GET" if body is None else "POST",
                url,
                {**_HEADERS, **(headers or {})},
                authorization=self._authorization if address_of(url) == self._origin else "",  # a redirect leads on
                body=body,
                verify=not self._web.unverified_git,
            )
        except RegistryError as error:
            said = str(error).replace("https://", f"https://{self._shown_user}", 1)
            raise PolicyError(f"{_FAILED}: {said}") from None
        answer = _Answer(response, url)
        if response.status != _OK:
            with response:
                raise _status_error(response.status, answer.read(_MAX_SAID), url)
        if body is None and not answer.content_type.startswith("application/x-git-upload-pack-advertisement"):
            with response:
                raise PolicyError(f"{_FAILED}: {'invalid pkt-len found' if response.read(1) else 'empty input'}")
        return answer, answer.read


class _Answer:
    """What dulwich wants to know of an answer."""

    def __init__(self, response: Response, asked: str) -> None:
        self._response = response
        self.content_type = response.header("Content-Type")
        self.redirect_location = response.url if response.url != asked else ""

    def read(self, size: int = -1) -> bytes:
        """As many bytes as asked for, fewer only at the end; all without a size."""
        parts: list[bytes] = []
        while size != 0:
            data = self._response.read(size if size > 0 else _CHUNK)
            if not data:
                break
            parts.append(data)
            size -= len(data) if size > 0 else 0
        return b"".join(parts)

    def close(self) -> None:
        self._response.drain()


class _Nothing:
    """A walk over what we have: nothing."""

    def __next__(self) -> None:
        return None

    def ack(self, sha: ObjectID, /) -> None:
        """Nothing can be acknowledged."""

    def nak(self) -> None:
        """Nothing is in common."""


def _status_error(status: int, said: bytes, url: str) -> PolicyError:
    words = {401: "authentication required", 403: "authorization failed", 404: "repository not found"}.get(status)
    if words:
        return PolicyError(f"{_FAILED}: {words}: {said.decode(errors='replace')}")
    text = f'unexpected client error: unexpected requesting "{url}" status code: {status}'
    return _RefusedError(f"{_FAILED}: {text}")


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if isinstance(error, LookupError) else str(error) or type(error).__name__


def _add(store: MemoryObjectStore, incoming: IO[bytes]) -> None:
    incoming.seek(0)
    pack, commit, abort = store.add_pack()
    try:
        while chunk := incoming.read(_CHUNK):
            pack.write(chunk)
    except BaseException:
        abort()
        raise
    commit()


def _known(references: Mapping[Any, Any]) -> dict[bytes, ObjectID]:
    return {name: value for name, value in references.items() if value and value != _ZERO and not name.endswith(b"^{}")}


def _wanted(references: Mapping[Any, Any], revision: str) -> ObjectID:
    """The object that a revision names, by git's order of precedence."""
    if _COMMIT.fullmatch(revision):
        return cast("ObjectID", revision.lower().encode())
    known = _known(references)
    if not known:
        raise PolicyError(f"{_FAILED}: remote repository is empty")
    name = (revision or "HEAD").encode(errors="surrogateescape")
    for candidate in (name, b"refs/" + name, b"refs/tags/" + name, b"refs/heads/" + name):
        if candidate in known:
            return known[candidate]
    raise PolicyError(f"{_FAILED}: reference not found")


def _commit(store: BaseObjectStore, tip: ObjectID) -> Commit:
    for _ in range(_MAX_TAGS):
        try:
            found = store[tip]
        except KeyError:
            break
        if isinstance(found, Commit):
            return found
        if not isinstance(found, Tag):
            break
        tip = found.object[1]
    raise PolicyError("error resolving ref: reference not found")
