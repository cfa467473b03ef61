"""Git repositories as sources, over https or from a local path (specification 11 §4.3)."""

from __future__ import annotations

import base64
import contextlib
import io
import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self, cast
from urllib.parse import parse_qsl, quote, unquote

from dulwich.objects import ObjectID

from refimpl.errors import Error, NotSupportedError, PolicyError, RegistryError
from refimpl.golang.url import unescape
from refimpl.http import codes
from refimpl.http.transport import address_of
from refimpl.policy.sources import content
from refimpl.policy.sources.checkout import Objects, commit_of, write_tree
from refimpl.policy.sources.kinds import without_prefixes
from refimpl.policy.sources.pack import unpack
from refimpl.policy.sources.upload_pack import FAILED, RefusedError, discover, fetch_pack
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from refimpl.http.transport import Response
    from refimpl.policy.sources.web import Web

_COMMIT = re.compile(r"[0-9a-fA-F]{40}")
_ZERO = b"0" * 40
#: Options of sources that other programs know; leaving out the first would leave out what it asks to be checked.
_OTHERS_OPTIONS = frozenset({"checksum", "archive", "filename", "sshkey"})
_IN_MEMORY = 1 << 22
_MAX_SAID = 1 << 14
_MAX_ADVERTISED = 1 << 26
_CHUNK = 1 << 16
# Some servers answer only what calls itself git.
_HEADERS = {"User-Agent": "git/ec-ref", "Pragma": "no-cache"}


@record
class GitURL:
    """The parts of a source URL.

    Attributes:
        address: of the repository: an https URL without ``.git`` and user, or a local path.
        local: whether it is a path.
        user: ``user:password`` for the server, decoded; empty when there is none.
        subdirectory: of the repository, decoded; empty for all of it.
        revision: branch, tag, ``refs/…`` or commit; empty for the default branch.
        place: what of the URL names the repository and its subdirectory, without the revision.
    """

    address: str
    local: bool
    user: str
    subdirectory: str
    revision: str
    place: str

    @classmethod
    def parse(cls, url: str) -> GitURL:
        """Take a URL apart.

        Raises:
            PolicyError: unusable.
            NotSupportedError: only reachable by ssh.
        """
        if url.startswith("git@"):
            text = url.removeprefix("git@").replace(":", "/", 1)
        else:
            text = without_prefixes(url, "git::", "git://", "https://")
        place, _, query = text.partition("?")
        options = dict(reversed(parse_qsl(query, keep_blank_values=True, errors="surrogateescape")))  # the first counts
        revision, _, behind_revision = options.pop("ref", "").partition("//")
        depth, _, behind_depth = options.pop("depth", "").partition("//")
        if depth and not re.fullmatch(r"[+-]?[0-9]+", depth):
            raise PolicyError(f'failed to parse depth: strconv.Atoi: parsing "{depth}": invalid syntax')
        if options or "#" in text:
            # `ec` asks for such as a part of the repository's name, which nobody serves.
            foreign = ", ".join(sorted(_OTHERS_OPTIONS.intersection(options)))
            hint = f": {foreign} isn't supported, only ref and depth are" if foreign else ""
            raise PolicyError(f"{FAILED}: repository not found{hint}")
        path = without_prefixes(place, "file://", "file::")
        local = path.startswith(("./", "../", "/", "~/"))
        authority, slash, path = ("", "", path) if local else path.partition("/")
        repository, folded, subdirectory = _decode(slash + path).partition("//")
        if folded and not repository:
            raise PolicyError(f"{FAILED}: repository not found")
        if not folded and (subdirectory := behind_depth or behind_revision):
            place += "//" + _quote(subdirectory)
        if local:
            return cls(repository, local=True, user="", subdirectory=subdirectory, revision=revision, place=place)
        user, _, host = authority.rpartition("@")
        if not host:
            raise PolicyError(f"{FAILED}: no host in {url}")
        if not re.fullmatch(r"\[[0-9a-fA-F:.]+\](:[0-9]*)?|[^:\s]+(:[0-9]*)?", host):
            raise NotSupportedError(f"{FAILED}: {url} is no https address, and ssh is not supported")
        return cls(
            f"https://{host}{_quote(repository) or '/'}",
            local=False,
            user=unquote(user),
            subdirectory=subdirectory,
            revision=revision,
            place=place,
        )


def _quote(path: str) -> str:
    return quote(path, safe="/~:@!$&()*+,;=", errors="surrogateescape")


def _decode(path: str) -> str:
    try:
        return unescape(path)
    except ValueError as error:
        raise PolicyError(f"failed to process URL: failed to parse URL: {error}") from None


def fetch(url: str, destination: Path, *, web: Web) -> str:
    """Write a revision's files; the pinned URL is the answer.

    Only that revision is transferred. Of symbolic links those that lead to files of the repository are followed.

    Raises:
        PolicyError: the repository, the revision or the subdirectory isn't there or cannot be had.
    """
    parts = GitURL.parse(url)
    try:
        store, tip = _local(parts) if parts.local else _remote(parts, web)
        commit = commit_of(store, tip)
        write_tree(store, commit.tree, parts.subdirectory, destination, name=url)
    except RegistryError as error:
        raise PolicyError(f"{FAILED}: {error}") from None
    except (Error, OSError):
        raise
    except Exception as error:  # noqa: BLE001  # whatever dulwich makes of damaged objects
        raise PolicyError(f"{FAILED}: {_words(error)}") from None
    return f"git::{parts.place}?ref={commit.id.decode()}"


