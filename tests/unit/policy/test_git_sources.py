from __future__ import annotations

import os
import shutil
import stat
import zlib
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo

from ec_acceptance.testbed.servers.certificates import Authority
from ec_acceptance.testbed.servers.git import GitServer, Repository
from ec_acceptance.testbed.servers.http import Request, Response, Server
from refimpl.errors import NotSupportedError, PolicyError
from refimpl.policy.sources import content, git
from refimpl.policy.sources.web import Web

if TYPE_CHECKING:
    from collections.abc import Iterator

REGO = b"package main\n"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def web(authority: Authority, tmp_path: Path) -> Iterator[Web]:
    web = Web({"SSL_CERT_FILE": str(authority.write(tmp_path / "ca.pem"))})
    yield web
    web.close()


@pytest.fixture
def server(authority: Authority) -> Iterator[GitServer]:
    with GitServer(tls=authority.server) as server:
        yield server


@pytest.fixture
def repository(server: GitServer) -> Repository:
    repository = Repository()
    repository.commit({"old.rego": REGO})
    repository.commit({"old.rego": None, "main.rego": REGO, "lib/deep/a.rego": b"deep"})
    server.add("p", repository)
    return repository


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    path = tmp_path / "destination"
    path.mkdir()
    return path


def listing(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def refusal(url: str, destination: Path, web: Web) -> str:
    with pytest.raises(PolicyError) as told:
        git.fetch(url, destination, web=web)
    return str(told.value)


class TestURL:
    @pytest.mark.parametrize(
        ("url", "address", "subdirectory", "revision"),
        [
            ("git::https://h/r", "https://h/r", "", ""),
            ("git::h:1/r.git//a/b?ref=x%2Fy&depth=1", "https://h:1/r.git", "a/b", "x/y"),
            ("git://h/r?ref=a&ref=b", "https://h/r", "", "a"),
            ("git::h/r?ref=y//z", "https://h/r", "z", "y"),
            ("git@h:o/r", "https://h/o/r", "", ""),
            ("git@github.com", "https://github.com/", "", ""),
            ("github.com/o/a b", "https://github.com/o/a%20b", "", ""),
            ("git::https://[::1]:1/x", "https://[::1]:1/x", "", ""),
            ("git::h/r///sub", "https://h/r", "/sub", ""),
        ],
    )
    def test_parts(self, url: str, address: str, subdirectory: str, revision: str) -> None:
        parts = git.GitURL.parse(url)
        assert (parts.address, parts.subdirectory, parts.revision) == (address, subdirectory, revision)
        assert not parts.local

    @pytest.mark.parametrize("url", ["git::/x/r", "git::file:///x/r", "git::file::/x/r", "git::https:///x/r"])
    def test_local_paths(self, url: str) -> None:
        parts = git.GitURL.parse(url)
        assert (parts.address, parts.local) == ("/x/r", True)

    @pytest.mark.parametrize(
        ("rest", "subdirectory", "revision", "place"),
        [
            ("r//my%20policy", "my policy", "", "h/r//my%20policy"),
            ("r//p%C3%B6licy?ref=v%2B1", "p\u00f6licy", "v+1", "h/r//p%C3%B6licy"),
            ("r//a%25b", "a%b", "", "h/r//a%25b"),
            ("r?ref=main//my data", "my data", "main", "h/r//my%20data"),
            ("r?ref=main//data&depth=1", "data", "main", "h/r//data"),
            ("r?depth=1//x&ref=main", "x", "main", "h/r//x"),
            ("r?ref=main&depth=1//x", "x", "main", "h/r//x"),
            ("r//path?ref=main//query", "path", "main", "h/r//path"),
            ("r?depth=1&ref=main", "", "main", "h/r"),
            ("r?depth=1", "", "", "h/r"),
            ("r//a//b/?ref=x", "a//b/", "x", "h/r//a//b/"),
        ],
    )
    def test_folders(self, rest: str, subdirectory: str, revision: str, place: str) -> None:
        parts = git.GitURL.parse(f"git::https://h/{rest}")
        assert (parts.subdirectory, parts.revision, parts.place) == (subdirectory, revision, place)
        # What is pinned means the same again.
        again = git.GitURL.parse(f"git::{place}?ref={'0' * 40}")
        assert (again.address, again.subdirectory, again.place) == (parts.address, subdirectory, place)

    def test_percent_signs_in_the_repository_and_the_password(self) -> None:
        parts = git.GitURL.parse("git::https://me:a%2Fb@h/my%20group/r%25")
        assert (parts.address, parts.user) == ("https://h/my%20group/r%25", "me:a/b")
        assert git.GitURL.parse("git::/my%20place/r").address == "/my place/r"

    @pytest.mark.parametrize("url", ["git::h/r//a%b", "git::h/r%", "git::/x%zz/r"])
    def test_percent_signs_that_encode_nothing(self, url: str) -> None:
        with pytest.raises(PolicyError, match="invalid URL escape"):
            git.GitURL.parse(url)

    @pytest.mark.parametrize("query", ["checksum=sha256:00", "ref=main&archive=false", "sshkey=x"])
    def test_options_of_other_programs_are_not_passed_over(self, query: str) -> None:
        option = query.rpartition("&")[2].partition("=")[0]
        with pytest.raises(PolicyError, match=f"{option} isn't supported, only ref and depth are"):
            git.GitURL.parse(f"git::https://h/r?{query}")

    def test_a_password_is_kept_apart(self) -> None:
        parts = git.GitURL.parse("git::https://me:p%40ss@h/r")
        assert (parts.address, parts.user) == ("https://h/r", "me:p@ss")

    def test_a_depth_must_be_a_number(self) -> None:
        with pytest.raises(PolicyError) as told:
            git.GitURL.parse("git::h/r?depth=x")
        assert str(told.value) == 'failed to parse depth: strconv.Atoi: parsing "x": invalid syntax'

    def test_ssh_isnt_supported(self) -> None:
        with pytest.raises(NotSupportedError, match="ssh is not supported"):
            git.GitURL.parse("git::git@h:o/r")


class TestOverHTTPS:
    def test_the_default_branch_is_written_and_pinned(
        self, server: GitServer, repository: Repository, destination: Path, web: Web
    ) -> None:
        pinned = git.fetch(f"git::{server.url}/git/p", destination, web=web)
        assert pinned == f"git::{server.address}/git/p?ref={repository.head}"
        assert listing(destination) == {"main.rego": REGO, "lib/deep/a.rego": b"deep"}

    def test_branches_tags_and_references(
        self, server: GitServer, repository: Repository, tmp_path: Path, web: Web
    ) -> None:
        repository.branch("dev/x")
        branch = repository.commit({"dev.rego": REGO}, branch="dev/x")
        repository.branch("v1")  # a tag of the same name counts more
        repository.commit({"never.rego": REGO}, branch="v1")
        repository.tag("v1")
        repository.tag("v2", branch, message="annotated")
        wanted = {
            "dev/x": branch,
            "heads/dev/x": branch,
            "refs/heads/dev/x": branch,
            "v1": repository.head,
            "refs/tags/v2": branch,
            "v2": branch,
            "HEAD": repository.head,
        }
        for number, (name, commit) in enumerate(wanted.items()):
            (tmp_path / f"{number}").mkdir()
            pinned = git.fetch(f"git::{server.url}/git/p.git?ref={name}&depth=1", tmp_path / f"{number}", web=web)
            assert pinned == f"git::{server.address}/git/p.git?ref={commit}"

    def test_a_commit_that_no_reference_names(
        self, server: GitServer, repository: Repository, destination: Path, web: Web
    ) -> None:
        first = repository.commit({"main.rego": b"first"})
        repository.commit({"main.rego": b"second"})
        pinned = git.fetch(f"git::{server.url}/git/p?ref={first.upper()}", destination, web=web)
        assert pinned.endswith(f"?ref={first}")
        assert listing(destination)["main.rego"] == b"first"

    def test_a_subdirectory(self, server: GitServer, repository: Repository, destination: Path, web: Web) -> None:
        pinned = git.fetch(f"git::{server.url}/git/p//lib/deep?ref=main", destination, web=web)
        assert pinned == f"git::{server.address}/git/p//lib/deep?ref={repository.head}"
        assert listing(destination) == {"a.rego": b"deep"}

    def test_one_revision_needs_two_requests(
        self, server: GitServer, repository: Repository, destination: Path, web: Web
    ) -> None:
        assert repository.head
        git.fetch(f"git::{server.url}/git/p", destination, web=web)
        assert [asked.method for asked in server.request_log.requests] == ["GET", "POST"]

    @pytest.mark.parametrize(
        ("rest", "error"),
        [
            ("p?ref=nope", "error cloning repository: reference not found"),
            ("p?ref=origin/main", "error cloning repository: reference not found"),
            (f"p?ref={'0123' * 10}", "error resolving ref: reference not found"),
            ("p//nope", "path nope does not exist in the repository"),
            ("p//lib/../lib", "path lib/../lib does not exist in the repository"),
            ("p//.git", "path .git does not exist in the repository"),
            ("p//main.rego", 'error copying directory: source "main.rego" is not a directory'),
            ("p?foo=bar", "error cloning repository: repository not found"),
            ("empty", "error cloning repository: remote repository is empty"),
        ],
    )
    def test_what_isnt_there_is_told(
        self, server: GitServer, repository: Repository, destination: Path, web: Web, rest: str, error: str
    ) -> None:
        assert repository.head
        server.add("empty", Repository())
        assert refusal(f"git::{server.url}/git/{rest}", destination, web) == error
        assert listing(destination) == {}

    def test_a_tree_is_no_revision(
        self, server: GitServer, repository: Repository, destination: Path, web: Web
    ) -> None:
        commit = repository.stored[repository.head.encode()]
        assert isinstance(commit, Commit)
        told = refusal(f"git::{server.url}/git/p?ref={commit.tree.decode()}", destination, web)
        assert told == "error resolving ref: reference not found"

    def test_an_unknown_authority_is_told_unless_it_is_not_to_be_checked(
        self, server: GitServer, repository: Repository, destination: Path, tmp_path: Path
    ) -> None:
        url = f"git::{server.url}/git/p"
        strange = {"SSL_CERT_FILE": str(Authority().write(tmp_path / "other.pem"))}
        assert refusal(url, destination, Web(strange)) == (
            f'error cloning repository: Get "{server.url}/git/p.git/info/refs?service=git-upload-pack": '
            "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        )
        web = Web({**strange, "GIT_SSL_NO_VERIFY": "true"})
        assert git.fetch(url, destination, web=web).endswith(repository.head)
        web.close()

    def test_a_refused_connection_is_told_without_the_password(self, destination: Path, web: Web) -> None:
        assert refusal("git::https://me:pw@127.0.0.1:1/x", destination, web) == (
            'error cloning repository: Get "https://me:***@127.0.0.1:1/x.git/info/refs?service=git-upload-pack": '
            "dial tcp 127.0.0.1:1: connect: connection refused"
        )


ADVERTISEMENT = (("Content-Type", "application/x-git-upload-pack-advertisement"),)


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (Response(404, (), b""), "repository not found: "),
        (Response(404, (), b"gone\n"), "repository not found: gone\n"),
        (Response(401, (), b""), "authentication required: "),
        (Response(403, (), b"no"), "authorization failed: no"),
        (
            Response(500, (), b"no"),
            'unexpected client error: unexpected requesting "{url}/x.git/info/refs?service=git-upload-pack" {code}',
        ),
        (Response(200, (("Content-Type", "text/html"),), b"<html>"), "invalid pkt-len found"),
        (Response(200, (), b""), "empty input"),
    ],
)
def test_what_a_server_answers_is_told(
    authority: Authority, web: Web, destination: Path, response: Response, error: str
) -> None:
    server = Server(lambda _: response, tls=authority.server)
    try:
        told = refusal(f"git::{server.url}/x", destination, web)
    finally:
        server.close()
    assert told == "error cloning repository: " + error.format(url=server.url, code="status code: 500")


