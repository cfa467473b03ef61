"""Git repositories as sources, over https or from a local path (specification 11 §4.3)."""

from __future__ import annotations

import base64
import contextlib
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote

from refimpl.errors import NotSupportedError, PolicyError, RegistryError
from refimpl.policy.sources.checkout import write_tree
from refimpl.policy.sources.git_object import COMMIT, TAG
from refimpl.policy.sources.kinds import without_prefixes
from refimpl.policy.sources.pack import read_pack
from refimpl.policy.sources.upload_pack import fetch as fetch_pack
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from refimpl.oci.transport import Response
    from refimpl.policy.sources.git_object import Objects
    from refimpl.policy.sources.web import Web

__all__ = ["GitURL", "fetch"]

_FAILED = "error cloning repository"
_COMMIT = re.compile(r"[0-9a-fA-F]{40}")
_ZERO = b"0" * 40
_MAX_TAGS = 16
_IN_MEMORY = 1 << 22
_MAX_SAID = 1 << 14
_OK = 200
# Some servers answer only what calls itself git.
_HEADERS = {"User-Agent": "git/ec-ref", "Pragma": "no-cache"}
# What is raised over nonsense of a server, or damage in a repository.
_FOREIGN = (ValueError, LookupError)


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
        commit, tree = _commit(store, tip)
        write_tree(store, tree, parts.subdirectory, destination, name=url)
    except (RegistryError, *_FOREIGN) as error:
        raise PolicyError(f"{_FAILED}: {_words(error)}") from None
    text = without_prefixes(url, "git::", "git://", "https://")
    if text.startswith("git@"):
        text = text.removeprefix("git@").replace(":", "/", 1)
    return f"git::{text.partition('?ref=')[0]}?ref={commit.decode()}"


def _local(parts: GitURL) -> tuple[Objects, bytes]:
    from refimpl.policy.sources.repository import Repository

    missing = PolicyError(f"{_FAILED}: repository not found")
    if not Path(parts.address).is_absolute():  # such never worked: nothing says what it would be relative to
        raise missing
    for address in (parts.address, f"{parts.address}.git"):  # as git-upload-pack looks for it
        with contextlib.suppress(OSError, ValueError):
            repository = Repository(address)
            break
    else:
        raise missing
    return repository, _wanted(repository.references, parts.revision)


def _remote(parts: GitURL, web: Web) -> tuple[Objects, bytes]:
    """The revision's objects alone; all history where the server doesn't give a commit by its name."""
    address = parts.address if parts.address.endswith(".git") else parts.address + ".git"
    client = _Client(address, web, parts.user)
    if not _COMMIT.fullmatch(parts.revision):
        return client.objects(lambda references: [_wanted(references, parts.revision)])
    commit = parts.revision.lower().encode()
    with contextlib.suppress(_RefusedError):
        return client.objects(lambda _: [commit], by_id=True)[0], commit  # version 2 gives all that it has
    store, _ = client.objects(lambda references: sorted(set(_known(references).values())), whole=True)
    return store, commit


class _RefusedError(PolicyError):
    """The server doesn't give what was wanted."""


class _Client:
    """A repository on a server, with the contract's texts for what the server answers."""

    def __init__(self, address: str, web: Web, user: str) -> None:
        self._address = address
        self._web = web
        self._authorization = self._shown_user = ""
        if user:
            name, colon, _ = user.partition(":")
            self._shown_user = f"{name}:***@" if colon else f"{name}@"
            pair = user if colon else f"{user}:"
            self._authorization = "Basic " + base64.b64encode(pair.encode()).decode("ascii")

    def objects(
        self, choose: Callable[[Mapping[bytes, bytes]], list[bytes]], *, by_id: bool = False, whole: bool = False
    ) -> tuple[Objects, bytes]:
        """Fetch what is chosen of the advertised references, without history unless `whole`; and the first choice."""
        chosen: list[bytes] = []

        def chosen_of(references: Mapping[bytes, bytes]) -> list[bytes]:
            chosen.extend(choose(references))
            if not chosen:
                raise PolicyError(f"{_FAILED}: remote repository is empty")
            return chosen

        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as incoming:
            try:
                fetch_pack(self._exchange, self._address, chosen_of, incoming.write, shallow=not whole, by_id=by_id)
                store = read_pack(incoming)
            except _FOREIGN as error:
                raise _RefusedError(f"{_FAILED}: {_words(error)}") from None
        return store, chosen[0]

    def _exchange(self, url: str, headers: Mapping[str, str], body: bytes | None = None, /) -> _Answer:
        """Send one request; status and kind of the answer are judged here (26 §5)."""
        try:
            response = self._web.exchange(
                "GET" if body is None else "POST",
                url,
                {**_HEADERS, **headers},
                authorization=self._authorization,
                body=body,
                verify=not self._web.unverified_git,
            )
        except RegistryError as error:
            said = str(error).replace("https://", f"https://{self._shown_user}", 1)
            raise PolicyError(f"{_FAILED}: {said}") from None
        answer = _Answer(response)
        if response.status != _OK:
            with response:
                raise _status_error(response.status, answer.read(_MAX_SAID), url)
        if body is None and not answer.content_type.startswith("application/x-git-upload-pack-advertisement"):
            with response:
                raise PolicyError(f"{_FAILED}: {'invalid pkt-len found' if response.read(1) else 'empty input'}")
        return answer


class _Answer:
    """See `upload_pack.Answer`."""

    def __init__(self, response: Response) -> None:
        self._response = response
        self.url = response.url
        self.content_type = response.header("Content-Type")

    def read(self, size: int, /) -> bytes:
        parts: list[bytes] = []
        while size and (data := self._response.read(size)):
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def close(self) -> None:
        self._response.drain()


def _status_error(status: int, said: bytes, url: str) -> PolicyError:
    words = {401: "authentication required", 403: "authorization failed", 404: "repository not found"}.get(status)
    if words:
        return PolicyError(f"{_FAILED}: {words}: {said.decode(errors='replace')}")
    text = f'unexpected client error: unexpected requesting "{url}" status code: {status}'
    return _RefusedError(f"{_FAILED}: {text}")


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if isinstance(error, LookupError) else str(error) or type(error).__name__


def _known(references: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    return {name: value for name, value in references.items() if value and value != _ZERO and not name.endswith(b"^{}")}


def _wanted(references: Mapping[bytes, bytes], revision: str) -> bytes:
    """The object that a revision names, by git's order of precedence."""
    if _COMMIT.fullmatch(revision):
        return revision.lower().encode()
    known = _known(references)
    if not known:
        raise PolicyError(f"{_FAILED}: remote repository is empty")
    name = (revision or "HEAD").encode(errors="surrogateescape")
    for candidate in (name, b"refs/" + name, b"refs/tags/" + name, b"refs/heads/" + name):
        if candidate in known:
            return known[candidate]
    raise PolicyError(f"{_FAILED}: reference not found")


def _commit(store: Objects, tip: bytes) -> tuple[bytes, bytes]:
    """The commit that a reference leads to, and its tree."""
    for _ in range(_MAX_TAGS):
        try:
            found = store[tip]
        except KeyError:
            break
        if found.kind == COMMIT:
            return tip, found.target
        if found.kind != TAG:
            break
        tip = found.target
    raise PolicyError("error resolving ref: reference not found")
