"""Sources in git on this machine."""

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
from repositories import REGO, listing, refusal

from refimpl.policy.sources import content, git

if TYPE_CHECKING:
    from refimpl.policy.sources.web import Web


def loose(stored: Repo, kind: bytes, data: bytes) -> ObjectID:
    """An object of the repository, whatever is in it."""
    raw = kind + b" %d\0" % len(data) + data
    name = sha1(raw, usedforsecurity=False).hexdigest()
    place = Path(stored.controldir(), "objects", name[:2], name[2:])
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(zlib.compress(raw))
    return ObjectID(name.encode())


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
