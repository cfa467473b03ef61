from __future__ import annotations

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests
from dulwich.client import HttpGitClient
from dulwich.config import ConfigDict
from dulwich.object_store import iter_tree_contents
from dulwich.objects import Commit, ObjectID, Tag
from dulwich.repo import MemoryRepo
from sessions import Session, ask

from ec_acceptance.testbed.servers.certificates import Authority
from ec_acceptance.testbed.servers.git import GitServer, Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FILES = {"main.rego": b"package main\n", "lib/deep/more.rego": b"package lib\n"}


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def server(authority: Authority) -> Iterator[GitServer]:
    with GitServer(tls=authority.server) as running:
        yield running


@pytest.fixture
def clients(server: GitServer, authority: Authority, tmp_path: Path) -> Callable[[], HttpGitClient]:
    config = ConfigDict()
    config.set(b"http", b"sslCAInfo", str(authority.write(tmp_path / "ca.pem")).encode())
    return lambda: HttpGitClient(f"{server.url}/git/", config=config)


@pytest.fixture
def client(clients: Callable[[], HttpGitClient]) -> HttpGitClient:
    return clients()


def cloned(client: HttpGitClient, path: str, depth: int | None = None) -> tuple[dict[bytes, bytes], MemoryRepo]:
    target = MemoryRepo()
    result = client.fetch(path.encode(), target, depth=depth)
    assert all(value is not None for value in result.refs.values())
    return {name: value for name, value in result.refs.items() if value is not None}, target


def content(repo: MemoryRepo, commit: str) -> dict[str, bytes]:
    store = repo.object_store
    found = store[ObjectID(commit.encode())]
    assert isinstance(found, Commit)
    return {
        entry.path.decode(): store[entry.sha].as_raw_string()
        for entry in iter_tree_contents(store, found.tree)
        if entry.path and entry.sha
    }


def test_equal_histories_are_equal_commits() -> None:
    first, second, other = Repository(), Repository(), Repository()
    assert first.commit(FILES) == second.commit(dict(reversed(FILES.items())))
    assert first.commit({"a": b"1"}) == second.commit({"a": b"1"})
    assert other.commit({"a": b"1"}) != first.resolve("main")


def test_a_commit_changes_and_removes_files_and_keeps_the_rest(server: GitServer, client: HttpGitClient) -> None:
    repository = Repository()
    repository.commit(FILES)
    head = repository.commit({"main.rego": None, "new": b"1"})
    server.add("policy", repository)
    _, clone = cloned(client, "policy.git")
    assert content(clone, head) == {"lib/deep/more.rego": b"package lib\n", "new": b"1"}


@pytest.mark.parametrize("path", ["policy", "policy.git"])
def test_a_clone_has_the_files_with_and_without_suffix(server: GitServer, client: HttpGitClient, path: str) -> None:
    repository = Repository()
    head = repository.commit(FILES)
    server.add("policy", repository)
    refs, clone = cloned(client, path)
    assert refs[b"refs/heads/main"] == refs[b"HEAD"] == head.encode()
    assert content(clone, head) == FILES
    assert [(one.method, one.path, one.status) for one in server.request_log.requests] == [
        ("GET", f"/git/{path}/info/refs", 200),
        ("POST", f"/git/{path}/git-upload-pack", 200),
    ]


def test_branches_and_tags_are_there(server: GitServer, client: HttpGitClient) -> None:
    repository = Repository(default_branch="trunk")
    first = repository.commit(FILES)
    repository.branch("dev")
    second = repository.commit({"more": b"1"}, branch="dev")
    repository.tag("v1")
    repository.tag("v2", second, message="the second")
    server.add("policy", repository)
    refs, clone = cloned(client, "policy")
    assert refs[b"HEAD"] == refs[b"refs/heads/trunk"] == refs[b"refs/tags/v1"] == first.encode()
    assert refs[b"refs/heads/dev"] == second.encode()
    tag = clone.object_store[ObjectID(refs[b"refs/tags/v2"])]
    assert isinstance(tag, Tag)
    assert tag.object == (Commit, second.encode())
    assert content(clone, second) == {**FILES, "more": b"1"}


