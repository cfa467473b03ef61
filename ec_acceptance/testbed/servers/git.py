"""Git repositories made in memory and served over smart HTTP, to be cloned only.

Source: git's http-protocol and protocol-capabilities documents; specification 30 §11.
"""

from __future__ import annotations

import gzip
import io
import threading
from typing import TYPE_CHECKING, cast

from dulwich.errors import GitProtocolError, ObjectFormatException, RefFormatError
from dulwich.index import commit_tree
from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tag
from dulwich.protocol import ReceivableProtocol
from dulwich.refs import HEADREF, Ref
from dulwich.repo import MemoryRepo
from dulwich.server import Backend, UploadPackHandler

from ec_acceptance.testbed.servers.closing import Closing
from ec_acceptance.testbed.servers.http import Response, Server
from ec_acceptance.testbed.servers.request_log import RequestLog

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Mapping

    from dulwich.server import BackendRepo

    from ec_acceptance.testbed.servers.http import Request, Wire

__all__ = ["GitServer", "Repository"]

_SERVICE = "git-upload-pack"
_AUTHOR = b"Acceptance <acceptance@example.com>"
_FIRST_COMMIT = 1704103200  # 2024-01-01T10:00:00Z
_FILE_MODE = 0o100644


class Repository:
    """A bare repository in memory. Equal contents in equal order give equal commits, everywhere and always."""

    def __init__(self, *, default_branch: str = "main") -> None:
        self.stored = MemoryRepo()
        self.default_branch = default_branch
        self._files: dict[str, dict[str, bytes]] = {}
        self._when = _FIRST_COMMIT
        self.stored.refs.set_symbolic_ref(HEADREF, _branch(default_branch))

    @classmethod
    def restore(
        cls, default_branch: str, objects: Iterable[tuple[int, bytes]], refs: Mapping[bytes, bytes]
    ) -> Repository:
        """One with these objects, each with its type's number in packs, and these references.

        Raises:
            ValueError: an object is none, or a name of a reference can't be.
        """
        repository = cls(default_branch=default_branch)
        try:
            for kind, content in objects:
                repository.stored.object_store.add_object(ShaFile.from_raw_string(kind, content))
            for ref, target in refs.items():
                repository.stored.refs[Ref(ref)] = ObjectID(target)
        except (KeyError, ObjectFormatException, RefFormatError, AssertionError) as error:
            raise ValueError(f"a git repository can't be as it was: {error!r}") from None
        return repository

    @property
    def head(self) -> str:
        """The newest commit of the default branch.

        Raises:
            KeyError: there is none yet.
        """
        return self.resolve(self.default_branch)

    def resolve(self, branch: str) -> str:
        """The newest commit of a branch, 40 hex digits.

        Raises:
            KeyError: no such branch.
        """
        return self.stored.refs[_branch(branch)].decode()

    def commit(
        self, files: Mapping[str, bytes | None], *, branch: str | None = None, message: str = "Change policies"
    ) -> str:
        """Change files by their paths on a branch (None removes one); the commit's 40 hex digits are the answer.

        A branch that isn't there yet begins without history.
        """
        name = self.default_branch if branch is None else branch
        content = self._files.setdefault(name, {})
        for path, data in files.items():
            if data is None:
                del content[path]
            else:
                content[path] = data
        store = self.stored.object_store
        blobs = []
        for path, data in sorted(content.items()):
            blob = Blob.from_string(data)
            store.add_object(blob)
            blobs.append((path.encode(), blob.id, _FILE_MODE))
        commit = Commit()
        commit.tree = commit_tree(store, blobs)
        ref = _branch(name)
        commit.parents = [self.stored.refs[ref]] if ref in self.stored.refs else []
        commit.author = commit.committer = _AUTHOR
        commit.author_time = commit.commit_time = self._when
        commit.author_timezone = commit.commit_timezone = 0
        commit.encoding = b"UTF-8"
        commit.message = message.encode() + b"\n"
        store.add_object(commit)
        self.stored.refs[ref] = commit.id
        self._when += 60
        return commit.id.decode()

    def branch(self, name: str, *, start: str | None = None) -> None:
        """Make a branch at the newest commit of another one (the default branch)."""
        source = self.default_branch if start is None else start
        self.stored.refs[_branch(name)] = self.stored.refs[_branch(source)]
        self._files[name] = dict(self._files[source])

    def tag(self, name: str, commit: str | None = None, *, message: str | None = None) -> None:
        """Tag a commit (the newest of the default branch); with a message the tag is an annotated one."""
        target = ObjectID((self.head if commit is None else commit).encode())
        if message is not None:
            tag = Tag()
            tag.name, tag.message, tag.tagger = name.encode(), message.encode() + b"\n", _AUTHOR
            tag.tag_time, tag.tag_timezone = self._when, 0
            tag.object = (Commit, target)
            self.stored.object_store.add_object(tag)
            target = tag.id
        self.stored.refs[Ref(b"refs/tags/" + name.encode())] = target


