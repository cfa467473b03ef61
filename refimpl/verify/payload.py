"""What an image signature claims: simple signing (specification 20 §4.1)."""

from __future__ import annotations

from typing import Any

from refimpl.errors import VerificationError
from refimpl.golang.document import DocumentError, parse
from refimpl.golang.typed import ANY, STRING, Struct, Table, decode_struct

_CRITICAL = Struct.of(
    "payload.Critical",
    identity=Struct.of("payload.Identity", **{"docker-reference": STRING}),
    image=Struct.of("payload.Image", **{"docker-manifest-digest": STRING}),
    type=STRING,
)
_PAYLOAD = Struct.of("payload.SimpleContainerImage", critical=_CRITICAL, optional=Table("map[string]interface {}", ANY))


def check_claim(payload: bytes, digest: str) -> None:
    """Check that the payload names the image; nothing else in it matters but its types.

    Raises:
        VerificationError: it names another one or none, or isn't such a payload.
    """
    try:
        document: Any = decode_struct(parse(payload), _PAYLOAD)
    except DocumentError as error:
        raise VerificationError(str(error)) from None
    claimed = ((document.get("critical") or {}).get("image") or {}).get("docker-manifest-digest", "")
    if claimed != digest:
        raise VerificationError(f"invalid or missing digest in claim: {claimed}")
