"""Which transparency logs are trusted (specification 20 §3.3, 26 §7)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from refimpl.errors import KeyMaterialError, VerificationError
from refimpl.record import field, record
from refimpl.verify.keys import parse_public_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from refimpl.verify.keys import PublicKey


@record
class Period:
    """When something is trusted; None leaves an end open."""

    start: datetime | None = None
    end: datetime | None = None

    def covers(self, time: datetime) -> bool:
        """Whether `time` is in it; both ends are."""
        return not ((self.start is not None and time < self.start) or (self.end is not None and time > self.end))


@record
class LogKey:
    """The key of a log, when it is trusted, and the log's URL, if that is told."""

    key: PublicKey
    period: Period = field(default_factory=Period)
    url: str = ""


class LogKeys:
    """The keys of transparency logs by log id: SHA-256 of the key's PKIX form in lower-case hexadecimal.

    Args:
        keys: each trusted at any time.
        logs: by log id, as a trusted root tells them.
    """

    def __init__(self, *keys: PublicKey, logs: Mapping[str, LogKey] | None = None) -> None:
        self.of_trusted_root = logs is not None
        self._logs = logs or {hashlib.sha256(key.der).hexdigest(): LogKey(key) for key in keys}

    @classmethod
    def from_pem(cls, text: str, name: str = "AddRekorPubKey") -> LogKeys:
        """The one key of a PEM text.

        Raises:
            KeyMaterialError: it has none; the text begins with `name`.
        """
        try:
            return cls(parse_public_key(text))
        except KeyMaterialError as error:
            raise KeyMaterialError(f"{name}: {error}") from None

    def get(self, log_id: str) -> PublicKey | None:
        """The key of a log, if it is trusted at any time.

        Raises:
            VerificationError: a trusted key isn't of the kind that logs have.
        """
        found = self.find(log_id)
        return found.key if found else None

    def find(self, log_id: str) -> LogKey | None:
        """What is told of a log, if it is trusted at any time.

        Raises:
            VerificationError: a trusted key isn't of the kind that logs have.
        """
        if not self.of_trusted_root:
            for known, log in self._logs.items():
                if not log.key.is_ecdsa:
                    raise VerificationError(f"rekor Public key for LogID {known} is not type ecdsa.PublicKey")
        return self._logs.get(log_id)

    def at(self, log_id: str, time: datetime) -> PublicKey | None:
        """The key of a log of any kind, if it is trusted at a time."""
        found = self._logs.get(log_id)
        return found.key if found and found.period.covers(time) else None
