"""Content digests, as the OCI image specification 1.1 writes them."""

from __future__ import annotations

import hashlib
import re

__all__ = ["ALGORITHMS", "digest_of", "is_digest", "is_known"]

ALGORITHMS = {"sha256": 64, "sha512": 128}
"""The registered algorithms and how many hexadecimal digits each has."""

_FORM = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")


def digest_of(data: bytes | memoryview, algorithm: str = "sha256") -> str:
    """The digest of `data`, such as `sha256:…`."""
    if algorithm not in ALGORITHMS:
        raise ValueError(f"unknown digest algorithm {algorithm!r}")
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def is_digest(text: str) -> bool:
    """Whether `text` has the form of a digest, of a known algorithm or not; a tag never has."""
    return _FORM.fullmatch(text) is not None


def is_known(text: str) -> bool:
    """Whether `text` is a well-formed digest of one of `ALGORITHMS`."""
    algorithm, _, digits = text.partition(":")
    return re.fullmatch(r"[0-9a-f]+", digits) is not None and ALGORITHMS.get(algorithm) == len(digits)
