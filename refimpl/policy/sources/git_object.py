"""Git's objects, and the little that has to be known of what is in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BLOB", "COMMIT", "TAG", "TREE", "GitObject", "Objects"]

COMMIT: Final = b"commit"
TREE: Final = b"tree"
BLOB: Final = b"blob"
TAG: Final = b"tag"

_TARGET: Final = re.compile(rb"(?:tree|object) ([0-9a-f]{40})\n")
_ENTRY: Final = re.compile(rb"([0-7]{1,6}) ([^\0]+)\0(.{20})", re.DOTALL)


@record
class GitObject:
    """An object as it is stored: `kind` is ``commit``, ``tree``, ``blob`` or ``tag``."""

    kind: bytes
    data: bytes

    @property
    def target(self) -> bytes:
        """The name of a commit's tree, or of what a tag names.

        Raises:
            ValueError: the object isn't well-formed.
        """
        found = _TARGET.match(self.data)
        if found is None:
            raise ValueError(f"malformed {self.kind.decode()}")
        return found[1]

    def entries(self) -> Iterator[tuple[bytes, int, bytes]]:
        """The names, modes and objects in a tree, in its order.

        Raises:
            ValueError: the tree isn't well-formed.
        """
        at = 0
        while at < len(self.data):
            found = _ENTRY.match(self.data, at)
            if found is None:
                raise ValueError("malformed tree")
            yield found[2], int(found[1], 8), found[3].hex().encode()
            at = found.end()


class Objects(Protocol):
    """Where objects are found by their names, which are 40 hexadecimal digits."""

    def __getitem__(self, name: bytes, /) -> GitObject:
        """The object; KeyError when it isn't there."""
        ...