@pytest.mark.parametrize("body", [b"", b"zzzz", b"001e# service=git-upload-pack\n0000", b"ffff", b"0000" * 3])
def test_nonsense_is_told_in_one_line(authority: Authority, web: Web, destination: Path, body: bytes) -> None:
    server = Server(lambda _: Response(200, ADVERTISEMENT, body), tls=authority.server)
    try:
        told = refusal(f"git::{server.url}/x", destination, web)
    finally:
        server.close()
    assert told.startswith("error cloning repository: ")
    assert "\n" not in told


def test_redirects_are_followed_but_not_to_plain_http(
    authority: Authority, server: GitServer, repository: Repository, web: Web, destination: Path
) -> None:
    plain = Server(lambda _: Response(200, ADVERTISEMENT, b""))
    target = server.url

    def redirect(request: Request) -> Response:
        return Response(302, (("Location", f"{target}{request.path}?{request.raw_query}"),))

    front = Server(redirect, tls=authority.server)
    try:
        assert git.fetch(f"git::{front.url}/git/p", destination, web=web).endswith(repository.head)
        target = plain.url
        assert "insecure" in refusal(f"git::{front.url}/git/p", destination, web)
    finally:
        front.close()
        plain.close()


def loose(stored: Repo, kind: bytes, data: bytes) -> ObjectID:
    """An object of the repository, whatever is in it."""
    raw = kind + b" %d\0" % len(data) + data
    name = sha1(raw, usedforsecurity=False).hexdigest()
    place = Path(stored.controldir(), "objects", name[:2], name[2:])
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(zlib.compress(raw))
    return ObjectID(name.encode())


