"""Calls without a value: a line in the log says why, the policy sees only undefined (specification 12 §1)."""

from __future__ import annotations

import logging
from typing import Any

from refimpl.errors import RegistryError, is_undecided
from refimpl.golang.document import schema_type

_log = logging.getLogger("refimpl.rego.builtins")


class FailedError(Exception):
    """The call is undefined; the log says why already. Who waited for the same call gets this very error."""


def failure(function: str, message: str, *, cause: Exception | None = None, **fields: Any) -> FailedError:
    """Write the line and give the error to raise. Fields that are None are left out.

    Args:
        function: that was called.
        message: what went wrong.
        cause: why, if the field `error` isn't it.
        fields: of the line.

    Raises:
        RegistryError: the registry failed. Nobody knows the value then, and without one rules might pass.
    """
    present = {name: value for name, value in {**fields, "function": function}.items() if value is not None}
    _log.error(message, extra={"fields": present})
    cause = cause or fields.get("error")
    if isinstance(cause, RegistryError) and is_undecided(cause):
        raise cause
    return FailedError(message)


def text(function: str, value: object) -> str:
    """An argument that must be a string; types that are only known at run time aren't checked before.

    Raises:
        FailedError: it isn't.
    """
    if not isinstance(value, str):
        raise failure(function, "input is not a string")
    return value


def strings(function: str, ref: str, paths: object) -> tuple[str, ...]:
    """An argument that must be an array of strings.

    Raises:
        FailedError: it isn't.
    """
    if not isinstance(paths, list):
        why = f"operand 1 must be array but got {schema_type(paths)}"
        raise failure(function, "failed to convert paths to array operand", action="convert paths", error=why, ref=ref)
    for path in paths:
        if not isinstance(path, str):
            why = f"path is not a string: {schema_type(path)}"
            raise failure(function, "failed iterating paths", action="iterate paths", error=why, ref=ref)
    return tuple(paths)
