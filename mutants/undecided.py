"""What becomes of what could not be looked at."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


@mutant(
    "unknown-indexes-are-images",
    "Where nobody knows whether an image is an index, it counts as none, and its images aren't judged.",
    Kind.TRUST,
    "undecided-01 undecided-02",
)
def unknown_indexes_are_images() -> None:
    from refimpl.commands import snapshot
    from refimpl.record import replace as with_members

    @change(snapshot, "_expansion")
    def expansion(original: Callable[..., Any], *given: Any) -> Any:
        return with_members(original(*given), unknown=None)


@mutant(
    "unreachable-bases-are-none",
    "Where the image can't be had that an image was built on, rules don't see it.",
    Kind.TRUST,
    "undecided-03",
)
def unreachable_bases_are_none() -> None:
    from refimpl.policy_input import image

    replace(image, "is_undecided", lambda _: False)


@mutant(
    "token-servers-answer-for-registries",
    "What a token server says of itself counts as the registry's answer: what it doesn't know isn't there.",
    Kind.TRUST,
    "undecided-04.01 undecided-04.04",
)
def token_servers_answer_for_registries() -> None:
    from refimpl.oci.token import TokenServer

    replace(TokenServer, "token", TokenServer._token)
