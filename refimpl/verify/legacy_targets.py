"""Roots of trust as targets of their own, as TUF repositories had them before trusted roots (specification 20 §3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.errors import KeyMaterialError
from refimpl.verify.authority import Authority
from refimpl.verify.keys import parse_public_key
from refimpl.verify.trust import LogKeys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FULCIO, _CTFE, _REKOR = "Fulcio", "CTFE", "Rekor"
#: By usage, the names of targets that are for it where none says so itself.
FALLBACKS: Mapping[str, tuple[str, ...]] = {
    _FULCIO: ("fulcio.crt.pem", "fulcio_v1.crt.pem", "fulcio_intermediate_v1.crt.pem"),
    _CTFE: ("ctfe.pub",),
    _REKOR: ("rekor.pub",),
}


class LegacyTargets:
    """What targets say of whom to trust, at any time; timestamps by nobody.

    Args:
        contents: of targets, by usage.
    """

    timestamp_authorities: tuple[()] = ()

    def __init__(self, contents: Mapping[str, Sequence[bytes]]) -> None:
        self._contents = contents

    @property
    def authorities(self) -> tuple[Authority, ...]:
        """One, of all certificates.

        Raises:
            KeyMaterialError: there are none, or they can't be read.
        """
        return (Authority.from_pem("\n".join(self._texts(_FULCIO)), closed=True),)

    @property
    def certificate_logs(self) -> LogKeys:
        """That certificates must be in.

        Raises:
            KeyMaterialError: there are none, or they can't be read.
        """
        return self._logs(_CTFE, "AddCTLogPubKey")

    @property
    def logs(self) -> LogKeys:
        """Of signatures.

        Raises:
            KeyMaterialError: there are none, or they can't be read.
        """
        return self._logs(_REKOR, "AddRekorPubKey")

    def _logs(self, usage: str, name: str) -> LogKeys:
        texts = self._texts(usage)
        try:
            return LogKeys(*map(parse_public_key, texts))
        except KeyMaterialError as error:
            raise KeyMaterialError(f"{name}: {error}") from None

    def _texts(self, usage: str) -> list[str]:
        found = self._contents.get(usage)
        if not found:
            names = ", ".join(FALLBACKS[usage])
            raise KeyMaterialError(f"no matching targets by custom metadata, fallbacks not found: {names}")
        return [content.decode("utf-8", "replace") for content in found]


def usage_of(custom: Any) -> str:
    """What a target is for by its own account; empty when it doesn't say.

    Args:
        custom: what the metadata of targets says of it beyond length and hashes.
    """
    told = custom.get("sigstore") if isinstance(custom, dict) else None
    usage = told.get("usage") if isinstance(told, dict) else None
    return usage if isinstance(usage, str) else ""
