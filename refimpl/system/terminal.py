"""Foreign texts where people read them: a terminal obeys some characters, and a line may pretend to be another one."""

from __future__ import annotations

import re

__all__ = ["on_one_line", "without_commands"]

_OBEYED = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")  # NUL is passed over by terminals


def without_commands(text: str) -> str:
    r"""With escapes such as ``\x1b`` in the place of what a terminal would obey; tabs and line ends stay."""
    return _OBEYED.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def on_one_line(text: str) -> str:
    r"""The same, with ``\n`` in the place of line ends."""
    return without_commands(text).replace("\r\n", "\n").replace("\n", "\\n")
