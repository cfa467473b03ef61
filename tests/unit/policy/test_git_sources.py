"""Sources in git over https."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dulwich.objects import Commit
from repositories import REGO, listing, refusal

from ec_acceptance.testbed.servers.certificates import Authority
from ec_acceptance.testbed.servers.git import GitServer, Repository
from refimpl.policy.sources import git
from refimpl.policy.sources.web import Web

if TYPE_CHECKING:
    from pathlib import Path


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
