"""The ``input`` that rules see, as bytes (specification 11 §6, 20 §10)."""

from __future__ import annotations

import re
from copy import copy
from typing import TYPE_CHECKING, Any, Protocol

from refimpl.golang.jsontext import encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_PARTS = _STRING + rb'|[^" \t\r\n]++'
"""Strings, and what stands between them and white space."""
_COMPACT = re.compile(rb'[^" \t\r\n]*+(?:' + _STRING + rb'[^" \t\r\n]*+)*+')
"""JSON that has white space in strings alone."""
_ESCAPES = (
    (b"<", b"\\u003c"),
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    ("\u2028".encode(), b"\\u2028"),
    ("\u2029".encode(), b"\\u2029"),
)


class _Signature(Protocol):
    def to_json(self) -> Mapping[str, Any]: ...


class _Attestation(Protocol):
    @property
    def statement(self) -> bytes: ...
    @property
    def signatures(self) -> Sequence[_Signature]: ...


class InputDocuments:
    """Writes a document for each component; what they share is written once.

    Args:
        snapshot: ``application``, ``displayName``, ``displayDescription``, ``components``, ``artifacts`` as reported.
        policy_spec: the policy as in the report.
    """

    def __init__(self, snapshot: Mapping[str, Any], policy_spec: Mapping[str, Any]) -> None:
        self._snapshot = encode(snapshot)
        self._policy_spec = encode(policy_spec)

    def of(self, snapshot: Mapping[str, Any]) -> InputDocuments:
        """Documents of another snapshot, judged by the same policy."""
        other = copy(self)
        other._snapshot = encode(snapshot)  # noqa: SLF001 - of its own class
        return other

    def document(
        self,
        *,
        ref: str,
        component_name: str,
        attestations: Sequence[_Attestation],
        signatures: Sequence[_Signature] = (),
        config: Mapping[str, Any] | None = None,
        parent: Mapping[str, Any] | None = None,
        files: Mapping[str, Any] | None = None,
        source: Mapping[str, Any] | None = None,
    ) -> bytes:
        """One compact line without a newline, members in the contract's order.

        Args:
            ref: ``repository@digest``.
            component_name: after expansion; left out when empty.
            attestations: in layer order; statements go in as signed, so member order and numbers keep their spelling.
            signatures: of the image; left out when empty.
            config: of the image; None when it wasn't fetched, may be empty.
            parent: ``ref`` and, when fetched, ``config``; None when it isn't known.
            files: path → document; left out when empty.
            source: of the component; ``{}`` for None.
        """
        image: dict[str, Any] = {"ref": ref}
        if signatures:
            image["signatures"] = [signature.to_json() for signature in signatures]
        if config is not None:
            image["config"] = config
        if parent is not None:
            image["parent"] = parent
        if files:
            image["files"] = files
        image["source"] = source or {}
        members = [
            b'"attestations":[' + b",".join(map(_encode_attestation, attestations)) + b"]",
            b'"image":' + encode(image),
            b'"snapshot":' + self._snapshot,
        ]
        if component_name:
            members.append(b'"component_name":' + encode(component_name))
        members.append(b'"policy_spec":' + self._policy_spec)
        return b"{" + b",".join(members) + b"}"


def compact(document: bytes) -> bytes:
    """JSON without white space between its parts and with the contract's escapes; all else to the byte as it was.

    Args:
        document: one JSON value; what is none must be refused before.
    """
    if _COMPACT.fullmatch(document) is None:
        document = b"".join(re.findall(_PARTS, document))
    for raw, escaped in _ESCAPES:
        if raw in document:  # these only occur inside strings
            document = document.replace(raw, escaped)
    return document


def _encode_attestation(attestation: _Attestation) -> bytes:
    signatures = [signature.to_json() for signature in attestation.signatures]
    tail = b',"signatures":' + encode(signatures) if signatures else b""
    return b'{"statement":' + compact(attestation.statement) + tail + b"}"
