from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from refimpl.errors import PolicyError
from refimpl.policy.sources.kinds import Kind, kind_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("oci::anything", Kind.OCI),
        ("oci://h/x", Kind.OCI),
        ("127.0.0.1:5000/pol/x:t1", Kind.OCI),
        ("LOCALHOST/x", Kind.OCI),
        ("x::127.0.0.1:1/x", Kind.OCI),
        ("user@127.0.0.1:1/x", Kind.OCI),
        ("quay.io/o/x", Kind.OCI),
        ("gcr.io/o/x", Kind.OCI),
        ("eu.gcr.io/o/x", Kind.OCI),
        ("me.azurecr.io/x", Kind.OCI),
        ("europe-docker.pkg.dev/x", Kind.OCI),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/x", Kind.OCI),
        ("https://h.example/x.tar.gz", Kind.HTTP),
        ("HTTPS://h.example/x", Kind.HTTP),
        ("https://host/repo.git", Kind.HTTP),
        ("https://github.com/o/r", Kind.GIT),
        ("https://www.github.com/o/r", Kind.GIT),
        ("github.com/o/r//dir?ref=x", Kind.GIT),
        ("git@host:o/r", Kind.GIT),
        ("git::host/r", Kind.GIT),
        ("git::/some/path", Kind.GIT),
        ("foo.example/r.git", Kind.GIT),
        ("/x/repo.git", Kind.FILE),
        ("./github.com/x", Kind.FILE),
        ("../x", Kind.FILE),
        ("file::x", Kind.FILE),
        ("file://x", Kind.FILE),
    ],
)
def test_kinds(url: str, kind: Kind) -> None:
    assert kind_of(url) is kind


def test_what_exists_is_a_file_whatever_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert kind_of("gitlab.com/x") is Kind.GIT
    (tmp_path / "gitlab.com" / "x").mkdir(parents=True)
    assert kind_of("gitlab.com/x") is Kind.FILE


@pytest.mark.parametrize("url", ["http://h/x", "HTTP://h/x", "git::http://h/x", "Git::Http://h/x", "http:x"])
def test_plain_http_is_refused(url: str) -> None:
    with pytest.raises(PolicyError) as told:
        kind_of(url)
    assert str(told.value) == f"attempting to download from insecure source: {url}"


@pytest.mark.parametrize(
    "url", ["", "foo.example/x", "~/x", "[::1]:1/x", "a::b::127.0.0.1/x", "https://", "127.0.0.1.example/x", "x\0y"]
)
def test_what_nothing_fetches_is_told(url: str) -> None:
    with pytest.raises(PolicyError) as told:
        kind_of(url)
    assert str(told.value) == f"no gatherer found for URI: {url}"