class GitServer(Closing):
    """Serves repositories under `/git/<name>`, with and without `.git`, over https with `tls`, else over http."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.request_log = RequestLog()
        self._repositories: dict[str, Repository] = {}
        self._files: dict[str, bytes] = {}
        self._cuts: dict[str, int] = {}
        self._lock = threading.Lock()
        self._server = Server(self.request_log.record(self._answer), tls=tls, port=port, name="git")
        self.url = self._server.url
        self.address = self._server.address

    def add(self, name: str, repository: Repository) -> None:
        """Serve a repository under this name."""
        with self._lock:
            self._repositories[name] = repository

    def repository(self, name: str) -> Repository:
        """The repository that is served under this name.

        Raises:
            KeyError: there is none.
        """
        with self._lock:
            return self._repositories[name]

    def serve(self, name: str, content: bytes) -> None:
        """Serve a file under `/files/<name>`, as forges serve archives and raw files."""
        with self._lock:
            self._files[f"/files/{name}"] = content

    def serve_cut(self, name: str, content: bytes, at: int) -> None:
        """Serve a file whose bytes end early, `at` so many, short of the announced length."""
        with self._lock:
            self._cuts[f"/files/{name}"] = at
        self.serve(name, content)

    @property
    def repositories(self) -> dict[str, Repository]:
        """Those that are served, by name."""
        with self._lock:
            return dict(self._repositories)

    @property
    def files(self) -> dict[str, tuple[bytes, int | None]]:
        """The files that are served, by name, each with the place at which it ends early, if it does."""
        with self._lock:
            return {
                path.removeprefix("/files/"): (content, self._cuts.get(path)) for path, content in self._files.items()
            }

    def url_of(self, name: str) -> str:
        """Where to clone a repository from."""
        return f"{self.url}/git/{name}.git"

    def close(self) -> None:
        """Stop serving."""
        self._server.close()

    def _answer(self, request: Request) -> Response:
        for suffix, method in (("/info/refs", "GET"), (f"/{_SERVICE}", "POST")):
            if request.method == method and request.path.endswith(suffix):
                name = request.path.removesuffix(suffix).removeprefix("/git/").removesuffix(".git")
                with self._lock:
                    repository = self._repositories.get(name)
                if repository is not None:
                    return self._serve(repository, request, advertise=method == "GET")
        with self._lock:
            content, cut = self._files.get(request.path), self._cuts.get(request.path)
        if content is not None and cut is not None:
            return Response(200, writer=_cut(content, cut))
        if content is not None and request.method in {"GET", "HEAD"}:
            return Response(200, (("Content-Type", "application/octet-stream"),), content)
        return _text(404, "Repository not found.\n")

    @staticmethod
    def _serve(repository: Repository, request: Request, *, advertise: bool) -> Response:
        if advertise and request.query.get("service") != _SERVICE:
            return _text(403, "Only smart clients, and only cloning.\n")
        if not advertise and request.headers.get("Content-Type") != f"application/x-{_SERVICE}-request":
            return _text(415, "Not a request for a pack.\n")
        zipped = request.headers.get("Content-Encoding") == "gzip"
        asked = io.BytesIO(gzip.decompress(request.body) if zipped else request.body)
        answer = io.BytesIO()
        protocol = ReceivableProtocol(asked.read, answer.write)
        if advertise:
            protocol.write_pkt_line(f"# service={_SERVICE}\n".encode())
            protocol.write_pkt_line(None)
        handler = _UploadPack(_One(repository), [""], protocol, stateless_rpc=True, advertise_refs=advertise)
        try:
            handler.handle()
        except GitProtocolError as error:
            return _text(400, f"{error}\n")
        kind = f"application/x-{_SERVICE}-{'advertisement' if advertise else 'result'}"
        return Response(200, (("Content-Type", kind), ("Cache-Control", "no-cache")), answer.getvalue())


class _One(Backend):
    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def open_repository(self, path: str) -> BackendRepo:
        del path
        return cast("BackendRepo", self._repository.stored)  # it is one; only the declared types differ


class _UploadPack(UploadPackHandler):
    @classmethod
    def required_capabilities(cls) -> tuple[bytes, ...]:
        """Nothing: go-git has no thin packs, and a clone doesn't need them."""
        return ()


def _cut(content: bytes, at: int) -> Callable[[Wire], None]:
    def write(wire: Wire) -> None:
        wire.head(200, (("Content-Type", "application/octet-stream"), ("Content-Length", str(len(content)))))
        wire.write(content[:at])
        wire.close()

    return write


def _branch(name: str) -> Ref:
    return Ref(b"refs/heads/" + name.encode())


def _text(status: int, text: str) -> Response:
    return Response(status, (("Content-Type", "text/plain; charset=utf-8"),), text.encode())
