"""Cross-references in the texts of annotations: ``xref:<target>[<label>]`` (specification 11 §5.2)."""

from __future__ import annotations

import re

_SITE = "https://conforma.dev/docs"
_LABEL = r"\[([0-9A-Za-z_\t\n\f\r /.]+)\]"
# Compiled when a text has one: few have.
_FULL = r"xref:([^:]+):ROOT:(.+?)\.adoc(?:#([^[]+))?" + _LABEL
_SHORT = r"xref:[0-9A-Za-z_.$#/]+" + _LABEL


def replace_by_links(text: str) -> str:
    """Full references that name an anchor become the page's URL; all else stays."""
    return re.sub(_FULL, _url, text) if "xref:" in text else text


def replace_by_labels(text: str) -> str:
    """All references become their label."""
    if "xref:" not in text:
        return text
    return re.sub(_SHORT, r"\1", re.sub(_FULL, r"\4", text))


def _url(found: re.Match[str]) -> str:
    group, file, anchor, _ = found.groups()
    return f"{_SITE}/{group}/{file}.html#{anchor}" if anchor else found[0]
