"""Errors of the operating system in the words of the contract, such as ``open x: no such file or directory``."""

from __future__ import annotations


def reason(error: OSError) -> str:
    """The error's reason without the file: the system's text in lower case."""
    return (error.strerror or str(error) or type(error).__name__).lower()


def describe(action: str, path: str, error: OSError) -> str:
    """``<action> <path>: <reason>``, as in ``open x: permission denied``."""
    return f"{action} {path}: {reason(error)}"
