"""What a log stores of a signature: bodies in canonical JSON, and how they follow from what a client proposes.

Source: specification 30 §6, specification 20 §7; RFC 8785.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from ec_acceptance.testbed.signing.dsse import pae

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["EntryError", "canonical", "canonicalized", "dsse", "hashedrekord", "intoto"]


class EntryError(ValueError):
    """A proposed entry that a log refuses; the text is the reason."""


def canonical(document: Any) -> bytes:
    """Canonical JSON: members sorted, no spaces. For texts, whole numbers and what is made of them."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def hashedrekord(payload: bytes, signature: bytes, verifier: str) -> bytes:
    """The body for a signature over a payload; `verifier` is the PEM of a public key or certificate."""
    return _hashedrekord(_hash(payload), base64.b64encode(signature).decode(), verifier)


def intoto(envelope: bytes, verifier: str) -> bytes:
    """The body of kind intoto 0.0.1 for the bytes of an envelope."""
    payload = base64.b64decode(json.loads(envelope)["payload"])
    content = {"hash": _hash(envelope), "payloadHash": _hash(payload)}
    return _body("intoto", {"content": content, "publicKey": _encoded(verifier)})


def dsse(envelope: bytes, verifier: str, *, signatures: Sequence[int] | None = None) -> bytes:
    """The body of kind dsse 0.0.1 for the bytes of an envelope; of all its signatures, or those at these places."""
    document = json.loads(envelope)
    listed = document["signatures"]
    chosen = listed if signatures is None else [listed[at] for at in signatures]
    return _dsse(envelope, document, [(one["sig"], verifier) for one in chosen])


def canonicalized(proposed: Mapping[str, Any]) -> bytes:
    """The body that a log makes of a proposed entry, after it verified its signatures.

    Raises:
        EntryError: not an entry of a known kind, or a signature that doesn't verify.
    """
    try:
        make = _KINDS[proposed["kind"], proposed["apiVersion"]]
        return make(proposed["spec"])
    except InvalidSignature:
        raise EntryError(
            "unmarshalling entry: verifying signature: invalid signature when validating ASN.1 encoded signature"
        ) from None
    except EntryError as error:
        raise EntryError(f"unmarshalling entry: {error}") from None
    except KeyError as error:
        raise EntryError(f"entry lacks or has an unknown {error.args[0]!r}") from None
    except (TypeError, AttributeError, ValueError, UnsupportedAlgorithm) as error:
        raise EntryError(f"unmarshalling entry: {error}") from None


def _hash(data: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _body(kind: str, spec: Mapping[str, Any]) -> bytes:
    return canonical({"apiVersion": "0.0.1", "kind": kind, "spec": spec})


def _hashedrekord(digest: Mapping[str, str], signature: str, verifier: str) -> bytes:
    content = {"content": signature, "publicKey": {"content": _encoded(verifier)}}
    return _body("hashedrekord", {"data": {"hash": digest}, "signature": content})


def _dsse(envelope: bytes, document: Mapping[str, Any], signatures: Sequence[tuple[str, str]]) -> bytes:
    listed = [{"signature": text, "verifier": _encoded(verifier)} for text, verifier in sorted(signatures)]
    payload = base64.b64decode(document["payload"])
    return _body("dsse", {"envelopeHash": _hash(envelope), "payloadHash": _hash(payload), "signatures": listed})


def _of_hashedrekord(spec: Mapping[str, Any]) -> bytes:
    digest, signature = spec["data"]["hash"], spec["signature"]["content"]
    if digest["algorithm"] != "sha256":
        raise EntryError(f"unsupported hash algorithm {digest['algorithm']}")
    verifier = _pem(spec["signature"]["publicKey"]["content"])
    _verify(verifier, _bytes(signature), digest=bytes.fromhex(digest["value"]))
    return _hashedrekord({"algorithm": "sha256", "value": digest["value"].lower()}, signature, verifier)


def _of_intoto(spec: Mapping[str, Any]) -> bytes:
    envelope, verifier = spec["content"]["envelope"].encode(), _pem(spec["publicKey"])
    _accepted(json.loads(envelope), [verifier], every=False)
    return intoto(envelope, verifier)


def _of_dsse(spec: Mapping[str, Any]) -> bytes:
    content = spec["proposedContent"]
    envelope = content["envelope"].encode()
    document = json.loads(envelope)
    return _dsse(envelope, document, _accepted(document, [_pem(text) for text in content["verifiers"]], every=True))


_KINDS = {
    ("hashedrekord", "0.0.1"): _of_hashedrekord,
    ("intoto", "0.0.1"): _of_intoto,
    ("dsse", "0.0.1"): _of_dsse,
}


def _accepted(envelope: Mapping[str, Any], verifiers: Sequence[str], *, every: bool) -> list[tuple[str, str]]:
    """The envelope's signatures that verify, each with its verifier; `every` one must have one."""
    signed = pae(envelope["payloadType"], _bytes(envelope["payload"]))
    found = []
    for listed in envelope["signatures"]:
        for verifier in verifiers:
            try:
                _verify(verifier, _bytes(listed["sig"]), data=signed)
            except InvalidSignature:
                continue
            found.append((listed["sig"], verifier))
            break
        else:
            if every:
                raise EntryError("could not verify envelope: all signatures must have a key that verifies it")
    if not found:
        raise EntryError("could not verify envelope: no signature is by the given key")
    return found


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _pem(text: str) -> str:
    """The PEM of a key or certificate, in its one canonical form."""
    pem = _bytes(text)
    if b"BEGIN CERTIFICATE" in pem:
        return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.PEM).decode()
    return load_pem_public_key(pem).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _verify(verifier: str, signature: bytes, *, data: bytes = b"", digest: bytes | None = None) -> None:
    pem = verifier.encode()
    key = x509.load_pem_x509_certificate(pem).public_key() if "CERTIFICATE" in verifier else load_pem_public_key(pem)
    algorithm = hashes.SHA256() if digest is None else utils.Prehashed(hashes.SHA256())
    signed = data if digest is None else digest
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(algorithm))
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, padding.PKCS1v15(), algorithm)
    elif isinstance(key, ed25519.Ed25519PublicKey) and digest is None:
        key.verify(signature, data)
    else:
        raise EntryError("unsupported public key type")
