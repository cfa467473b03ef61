"""A git repository on this machine, read by dulwich."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

from dulwich.errors import ApplyDeltaError, ChecksumMismatch, FileFormatException, NotGitRepository
from dulwich.objects import ObjectID
from dulwich.repo import Repo

from refimpl.policy.sources.git_object import GitObject

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Repository"]

# What dulwich raises over damaged files, besides ValueError and LookupError.
_DAMAGED: Final = (
    ApplyDeltaError,
    ChecksumMismatch,
    FileFormatException,
    AssertionError,
    EOFError,
    zlib.error,
    struct.error,
)


class Repository:
    """The objects of a repository; see `git_object.Objects`."""

    def __init__(self, path: str) -> None:
        """Open it.

        Raises:
            ValueError: there is none.
            OSError: it can't be read.
        """
        try:
            self._opened = Repo(path)
        except NotGitRepository as error:
            raise ValueError(str(error)) from None

    def __getitem__(self, name: bytes, /) -> GitObject:
        """The object; KeyError when it isn't there, ValueError when it is damaged."""
        try:
            found = self._opened.object_store[ObjectID(name)]
            return GitObject(found.type_name, found.as_raw_string())
        except _DAMAGED as error:
            raise ValueError(str(error) or type(error).__name__) from None

    @property
    def references(self) -> Mapping[bytes, bytes]:
        """All references, and ``HEAD``.

        Raises:
            ValueError: they are damaged.
        """
        try:
            return {bytes(name): bytes(value) for name, value in self._opened.get_refs().items()}
        except _DAMAGED as error:
            raise ValueError(str(error) or type(error).__name__) from None
