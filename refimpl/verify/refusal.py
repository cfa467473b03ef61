"""Failures of the built-in checks (specification 20 §2.1), and of the library that they call."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from refimpl.errors import Error, VerificationError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_REASON = 16 << 10

Kind = Literal["signatures", "attestations"]


class NoMatchingError(VerificationError):
    """Of all signatures or attestations none verified; `kind` says which the verifier looked at."""

    def __init__(self, kind: Kind, reasons: str) -> None:
        super().__init__(f"no matching {kind}: {reasons}")
        self.kind = kind


@contextmanager
def raising(error: Error) -> Iterator[None]:
    """Around each call of the `cryptography` package with something from outside: what it raises becomes `error`.

    It raises many classes at odd input, other ones with each version, and documents few of them. Our own errors pass.
    """
    try:
        yield
    except Error:
        raise
    except Exception:  # noqa: BLE001  # any class will do
        raise error from None


@contextmanager
def failing(stage: str) -> Iterator[None]:
    """Have failures of a verification tell at which stage they were."""
    try:
        yield
    except VerificationError as error:
        raise VerificationError(f"{stage}: {error}") from None


def shorten(error: Error) -> str:
    """The error's text, at most 16 Ki characters of it: it may quote what somebody attached to an image."""
    text = str(error)
    if len(text) <= _LONGEST_REASON:
        return text
    return f"{text[:_LONGEST_REASON]}… ({len(text) - _LONGEST_REASON} more characters)"