def test_an_answer_without_end_is_not_read_to_the_last(
    server: GitServer, repository: Repository, web: Web, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"git::{server.url}/git/p"
    assert repository.head
    with monkeypatch.context() as few:
        few.setattr(git, "_MAX_ADVERTISED", 100)
        assert "the server's answer doesn't end" in refusal(url, destination, web)
    monkeypatch.setattr(content, "MAX_BYTES", 100)
    assert "the server's answer doesn't end" in refusal(url, destination, web)


class TestLocal:
    @pytest.fixture
    def stored(self, tmp_path: Path) -> Repo:
        (tmp_path / "r.git").mkdir()
        return Repo.init_bare(str(tmp_path / "r.git"))

    @staticmethod
    def fill(stored: Repo, files: dict[str, tuple[int, bytes]]) -> str:
        tree = Tree()
        for name, (mode, data) in files.items():
            if stat.S_ISDIR(mode):
                inner, blob = Tree(), Blob.from_string(data)
                inner.add(b"a.rego", 0o100644, blob.id)
                stored.object_store.add_object(blob)
                stored.object_store.add_object(inner)
                tree.add(name.encode(), mode, inner.id)
            else:
                blob = Blob.from_string(data)
                stored.object_store.add_object(blob)
                tree.add(name.encode(), mode, blob.id)
        stored.object_store.add_object(tree)
        return TestLocal.commit(stored, tree.id)

    @staticmethod
    def commit(stored: Repo, tree: ObjectID) -> str:
        commit = Commit()
        commit.tree, commit.message = tree, b"x"
        commit.author = commit.committer = b"a <b>"
        commit.author_time = commit.commit_time = commit.author_timezone = commit.commit_timezone = 0
        stored.object_store.add_object(commit)
        stored.refs[Ref(b"refs/heads/master")] = commit.id
        stored.refs[Ref(b"HEAD")] = commit.id
        return commit.id.decode()

    def test_a_path_is_read_directly_with_or_without_git(
        self, stored: Repo, tmp_path: Path, destination: Path, web: Web
    ) -> None:
        commit = self.fill(stored, {"main.rego": (0o100644, REGO), "d": (0o40000, b"in d"), "sub": (0o160000, b"")})
        assert git.fetch(f"git::{tmp_path}/r", destination, web=web) == f"git::{tmp_path}/r?ref={commit}"
        assert listing(destination) == {"main.rego": REGO, "d/a.rego": b"in d"}

    def test_links_inside_are_followed(self, stored: Repo, tmp_path: Path, destination: Path, web: Web) -> None:
        link = 0o120000
        self.fill(
            stored,
            {
                "d": (0o40000, b"in d"),
                "one.rego": (link, b"two.rego"),
                "two.rego": (link, b"./e/a.rego"),
                "e": (link, b"d"),
                "x.rego": (link, b"d"),
            },
        )
        git.fetch(f"git::{tmp_path}/r", destination, web=web)
        assert listing(destination) == {"d/a.rego": b"in d", "one.rego": b"in d", "two.rego": b"in d"}
        assert not any(path.is_symlink() for path in destination.rglob("*"))

    def test_a_linked_subdirectory_is_followed(self, stored: Repo, tmp_path: Path, destination: Path, web: Web) -> None:
        commit = self.fill(stored, {"d": (0o40000, b"in d"), "e": (0o120000, b"d")})
        assert git.fetch(f"git::{tmp_path}/r//e", destination, web=web) == f"git::{tmp_path}/r//e?ref={commit}"
        assert listing(destination) == {"a.rego": b"in d"}

    @pytest.mark.parametrize("target", [b"/etc/passwd", b"../outside", b"nowhere", b"self.rego"])
    def test_links_that_lead_nowhere_are_left_out_or_refused(
        self, stored: Repo, tmp_path: Path, destination: Path, web: Web, target: bytes
    ) -> None:
        (tmp_path / "outside").write_text("secret")
        self.fill(stored, {"readme": (0o120000, target), "main.rego": (0o100644, REGO)})
        git.fetch(f"git::{tmp_path}/r", destination, web=web)
        assert listing(destination) == {"main.rego": REGO}
        self.fill(stored, {"self.rego": (0o120000, target)})
        told = refusal(f"git::{tmp_path}/r.git", destination, web)
        assert told == ("error cloning repository: the symbolic link self.rego leads to no file of the repository")

    @pytest.mark.parametrize("name", ["..", ".", ".git", ".GIT", ".Git"])
    @pytest.mark.parametrize("mode", [0o100644, 0o120000, 0o160000])
    def test_names_that_lead_elsewhere_are_refused(
        self, stored: Repo, tmp_path: Path, destination: Path, web: Web, name: str, mode: int
    ) -> None:
        self.fill(stored, {name: (mode, REGO)})
        assert f"invalid path {name}" in refusal(f"git::{tmp_path}/r", destination, web)

    @pytest.mark.parametrize("second", [b"100644 main.rego", b"40000 main.rego", b"120000 main.rego"])
    def test_a_name_twice_is_refused(
        self, stored: Repo, tmp_path: Path, destination: Path, web: Web, second: bytes
    ) -> None:
        blob = Blob.from_string(REGO)
        stored.object_store.add_object(blob)
        named = blob.sha().digest()
        self.commit(stored, loose(stored, b"tree", b"100644 main.rego\0" + named + second + b"\0" + named))
        assert "main.rego is there twice" in refusal(f"git::{tmp_path}/r", destination, web)

    @pytest.mark.parametrize(
        ("entry", "error"),
        [
            (b"100644 ", "invalid path"),
            (b"100644 a/b", "invalid path a/b"),
            (b"0 main.rego", "malformed mode (0) of main.rego"),
            (b"20000 main.rego", "malformed mode (20000) of main.rego"),
            (b"170000 main.rego", "malformed mode (170000) of main.rego"),
            (b"99 main.rego", "error cloning repository: "),
            (b"main.rego", "error cloning repository: "),
        ],
    )
    def test_entries_that_are_none(
        self, stored: Repo, tmp_path: Path, destination: Path, web: Web, entry: bytes, error: str
    ) -> None:
        blob = Blob.from_string(REGO)
        stored.object_store.add_object(blob)
        self.commit(stored, loose(stored, b"tree", entry + b"\0" + blob.sha().digest()))
        assert error in refusal(f"git::{tmp_path}/r", destination, web)

    def test_a_tree_that_breaks_off(self, stored: Repo, tmp_path: Path, destination: Path, web: Web) -> None:
        blob = Blob.from_string(REGO)
        stored.object_store.add_object(blob)
        whole = b"100644 a.rego\0" + blob.sha().digest() + b"100644 b.rego\0" + blob.sha().digest()
        for cut in range(1, len(whole)):
            if cut == len(whole) // 2:
                continue  # another tree, and another commit
            self.commit(stored, loose(stored, b"tree", whole[:cut]))
            told = refusal(f"git::{tmp_path}/r", destination, web)
            assert told.startswith("error cloning repository: ")
            assert "\n" not in told
            shutil.rmtree(destination)
            destination.mkdir()

    def test_directories_that_multiply_have_a_limit(
        self, stored: Repo, tmp_path: Path, destination: Path, web: Web, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Ten trees of ten entries each: 10,000,000,000 directories in a few hundred bytes."""
        monkeypatch.setattr(content, "MAX_FILES", 300)
        for kind in (0o40000, 0o120000, 0o160000):
            inner = Tree()
            named = Blob.from_string(b"x").id if kind == 0o120000 else inner.id
            for obj in (inner, Blob.from_string(b"x")):
                stored.object_store.add_object(obj)
            for level in range(10):
                outer = Tree()
                for number in range(10):
                    outer.add(str(number).encode(), kind if level == 0 else 0o40000, named if level == 0 else inner.id)
                stored.object_store.add_object(outer)
                inner = outer
            self.commit(stored, inner.id)
            assert "holds more than 300 files" in refusal(f"git::{tmp_path}/r", destination, web)
            shutil.rmtree(destination)
            destination.mkdir()

    def test_a_damaged_object_is_told(self, stored: Repo, tmp_path: Path, destination: Path, web: Web) -> None:
        self.fill(stored, {"main.rego": (0o100644, REGO)})
        name = Blob.from_string(REGO).id.decode()
        place = tmp_path / "r.git" / "objects" / name[:2] / name[2:]
        place.chmod(0o600)
        for data in (zlib.compress(b"blob 14\0package other\n"), b"", place.read_bytes()[:-9]):
            place.write_bytes(data)
            told = refusal(f"git::{tmp_path}/r", destination, web)
            assert told.startswith("error cloning repository: ")
            shutil.rmtree(destination)
            destination.mkdir()

    @pytest.mark.skipif(os.name == "nt", reason="there they separate directories and name drives")
    @pytest.mark.parametrize("name", ["a\\..\\..\\b.rego", "c:\\d.rego", "a:b.md", ".gitignore", "..."])
    def test_names_that_only_look_so_are_names(
        self, stored: Repo, tmp_path: Path, destination: Path, web: Web, name: str
    ) -> None:
        self.fill(stored, {name: (0o100644, REGO)})
        git.fetch(f"git::{tmp_path}/r", destination, web=web)
        assert listing(destination) == {name: REGO}

    @pytest.mark.parametrize("path", ["/nonexistent", "./here", "~/r"])
    def test_what_is_no_repository_is_told(self, destination: Path, web: Web, path: str) -> None:
        assert refusal(f"git::{path}", destination, web) == "error cloning repository: repository not found"


def test_a_redirect_of_the_advertisement_takes_no_password_along(
    authority: Authority, server: GitServer, repository: Repository, destination: Path, web: Web
) -> None:
    def elsewhere(request: Request) -> Response:
        query = f"?{request.raw_query}" if request.raw_query else ""
        return Response(302, (("Location", f"{server.url}{request.path}{query}"),))

    del repository
    with Server(elsewhere, tls=authority.server) as first:
        git.fetch(f"git::https://me:secret@{first.address}/git/p", destination, web=web)
    assert (destination / "main.rego").is_file()
    assert {one.method for one in server.request_log.requests} == {"GET", "POST"}
    assert not [one for one in server.request_log.requests if "Authorization" in one.headers]
