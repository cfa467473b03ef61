"""Programs from a text, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from refimpl.rego.host import Host, HostProgram

__all__ = ["STRING_TO_ANY", "Compile", "compiler"]

STRING_TO_ANY = {"type": "function", "args": [{"type": "string"}], "result": {"type": "any"}}


class Compile(Protocol):
    """Compiles ``policy/a.rego`` with whatever else is there, and data files given by their names below ``data``."""

    def __call__(self, text: str, *, data: dict[str, str] | None = None, **options: Any) -> HostProgram:
        """Compile, with the options of `Host.load`."""


def compiler(host: Host, directory: Path) -> Compile:
    policies, documents = directory / "policy", directory / "data"
    policies.mkdir()
    documents.mkdir()

    def compiled(text: str, *, data: dict[str, str] | None = None, **options: Any) -> HostProgram:
        (policies / "a.rego").write_text(text, encoding="utf-8")
        for name, content in (data or {}).items():
            path = documents / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return host.load([policies], [documents], **options)

    return compiled
