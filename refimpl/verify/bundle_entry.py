"""Entries of transparency logs as bundles have them (specification 20 §6.4; ``sigstore_rekor.proto`` as JSON)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from refimpl.errors import VerificationError
from refimpl.golang.document import DocumentError
from refimpl.record import record
from refimpl.verify import pem
from refimpl.verify.entry import Entry, UnsupportedKindError
from refimpl.verify.protojson import BYTES, INT64, STRING, Enum, Message, read

if TYPE_CHECKING:
    from collections.abc import Mapping

HASH = Message(
    {
        "algorithm": Enum(
            frozenset({"HASH_ALGORITHM_UNSPECIFIED", "SHA2_256", "SHA2_384", "SHA2_512", "SHA3_256", "SHA3_384"})
        ),
        "digest": BYTES,
    }
)
ENTRY = Message(
    {
        "logIndex": INT64,
        "logId": Message({"keyId": BYTES}),
        "kindVersion": Message({"kind": STRING, "version": STRING}),
        "integratedTime": INT64,
        "inclusionPromise": Message({"signedEntryTimestamp": BYTES}),
        "inclusionProof": Message(
            {
                "logIndex": INT64,
                "rootHash": BYTES,
                "treeSize": INT64,
                "hashes": [BYTES],
                "checkpoint": Message({"envelope": STRING}),
            }
        ),
        "canonicalizedBody": BYTES,
    }
)

_KEY_DETAILS = Enum(
    frozenset(
        {
            "PUBLIC_KEY_DETAILS_UNSPECIFIED",
            *(f"PKCS1_RSA_{scheme}" for scheme in ("PKCS1V5", "PSS")),
            *(f"PKIX_RSA_{scheme}" for scheme in ("PKCS1V5", "PSS")),
            *(f"PKIX_RSA_PKCS1V15_{bits}_SHA256" for bits in (2048, 3072, 4096)),
            *(f"PKIX_RSA_PSS_{bits}_SHA256" for bits in (2048, 3072, 4096)),
            *(f"PKIX_ECDSA_P256_{rest}" for rest in ("SHA_256", "HMAC_SHA_256")),
            *(f"PKIX_ECDSA_{rest}" for rest in ("P384_SHA_384", "P521_SHA_512", "P384_SHA_256", "P521_SHA_256")),
            *("PKIX_ED25519", "PKIX_ED25519_PH", "LMS_SHA256", "LMOTS_SHA256"),
            *("ML_DSA_44", "ML_DSA_65", "ML_DSA_87"),
        }
    )
)
# https://github.com/sigstore/rekor-tiles, api/proto/rekor/v2.
_SIGNATURE = Message(
    {
        "content": BYTES,
        "verifier": Message(
            {
                "publicKey": Message({"rawBytes": BYTES}),
                "x509Certificate": Message({"rawBytes": BYTES}),
                "keyDetails": _KEY_DETAILS,
            },
            oneof=frozenset({"publicKey", "x509Certificate"}),
        ),
    }
)
_TILED = Message(
    {
        "kind": STRING,
        "apiVersion": STRING,
        "spec": Message(
            {
                "hashedRekordV002": Message({"data": HASH, "signature": _SIGNATURE}),
                "dsseV002": Message({"payloadHash": HASH, "signatures": [_SIGNATURE]}, as_declared=True),
            },
            oneof=frozenset({"hashedRekordV002", "dsseV002"}),
        ),
    }
)


@record
class Logged:
    """What an entry's body says was logged.

    Attributes:
        signature: the first one.
        verifier: DER of the key or certificate that belongs to it.
        tiled: whether the body is of Rekor's second version, whose logs sign no timestamps of entries.
        refusal: why such an entry proves nothing; empty when it does.
    """

    signature: bytes = b""
    verifier: bytes = b""
    tiled: bool = False
    refusal: str = ""


@record
class InclusionProof:
    """That an entry is in the tree.

    Attributes:
        index: of its leaf.
        checkpoint: the tree's head as a signed note.
    """

    index: int
    tree_size: int
    root: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str


@record
class BundleEntry:
    """A log entry.

    Attributes:
        log_id: lower-case hexadecimal.
        index: in the whole log.
        integrated_time: seconds since the epoch; 0 when the log doesn't tell.
        signed_timestamp: the log's (SET); empty without one.
        logged: what `body` says.
    """

    log_id: str
    index: int
    integrated_time: int
    signed_timestamp: bytes
    proof: InclusionProof | None
    body: bytes
    logged: Logged

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> BundleEntry:
        """The entry with these members.

        Raises:
            DocumentError: one is missing, or the body is none that logs have.
        """
        log_id = members.get("logId", {}).get("keyId", b"")
        index, body = members.get("logIndex", 0), members.get("canonicalizedBody", b"")
        if not body or index < 0 or not log_id or "kindVersion" not in members:
            raise DocumentError("nil value in transaction log entry")
        proof = members.get("inclusionProof")
        return cls(
            log_id.hex(),
            index,
            members.get("integratedTime", 0),
            members.get("inclusionPromise", {}).get("signedEntryTimestamp", b""),
            None if proof is None else _proof(proof),
            body,
            _read_logged(body),
        )


def _proof(members: Mapping[str, Any]) -> InclusionProof:
    checkpoint = members.get("checkpoint", {}).get("envelope", "")
    if not checkpoint:
        raise DocumentError("inclusion proof missing required checkpoint")
    return InclusionProof(
        members.get("logIndex", 0),
        members.get("treeSize", 0),
        members.get("rootHash", b""),
        tuple(members.get("hashes", ())),
        checkpoint,
    )


def _read_logged(body: bytes) -> Logged:
    """Read a body of the second version of Rekor or of the first one.

    Raises:
        DocumentError: it is neither.
    """
    try:
        return _read_tiled(read(body, _TILED))
    except DocumentError:
        pass
    try:
        entry = Entry.parse(body)
    except UnsupportedKindError as error:
        return Logged(refusal=f"unsupported entry type: *{error.kind}.V001Entry")
    except VerificationError as error:
        raise DocumentError(f"entry body is not a recognizable Rekor v1 or Rekor v2 type: {error}") from None
    if entry.signatures is None:
        return Logged(refusal=f"unsupported entry type: *{entry.kind}.V001Entry")
    block = pem.first(entry.verifiers[0])
    return Logged(base64.b64decode(entry.signatures[0]), block.der if block else b"")


def _read_tiled(members: Mapping[str, Any]) -> Logged:
    spec = members.get("spec", {})
    if "hashedRekordV002" in spec:
        body = spec["hashedRekordV002"]
        signature = body.get("signature", {})
        found = {
            "signature": signature.get("content"),
            "verifier": "verifier" in signature,
            "digest": "data" in body,
        }
    elif "dsseV002" in spec:
        body = spec["dsseV002"]
        signature = next(iter(body.get("signatures", ())), {})
        found = {"payload": "payloadHash" in body, "signatures": body.get("signatures")}
    else:
        return Logged(tiled=True, refusal="transparency log signature does not match")
    verifier = signature.get("verifier", {})
    der = next(
        (verifier[kind].get("rawBytes", b"") for kind in ("publicKey", "x509Certificate") if kind in verifier), None
    )
    found |= {"signature public key or X.509 certificate": der is not None, "raw bytes": der}
    missing = next((name for name, value in found.items() if not value), "")
    return Logged(
        signature.get("content", b""), der or b"", tiled=True, refusal=f"missing {missing}" if missing else ""
    )
