"""Functions that Rego calls and Python carries out."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Undefined(Enum):
    """The type of `UNDEFINED`."""

    UNDEFINED = "undefined"


UNDEFINED: Final = Undefined.UNDEFINED
"""What a builtin returns when the call has no value, so that the expression is undefined; None is JSON's null."""


@record
class Builtin:
    """One function, such as ``ec.oci.blob``.

    Within one evaluation equal calls are answered once. An exception that `call` raises ends the evaluation.

    Args:
        name: dotted, as policies write it.
        declaration: its type in the form of OPA's capabilities files, such as
            ``{"type": "function", "args": [{"type": "string"}], "result": {"type": "any"}}``;
            policies are checked against it.
        call: called as ``call(context, *arguments)`` in the thread that waits for the evaluation, with the context
            given to `Program.evaluate` and the arguments as JSON values (sets as lists); returns a JSON value or
            `UNDEFINED`.
        nondeterministic: two evaluations may see different answers.
    """

    name: str
    declaration: Mapping[str, Any]
    call: Callable[..., Any]
    nondeterministic: bool = False
