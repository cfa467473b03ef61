"""The references that policies hand to the ``ec.*`` functions (specification 12 §2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from refimpl.errors import InvalidReferenceError, MalformedError, RegistryError
from refimpl.oci.reference import Reference, parse, parse_digest
from refimpl.rego.builtins.failure import failure

if TYPE_CHECKING:
    from refimpl.oci.client import Registry

_HEX = re.compile("[0-9a-f]{64}")
_RESOLVE = "resolveIfNeeded"


def digest_trouble(text: str) -> str:
    """Why a text isn't a reference by digest, in the contract's words as far as they are its own."""
    base, *rest = text.split("@")
    if len(rest) != 1:
        return f"a digest must contain exactly one '@' separator (e.g. registry/repository@digest) saw: {text}"
    digest = rest[0]
    if not digest.startswith("sha256:"):
        return f"unsupported digest algorithm: {digest}"
    encoded = digest.removeprefix("sha256:")
    if len(encoded) != 64:
        return "invalid checksum digest length"
    if not _HEX.fullmatch(encoded):
        return "invalid checksum digest format"
    return f"could not parse reference: {base}"


def digest_reference(function: str, text: str) -> Reference:
    """A reference that must have a digest.

    Raises:
        FailedError: it hasn't.
    """
    try:
        return parse_digest(text)
    except InvalidReferenceError:
        why = digest_trouble(text)
        raise failure(function, "failed to create new digest", action="new digest", error=why, ref=text) from None


def any_reference(function: str, text: str) -> Reference:
    """A reference by digest or tag, not looked up.

    Raises:
        FailedError: malformed.
    """
    try:
        return parse(text)
    except InvalidReferenceError:
        message = f"unable to parse reference: invalid reference format: {text}"
        raise failure(function, message, action=_RESOLVE, input_ref=text) from None


def resolution_failure(function: str, text: str, error: RegistryError) -> Exception:
    """A tag that leads nowhere."""
    return failure(function, f"unable to resolve digest: {error}", cause=error, action=_RESOLVE, input_ref=text)


def resolve(function: str, text: str, client: Registry) -> Reference:
    """A reference by digest; that of a tag is asked for, one that is given isn't checked.

    Raises:
        FailedError: malformed, or the registry doesn't know the tag.
    """
    message = "failed to resolve reference"
    try:
        reference = parse(text)
    except InvalidReferenceError:
        raise failure(
            function, message, error=f"unable to parse reference: invalid reference format: {text}", input_ref=text
        ) from None
    if reference.digest:
        return reference
    try:
        return reference.at(_digest(reference, client))
    except RegistryError as error:
        why = f"unable to resolve digest: {error}"
        raise failure(function, message, cause=error, error=why, input_ref=text) from None


def _digest(reference: Reference, client: Registry) -> str:
    try:
        return client.head(reference).digest
    except MalformedError:  # not every registry tells the digest unless it sends the manifest
        return client.manifest(reference).digest