def test_a_shallow_clone_lacks_the_past(server: GitServer, client: HttpGitClient) -> None:
    repository = Repository()
    first = repository.commit(FILES)
    head = repository.commit({"more": b"1"})
    server.add("policy", repository)
    _, clone = cloned(client, "policy", depth=1)
    assert content(clone, head)["more"] == b"1"
    assert ObjectID(first.encode()) not in clone.object_store


def test_clones_at_once_are_all_whole(server: GitServer, clients: Callable[[], HttpGitClient]) -> None:
    repository = Repository()
    head = repository.commit({f"{number}.rego": b"package main\n" * number for number in range(50)})
    server.add("policy", repository)
    with ThreadPoolExecutor(4) as threads:  # a client remembers how far it is with one server, so each has its own
        clones = list(threads.map(lambda _: cloned(clients(), "policy")[1], range(8)))
    assert {len(content(clone, head)) for clone in clones} == {50}


def test_the_git_command_clones(server: GitServer, authority: Authority, tmp_path: Path) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("no git command here")
    repository = Repository()
    repository.commit(FILES)
    repository.tag("v1", message="one")
    repository.commit({"main.rego": None})
    server.add("policy", repository)
    environment = {**os.environ, "GIT_SSL_CAINFO": str(authority.write(tmp_path / "ca.pem")), "HOME": str(tmp_path)}
    subprocess.run(
        [git, "clone", "-q", "--depth=1", "--branch=v1", server.url_of("policy"), str(tmp_path / "clone")],
        check=True,
        env=environment,
        capture_output=True,
    )
    assert (tmp_path / "clone/main.rego").read_bytes() == FILES["main.rego"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/git/nope.git/info/refs?service=git-upload-pack", 404),
        ("GET", "/other/policy.git/info/refs?service=git-upload-pack", 404),
        ("GET", "/git/policy.git/HEAD", 404),
        ("GET", "/git/policy.git/info/refs", 403),
        ("GET", "/git/policy.git/info/refs?service=git-receive-pack", 403),
        ("POST", "/git/policy.git/git-upload-pack", 415),
        ("POST", "/git/policy.git/git-receive-pack", 404),
    ],
)
def test_all_but_cloning_is_refused(method: str, path: str, status: int) -> None:
    with GitServer() as server:
        repository = Repository()
        repository.commit(FILES)
        server.add("policy", repository)
        assert ask(method, server.url + path).status_code == status


def test_nonsense_in_place_of_a_request_for_a_pack_is_refused() -> None:
    with GitServer() as server:
        repository = Repository()
        repository.commit(FILES)
        server.add("policy", repository)
        answer = ask(
            "POST",
            f"{server.url}/git/policy/git-upload-pack",
            b"0009gibb.",
            {"Content-Type": "application/x-git-upload-pack-request"},
        )
        assert answer.status_code == 400


def test_a_client_that_lacks_the_authority_does_not_get_through(server: GitServer) -> None:
    with Session() as session, pytest.raises(requests.exceptions.SSLError):
        session.ask("GET", server.url)
    assert server.request_log.requests == ()


def test_files_are_served_beside_repositories() -> None:
    with GitServer() as server:
        server.serve("rules.tar.gz", b"content")
        answer = ask("GET", f"{server.url}/files/rules.tar.gz")
        assert (answer.status_code, answer.content) == (200, b"content")
        assert ask("GET", f"{server.url}/files/other").status_code == 404
        assert ask("POST", f"{server.url}/files/rules.tar.gz").status_code == 404


def test_a_served_repository_is_found_again() -> None:
    repository = Repository()
    with GitServer() as server:
        server.add("policies", repository)
        assert server.repository("policies") is repository
        with pytest.raises(KeyError):
            server.repository("others")