def _local(parts: GitURL) -> tuple[Objects, ObjectID]:
    from dulwich.errors import NotGitRepository
    from dulwich.repo import Repo

    missing = PolicyError(f"{FAILED}: repository not found")
    if not Path(parts.address).is_absolute():  # such never worked: nothing says what it would be relative to
        raise missing
    for address in (parts.address, f"{parts.address}.git"):  # as git-upload-pack looks for it
        with contextlib.suppress(NotGitRepository, OSError, ValueError):
            repository = Repo(address)
            break
    else:
        raise missing
    return repository.object_store, _resolve(repository.get_refs(), parts.revision)


def _remote(parts: GitURL, web: Web) -> tuple[Objects, ObjectID]:
    """The revision's objects alone; all history where the server doesn't give a commit by its name."""
    address = parts.address if parts.address.endswith(".git") else parts.address + ".git"
    server = _Server(address, web, parts.user)
    if not _COMMIT.fullmatch(parts.revision):
        return server.objects(lambda references: [_resolve(references, parts.revision)])
    commit = cast("ObjectID", parts.revision.lower().encode())
    with contextlib.suppress(RefusedError):
        return server.objects(lambda _: [commit], version=2)[0], commit  # version 2 gives all that it has
    store, _ = server.objects(lambda references: sorted(set(_by_name(references).values())), whole=True)
    return store, commit


class _Server:
    """A repository on a server, asked over our connections, with the contract's texts for what it answers (26 §5)."""

    def __init__(self, address: str, web: Web, user: str) -> None:
        self._address = address
        self._web = web
        self._origin = address_of(address)
        self._authorization = self._shown_user = ""
        if user:
            name, colon, _ = user.partition(":")
            self._shown_user = f"{name}:***@" if colon else f"{name}@"
            pair = user if colon else f"{user}:"
            self._authorization = "Basic " + base64.b64encode(pair.encode()).decode("ascii")

    def objects(
        self, choose: Callable[[Mapping[bytes, bytes]], list[bytes]], *, version: int = 0, whole: bool = False
    ) -> tuple[Objects, ObjectID]:
        """Fetch what is chosen of the advertised references, without history unless `whole`; and the first choice."""
        advertised = discover(self._address, self._ask, version=version)
        chosen = choose(advertised.references)
        if not chosen:
            raise PolicyError(f"{FAILED}: remote repository is empty")
        with _Incoming() as incoming:
            fetch_pack(advertised, chosen, self._ask, incoming.write, whole=whole)
            return unpack(incoming.file, limit=content.MAX_BYTES), ObjectID(chosen[0])

    def _ask(self, url: str, headers: Mapping[str, str], body: bytes | None) -> _Answer:
        try:
            response = self._web.exchange(
                "GET" if body is None else "POST",
                url,
                {**_HEADERS, **headers},
                authorization=self._authorization if address_of(url) == self._origin else "",  # a redirect leads on
                body=body,
                verify=not self._web.unverified_git,
            )
        except RegistryError as error:
            said = str(error).replace("https://", f"https://{self._shown_user}", 1)
            raise PolicyError(f"{FAILED}: {said}") from None
        answer = _Answer(response, _MAX_ADVERTISED if body is None else content.MAX_BYTES)
        if response.status != codes.OK:
            with response:
                said = response.without_credentials(answer.read(_MAX_SAID).decode(errors="replace"))
                raise _status_error(response.status, said, url)
        return answer


class _Answer:
    def __init__(self, response: Response, limit: int) -> None:
        self._response = response
        self._left = limit
        self.url = response.url
        self.content_type = response.header("Content-Type")

    def read(self, size: int, /) -> bytes:
        """As many bytes as asked for, fewer only at the end."""
        parts: list[bytes] = []
        while size:
            data = self._response.read(size)
            if not data:
                break
            self._left -= len(data)
            if self._left < 0:
                raise PolicyError(f"{FAILED}: the server's answer doesn't end")
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def close(self) -> None:
        self._response.drain()


class _Incoming:
    """A pack on its way, in memory or, when it is large, in a temporary file.

    As `tempfile.SpooledTemporaryFile`, without what comes with that: 3 ms of each run, and few packs are large.
    """

    def __init__(self) -> None:
        self.file: IO[bytes] = io.BytesIO()

    def write(self, data: bytes) -> int:
        if isinstance(self.file, io.BytesIO) and self.file.tell() + len(data) > _IN_MEMORY:
            import tempfile

            held, self.file = self.file, tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
            self.file.write(held.getbuffer())
        return self.file.write(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()


def _status_error(status: int, said: str, url: str) -> PolicyError:
    words = {401: "authentication required", 403: "authorization failed", 404: "repository not found"}.get(status)
    if words:
        return PolicyError(f"{FAILED}: {words}: {said}")
    text = f'unexpected client error: unexpected requesting "{url}" status code: {status}'
    return RefusedError(text)


def _words(error: Exception) -> str:
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words}" if isinstance(error, LookupError) else words or type(error).__name__


def _by_name(references: Mapping[Any, Any]) -> dict[bytes, ObjectID]:
    return {name: value for name, value in references.items() if value and value != _ZERO and not name.endswith(b"^{}")}


def _resolve(references: Mapping[Any, Any], revision: str) -> ObjectID:
    """The object that a revision names, by git's order of precedence."""
    if _COMMIT.fullmatch(revision):
        return cast("ObjectID", revision.lower().encode())
    known = _by_name(references)
    if not known:
        raise PolicyError(f"{FAILED}: remote repository is empty")
    name = (revision or "HEAD").encode(errors="surrogateescape")
    for candidate in (name, b"refs/" + name, b"refs/tags/" + name, b"refs/heads/" + name):
        if candidate in known:
            return known[candidate]
    raise PolicyError(f"{FAILED}: reference not found")
