"""Metadata values inside texts: lists as ``[a b]``, mappings as ``map[k:v]``, as the contract's formats print them."""

from __future__ import annotations

from typing import Any

from refimpl.golang import jsontext

__all__ = ["plain"]


def plain(value: Any) -> str:
    """`value`, JSON data, in words: strings as they are, numbers by their spelling, null as ``<nil>``."""
    if type(value) is str:
        return value
    if value is None:
        return "<nil>"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{plain(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list | tuple):
        return "[" + " ".join(plain(item) for item in value) + "]"
    return jsontext.dumps(value)
