"""What a log stores of a signature: bodies in canonical JSON, and how they follow from what a client proposes.

Source: specification 30 §6, specification 20 §7; RFC 8785.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from ec_acceptance.testbed.signing.dsse import pae

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["EntryError", "canonical", "canonicalize", "dsse", "extract_payload", "hashedrekord", "intoto", "intoto_v2"]


_T = TypeVar("_T")


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
    return _body("intoto", {"content": content, "publicKey": _encode(verifier)})


def dsse(envelope: bytes, verifier: str, *, signatures: Sequence[int] | None = None) -> bytes:
    """The body of kind dsse 0.0.1 for the bytes of an envelope; of all its signatures, or those at these places."""
    document = json.loads(envelope)
    listed = document["signatures"]
    chosen = listed if signatures is None else [listed[at] for at in signatures]
    return _dsse(envelope, document, [(one["sig"], verifier) for one in chosen])


def intoto_v2(envelope: bytes, verifier: str) -> bytes:
    """The body of kind intoto 0.0.2 for the bytes of an envelope: its signatures, but not its payload.

    Signatures stand in it as clients propose them: the base64 of their base64.
    """
    document = json.loads(envelope)
    signatures = [{"publicKey": _encode(verifier), "sig": _encode(one["sig"])} for one in document["signatures"]]
    return _intoto_v2(document["payloadType"], signatures, _hash(envelope), base64.b64decode(document["payload"]))


def extract_payload(proposed: Any) -> bytes | None:
    """What a log keeps beside a proposed entry: the payload of one of kind intoto 0.0.2, else None."""
    if (proposed.get("kind"), proposed.get("apiVersion")) != ("intoto", "0.0.2"):
        return None
    return _bytes(_bytes(_at(proposed, str, "spec", "content", "envelope", "payload")).decode())


def canonicalize(proposed: Any) -> bytes:
    """The body that a log makes of a proposed entry (JSON), after it verified its signatures.

    Raises:
        EntryError: not an entry of a known kind, or a signature that doesn't verify.
    """
    try:
        kind, version = _at(proposed, str, "kind"), _at(proposed, str, "apiVersion")
        make = _KINDS.get((kind, version))
        if make is None:
            raise EntryError(f"{kind} {version} is unknown")
        return make(_at(proposed, dict, "spec"))
    except InvalidSignature:
        reason = "verifying signature: invalid signature when validating ASN.1 encoded signature"
    except (ValueError, UnsupportedAlgorithm) as error:
        reason = str(error)
    raise EntryError(f"unmarshalling entry: {reason}")


def _at(document: Any, kind: type[_T], *path: str) -> _T:
    """What the document has at a path of members."""
    found = document
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, kind):
        raise EntryError(f"{'.'.join(path)} in body is required")
    return found


def _hash(data: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _body(kind: str, spec: Mapping[str, Any], version: str = "0.0.1") -> bytes:
    return canonical({"apiVersion": version, "kind": kind, "spec": spec})


def _intoto_v2(
    payload_type: str, signatures: Sequence[Mapping[str, str]], digest: Mapping[str, str], payload: bytes
) -> bytes:
    envelope = {"payloadType": payload_type, "signatures": signatures}
    content = {"envelope": envelope, "hash": digest, "payloadHash": _hash(payload)}
    return _body("intoto", {"content": content}, "0.0.2")


def _hashedrekord(digest: Mapping[str, str], signature: str, verifier: str) -> bytes:
    content = {"content": signature, "publicKey": {"content": _encode(verifier)}}
    return _body("hashedrekord", {"data": {"hash": digest}, "signature": content})


def _dsse(envelope: bytes, document: Mapping[str, Any], signatures: Sequence[tuple[str, str]]) -> bytes:
    listed = [{"signature": text, "verifier": _encode(verifier)} for text, verifier in sorted(signatures)]
    payload = base64.b64decode(document["payload"])
    return _body("dsse", {"envelopeHash": _hash(envelope), "payloadHash": _hash(payload), "signatures": listed})


def _of_hashedrekord(spec: Mapping[str, Any]) -> bytes:
    algorithm = _at(spec, str, "data", "hash", "algorithm")
    if algorithm != "sha256":
        raise EntryError(f"unsupported hash algorithm {algorithm}")
    value, signature = _at(spec, str, "data", "hash", "value"), _at(spec, str, "signature", "content")
    verifier = _pem(_at(spec, str, "signature", "publicKey", "content"))
    _verify(verifier, _bytes(signature), digest=bytes.fromhex(value))
    return _hashedrekord({"algorithm": "sha256", "value": value.lower()}, signature, verifier)


def _of_intoto(spec: Mapping[str, Any]) -> bytes:
    envelope, verifier = _at(spec, str, "content", "envelope").encode(), _pem(_at(spec, str, "publicKey"))
    _verify_signatures(json.loads(envelope), [verifier])
    return intoto(envelope, verifier)


def _of_intoto_v2(spec: Mapping[str, Any]) -> bytes:
    """Payload and signatures come as the base64 of the envelope's own base64, keys as that of their PEM."""
    envelope = _at(spec, dict, "content", "envelope")
    payload_type, payload = _at(envelope, str, "payloadType"), _bytes(_at(envelope, str, "payload")).decode()
    listed = _at(envelope, list, "signatures")
    signatures = [{"sig": _bytes(_at(one, str, "sig")).decode()} for one in listed]
    verifiers = [_pem(_at(one, str, "publicKey")) for one in listed]
    whole = {"payloadType": payload_type, "payload": payload, "signatures": signatures}
    if len(_verify_signatures(whole, verifiers)) < len(listed):
        raise EntryError("all signatures must have a key that verifies it")
    kept = [
        {**({"keyid": one["keyid"]} if one.get("keyid") else {}), "publicKey": _encode(pem), "sig": one["sig"]}
        for one, pem in zip(listed, verifiers, strict=True)
    ]
    return _intoto_v2(payload_type, kept, _at(spec, dict, "content", "hash"), _bytes(payload))


def _of_dsse(spec: Mapping[str, Any]) -> bytes:
    envelope = _at(spec, str, "proposedContent", "envelope").encode()
    verifiers = [_pem(text) for text in _at(spec, list, "proposedContent", "verifiers")]
    document = json.loads(envelope)
    accepted = _verify_signatures(document, verifiers)
    if len(accepted) < len(document["signatures"]):
        raise EntryError("all signatures must have a key that verifies it")
    return _dsse(envelope, document, accepted)


_KINDS = {
    ("hashedrekord", "0.0.1"): _of_hashedrekord,
    ("intoto", "0.0.1"): _of_intoto,
    ("intoto", "0.0.2"): _of_intoto_v2,
    ("dsse", "0.0.1"): _of_dsse,
}


def _verify_signatures(envelope: Any, verifiers: Sequence[str]) -> list[tuple[str, str]]:
    """The envelope's signatures that verify, at least one, each with its verifier."""
    signed = pae(_at(envelope, str, "payloadType"), _bytes(_at(envelope, str, "payload")))
    texts = [_at(one, str, "sig") for one in _at(envelope, list, "signatures")]
    by = {text: next((one for one in verifiers if _verifies(one, _bytes(text), signed)), None) for text in texts}
    if found := [(text, verifier) for text in texts if (verifier := by[text]) is not None]:
        return found
    raise EntryError("could not verify envelope: accepted signatures do not match threshold, Found: 0, Expected 1")


def _verifies(verifier: str, signature: bytes, data: bytes) -> bool:
    try:
        _verify(verifier, signature, data=data)
    except InvalidSignature:
        return False
    return True


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
