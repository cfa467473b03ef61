"""Git repositories with trees that git itself wouldn't make: a name twice, names that lead elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tree
from dulwich.refs import Ref

from ec_acceptance.testbed.git import Repository

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ODD_TREES", "odd_repository"]

_FILE, _LINK, _NOTHING = b"100644", b"120000", b"170000"
_AUTHOR = b"Acceptance <acceptance@example.com>"
_WHEN = 1704103200

ODD_TREES: Mapping[str, tuple[tuple[bytes, bytes], ...]] = {
    "one name twice": ((_FILE, b"main.rego"), (_FILE, b"main.rego")),
    "a file and a link of one name": ((_FILE, b"main.rego"), (_LINK, b"main.rego")),
    "a file .git": ((_FILE, b"main.rego"), (_FILE, b".git")),
    "a file .GIT": ((_FILE, b"main.rego"), (_FILE, b".GIT")),
    "a file ..": ((_FILE, b"main.rego"), (_FILE, b"..")),
    "a file .": ((_FILE, b"main.rego"), (_FILE, b".")),
    "a file without a name": ((_FILE, b"main.rego"), (_FILE, b"")),
    "a file ../main.rego": ((_FILE, b"main.rego"), (_FILE, b"../main.rego")),
    "an entry of no kind": ((_FILE, b"main.rego"), (_NOTHING, b"more.rego")),
}
"""Modes and names of a tree's two entries, by the words that scenarios use."""


def odd_repository(words: str, first: bytes, second: bytes) -> Repository:
    """A repository whose default branch has such a tree; the entries have this content.

    Raises:
        KeyError: there is no such tree.
    """
    repository = Repository()
    store = repository.stored.object_store
    text = b""
    for (mode, name), data in zip(ODD_TREES[words], (first, second), strict=True):
        blob = Blob.from_string(data)
        store.add_object(blob)
        text += mode + b" " + name + b"\0" + bytes.fromhex(blob.id.decode())
    tree = ShaFile.from_raw_string(Tree.type_num, text)
    store.add_object(tree)
    commit = Commit()
    commit.tree = ObjectID(tree.id)
    commit.author = commit.committer = _AUTHOR
    commit.author_time = commit.commit_time = _WHEN
    commit.author_timezone = commit.commit_timezone = 0
    commit.message = b"Make it odd\n"
    store.add_object(commit)
    repository.stored.refs[Ref(b"refs/heads/" + repository.default_branch.encode())] = commit.id
    return repository
