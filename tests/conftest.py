"""For all tests."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[ -~]{0,80}")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A test's name mustn't hold keys or compressed bytes: processes that share the tests must agree on the names."""
    if isinstance(val, bytes):
        return argname
    return argname if isinstance(val, str) and not _PLAIN.fullmatch(val) else None
