"""Puts something else in the place of a part of the reference validator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MissingPartError", "change", "replace"]


class MissingPartError(Exception):
    """The reference validator has no such part any more: the mutant has to be written anew."""


def replace(owner: Any, name: str, part: Any) -> None:
    """Put `part` in the place of the attribute `name` of a module, class or object.

    Raises:
        MissingPartError: it hasn't.
    """
    if not hasattr(owner, name):
        raise MissingPartError(f"{owner!r} has no {name}")
    setattr(owner, name, part)


def change(owner: Any, name: str) -> Callable[[Callable[..., Any]], None]:
    """Put the decorated function in the place of a function or method, which it gets before its other arguments.

    Raises:
        MissingPartError: there is none.
    """
    original = vars(owner).get(name)
    if original is None:
        raise MissingPartError(f"{owner.__name__} has no {name}")

    def put(function: Callable[..., Any]) -> None:
        def part(*arguments: Any, **named: Any) -> Any:
            return function(original, *arguments, **named)

        setattr(owner, name, part)

    return put
