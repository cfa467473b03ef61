"""What the argument of ``validate vsa`` names: a file, a digest or an image (specification 24 §17)."""

from __future__ import annotations

import re
from pathlib import Path

from refimpl.errors import InvalidReferenceError
from refimpl.oci.reference import parse

_DIGEST = re.compile("sha(256|512):[a-f0-9]+")


def is_file(identifier: str) -> bool:
    """Whether it is taken for a file: no ``@`` or ``:`` in it, and it is there or looks like a path."""
    if "@" in identifier or ":" in identifier or not identifier:
        return False
    return "/" in identifier or "\\" in identifier or bool(Path(identifier).suffix) or _exists(identifier)


def is_file_like(identifier: str) -> bool:
    """Whether it is a path beyond doubt, which no image can stand in for."""
    if identifier.startswith(("/", "./", "../")) or "\\" in identifier or "//" in identifier:
        return True
    return bool(Path(identifier).suffix) and ":" not in identifier


def is_digest(identifier: str) -> bool:
    """Whether it is a digest and nothing else, so that nobody knows the repository."""
    return bool(_DIGEST.fullmatch(identifier))


def is_image(identifier: str) -> bool:
    """Whether it is an image's reference or digest."""
    if not identifier or is_file(identifier):
        return False
    return is_digest(identifier) or _is_reference(identifier)


def is_valid(identifier: str) -> bool:
    """Whether it is any of them."""
    return is_file(identifier) or is_image(identifier)


def _exists(identifier: str) -> bool:
    try:
        return Path(identifier).exists()
    except (OSError, ValueError):
        return False


def _is_reference(identifier: str) -> bool:
    try:
        parse(identifier)
    except InvalidReferenceError:
        return False
    return True
