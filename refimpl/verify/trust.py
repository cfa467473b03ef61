"""Which transparency logs are trusted (specification 20 §3.3, 26 §7)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from refimpl.errors import KeyMaterialError, NotSupportedError, VerificationError
from refimpl.verify.keys import parse_public_key, read_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.verify.keys import PublicKey

__all__ = ["LogKeys"]

_VARIABLE = "SIGSTORE_REKOR_PUBLIC_KEY"


class LogKeys:
    """The keys of transparency logs by log id: SHA-256 of the key's PKIX form in lower-case hexadecimal."""

    def __init__(self, *keys: PublicKey) -> None:
        self._keys = {hashlib.sha256(key.der).hexdigest(): key for key in keys}

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> LogKeys:
        """The key in the file that ``SIGSTORE_REKOR_PUBLIC_KEY`` names.

        Raises:
            KeyMaterialError: the file cannot be read or has no key.
            NotSupportedError: the variable isn't set; keys by TUF aren't carried out.
        """
        path = environ.get(_VARIABLE)
        if not path:
            raise NotSupportedError(
                "the transparency log's key cannot be fetched by TUF yet: "
                f"name a file with it in {_VARIABLE}, or give --ignore-rekor"
            )
        try:
            text = read_file(path).decode("utf-8", "replace")
        except KeyMaterialError as error:
            raise KeyMaterialError(f"error reading alternate Rekor public key file: {error}") from None
        return cls.from_pem(text)

    @classmethod
    def from_pem(cls, text: str) -> LogKeys:
        """The one key of a PEM text.

        Raises:
            KeyMaterialError: it has none.
        """
        try:
            return cls(parse_public_key(text))
        except KeyMaterialError as error:
            raise KeyMaterialError(f"AddRekorPubKey: {error}") from None

    def get(self, log_id: str) -> PublicKey | None:
        """The key of a log, if it is trusted.

        Raises:
            VerificationError: a trusted key isn't of the kind that logs have.
        """
        for known, key in self._keys.items():
            if not key.is_ecdsa:
                raise VerificationError(f"rekor Public key for LogID {known} is not type ecdsa.PublicKey")
        return self._keys.get(log_id)
