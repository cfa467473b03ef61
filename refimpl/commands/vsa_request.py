"""What a command line asks of ``validate vsa`` (specification 24 §17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.command_line.flags import ParsedFlags
from refimpl.errors import UsageError
from refimpl.record import record
from refimpl.vsa.age import parse_age
from refimpl.vsa.identifier import is_file_like, is_image, is_valid

if TYPE_CHECKING:
    from collections.abc import Sequence

_OWN = frozenset({"vsa", "vsa-expiration"})
"""Flags that another command has too, of another kind."""


def check_arguments(arguments: Sequence[str]) -> None:
    """See that there is one identifier at most, and that it can be one.

    Raises:
        UsageError: otherwise.
    """
    if len(arguments) > 1:
        raise UsageError("too many arguments provided")
    for identifier in arguments:
        if not is_valid(identifier):
            raise UsageError(f"invalid VSA identifier format: {identifier}")


def common_flags(parsed: ParsedFlags) -> ParsedFlags:
    """Those that mean the same as with ``validate image``."""
    values = {name: value for name, value in parsed.values.items() if name not in _OWN}
    return ParsedFlags(values, parsed.given - _OWN, parsed.arguments)


@record
class VsaRequest:
    """What is asked for.

    Attributes:
        identifier: a digest, image or file; empty if only a snapshot is given.
        longest: how old a VSA may be, in seconds; zero for any age.
        retrieval: values of ``--vsa-retrieval``.
        verify: whether signatures are verified.
        fallback_key: of images that are validated in place of a VSA; empty for no such validation.
    """

    identifier: str
    longest: float
    retrieval: tuple[str, ...]
    verify: bool
    fallback_key: str

    @classmethod
    def of(cls, parsed: ParsedFlags) -> VsaRequest:
        """From a command line.

        Raises:
            UsageError: flags are missing, can't be read, or don't go together; the first that is wrong.
        """
        values = parsed.values
        identifier = parsed.arguments[0] if parsed.arguments else values["vsa"]
        if not identifier and not values["images"]:
            raise UsageError("either --vsa, --images, or VSA identifier must be provided")
        try:
            longest = parse_age(values["vsa-expiration"])
        except ValueError as error:
            raise UsageError(f"invalid --vsa-expiration: invalid VSA expiration: {error}") from None
        if not values["ignore-signature-verification"] and not values["vsa-public-key"]:
            raise UsageError(
                "--vsa-public-key is required for signature verification "
                "(use --ignore-signature-verification to disable signature verification)"
            )
        fallback_key = "" if values["no-fallback"] else values["fallback-public-key"]
        if not values["no-fallback"]:
            _check_fallback(identifier, fallback_key)
        if "policy" not in parsed.given:
            raise UsageError('required flag(s) "policy" not set')
        if {"vsa", "images"} <= parsed.given:
            raise UsageError(
                "if any flags in the group [vsa images] are set none of the others can be; [images vsa] were all set"
            )
        return cls(
            identifier,
            longest,
            tuple(values["vsa-retrieval"]),
            not values["ignore-signature-verification"],
            fallback_key,
        )


def _check_fallback(identifier: str, key: str) -> None:
    if not key:
        raise UsageError("--fallback-public-key is required when --fallback-to-image-validation is enabled")
    if identifier and is_file_like(identifier):
        raise UsageError(f"fallback not supported for file paths (identifier: {identifier})")
    if identifier and not is_image(identifier):
        raise UsageError(f"fallback only supported for image references and digests, not 0 (identifier: {identifier})")
