"""URLs of sources in git."""

from __future__ import annotations

import pytest

from refimpl.errors import NotSupportedError, PolicyError
from refimpl.policy.sources import git


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
