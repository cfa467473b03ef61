"""Foreign texts where people read them: a terminal obeys some characters, and a line may pretend to be another one."""

from __future__ import annotations

import re

#: White space moves within a line, no further, and NUL is passed over.
_OBEYED = re.compile(r"[\x01-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")


def without_commands(text: str) -> str:
    r"""With escapes such as ``\x1b`` in the place of what a terminal would obey; white space stays."""
    return _OBEYED.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def on_one_line(text: str) -> str:
    r"""The same, with ``\n`` in the place of line ends."""
    return without_commands(text).replace("\r\n", "\n").replace("\n", "\\n")
