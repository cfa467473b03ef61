"""``schema``: lists the JSON Schemas of what is printed, or shows one (docs/outputs.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl import schemas
from refimpl.errors import UsageError
from refimpl.golang import jsontext
from refimpl.system.streams import print_text

if TYPE_CHECKING:
    from collections.abc import Sequence


def schema(arguments: Sequence[str]) -> None:
    """Print the schema that is named or, without a name, a line with the name and title of each.

    Raises:
        UsageError: there is none of this name, or there are several names.
    """
    if len(arguments) > 1:
        raise UsageError("too many arguments provided")
    if arguments:
        print_text(schemas.read(arguments[0]))
        return
    known = schemas.names()
    width = max(map(len, known))
    print_text("".join(f"{name:<{width}}  {jsontext.loads(schemas.read(name))['title']}\n" for name in known))
