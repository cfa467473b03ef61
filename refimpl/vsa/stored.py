"""VSAs in files (specification 24 §17)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from refimpl.errors import VerificationError
from refimpl.golang.document import DocumentError
from refimpl.golang.oserrors import describe
from refimpl.verify.dsse import Envelope

if TYPE_CHECKING:
    from collections.abc import Sequence

_LARGEST = 16 << 20


class FileRetriever:
    """Reads an envelope from the file that the identifier names."""

    def retrieve(self, identifier: str) -> Sequence[Envelope]:
        """The one in the file.

        Raises:
            VerificationError: it can't be read, is too large, or no signed envelope.
        """
        path = Path(identifier)
        try:
            with path.open("rb") as file:
                content = file.read(_LARGEST + 1)
        except FileNotFoundError:
            raise VerificationError(f"VSA file not found: {path}") from None
        except (OSError, ValueError) as error:
            reason = describe("read", identifier, error) if isinstance(error, OSError) else "invalid argument"
            raise VerificationError(f"failed to read VSA file: {reason}") from None
        failed = "failed to parse DSSE envelope from file"
        if len(content) > _LARGEST:
            raise VerificationError(f"{failed}: it has more than {_LARGEST} bytes")
        try:
            envelope = Envelope.parse(content, verifying=True)
        except DocumentError as error:
            raise VerificationError(f"{failed}: failed to unmarshal DSSE envelope: {error}") from None
        members = (
            ("payloadType", envelope.payload_type),
            ("payload", envelope.payload),
            ("signatures", envelope.signatures),
        )
        for name, value in members:
            if not value:
                raise VerificationError(f"{failed}: DSSE envelope missing {name}")
        return (envelope,)
