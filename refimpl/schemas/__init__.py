"""JSON Schemas (2020-12) of what `ec-ref` prints as JSON, one file each; docs/outputs.md lists them."""

from __future__ import annotations

from pathlib import Path

from refimpl.errors import UsageError
from refimpl.golang.quoting import quote

__all__ = ["names", "read"]

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The names of all schemas, in their order."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def read(name: str) -> str:
    """The text of a schema: one JSON document, which refers to no other, but for that of SARIF.

    Raises:
        UsageError: there is none of this name.
    """
    known = names()
    if name not in known:
        raise UsageError(f"there is no schema {quote(name)} (there are {', '.join(known)})")
    return (_FOLDER / f"{name}.json").read_text(encoding="utf-8")
