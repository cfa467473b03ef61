"""What a VSA's envelope holds: a statement of one subject, and its signature (specification 24 §14)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from refimpl.golang import jsontext
from refimpl.golang.numbers import as_float64
from refimpl.verify.dsse import IN_TOTO, pae

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.vsa.signing_key import SigningKey

PREDICATE_TYPE = "https://conforma.dev/verification_summary/v1"
_STATEMENT_TYPE = "https://in-toto.io/Statement/v0.1"


def signed_statement(predicate: Mapping[str, Any], *, name: str, digest: str, key: SigningKey) -> bytes:
    """An envelope around the statement that the predicate is about `name` with this digest (``sha256:<hex>``)."""
    statement = {
        "_type": _STATEMENT_TYPE,
        "predicate": _plain(predicate),
        "predicateType": PREDICATE_TYPE,
        "subject": [{"digest": {"sha256": digest.removeprefix("sha256:")}, "name": name}],
    }
    payload = jsontext.encode(statement)
    signature = base64.b64encode(key.sign(pae(IN_TOTO, payload))).decode()
    return jsontext.encode(
        {
            "payloadType": IN_TOTO,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [{"keyid": "", "sig": signature}],
        }
    )


def _plain(predicate: Mapping[str, Any]) -> Any:
    """As it is read back from its file: members sorted, numbers as 64-bit floats."""
    return as_float64(jsontext.loads(jsontext.dumps(predicate)))
