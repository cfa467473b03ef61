"""What somebody who may push can attach to an image: signatures, attestations and bundles with one fault each.

Each is what a signer would make, by the right key and with an entry of the right log, but for what its name says.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ec_acceptance.testbed.rekor import dsse, hashedrekord
from ec_acceptance.testbed.rekor.entries import canonical
from ec_acceptance.testbed.signing import Layer, digest_of, seal, sign_image, simple_signing, statement, subject
from ec_acceptance.testbed.signing.cosign import BUNDLE, CERTIFICATE, SIGNATURE, ImageSignature
from ec_acceptance.testbed.signing.dsse import ENVELOPE, Envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ec_acceptance.testbed.rekor import Log
    from ec_acceptance.testbed.signing import KeyPair

__all__ = [
    "ATTESTATIONS",
    "BUNDLES",
    "CERTIFICATES",
    "IMAGE_SIGNATURES",
    "LOG_ANSWERS",
    "RsaKeyPair",
    "Signer",
    "bundle_manifest",
    "empty_objects",
    "in_pem",
    "unsigned",
]

_PREDICATE = "https://acceptance.test/predicate/v1"
_BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_EMPTY = "application/vnd.oci.empty.v1+json"
_FULCIO_ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_COUNTRY, _NAME = x509.oid.NameOID.COUNTRY_NAME, x509.oid.NameOID.COMMON_NAME


@dataclass(frozen=True, slots=True)
class RsaKeyPair:
    """An RSA key pair, made by chance: what it signs differs from run to run."""

    name: str
    private: rsa.RSAPrivateKey

    @classmethod
    def generated(cls, name: str, bits: int) -> RsaKeyPair:
        """One with a modulus of so many bits, at least 1,024."""
        return cls(name, rsa.generate_private_key(65537, bits))

    @property
    def public_pem(self) -> str:
        """The public key, PKIX in PEM."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def signature(self, digest: str, reference: str) -> Layer:
        """An image signature by PKCS #1 v1.5 over SHA-256, without log entry."""
        payload = simple_signing(digest, reference)
        return ImageSignature(payload, self.private.sign(payload, padding.PKCS1v15(), hashes.SHA256())).layer()


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs an image: its digest and repository, the key, and the log that gets an entry."""

    digest: str
    reference: str
    key: KeyPair
    log: Log

    def signature(self, payload: bytes | None = None, body: Callable[[bytes, bytes], bytes] | None = None) -> Layer:
        """An image signature over a payload, the usual one by default.

        `body` makes the log entry of the payload and the signature over it.
        """
        made = sign_image(self.digest, self.key, reference=self.reference, payload=payload)
        entry = (body or self._entry)(made.payload, made.signature)
        return made.layer(bundle=self.log.bundle(self.log.add(entry)))

    def certified(self, certificate: str) -> Layer:
        """The usual image signature with a certificate in PEM beside it, which the log entry names as the verifier."""
        layer = self.signature(body=lambda payload, signature: hashedrekord(payload, signature, certificate))
        return Layer(layer.media_type, layer.content, {**layer.annotations, CERTIFICATE: certificate})

    def beside(self, certificate: str) -> Layer:
        """The usual image signature, unlogged, with this text in the place of a certificate beside it."""
        made = sign_image(self.digest, self.key, reference=self.reference)
        return made.layer(annotations={CERTIFICATE: certificate})

    def spelled(self, spelling: Callable[[str], str]) -> Layer:
        """An image signature whose base64 is spelled in another way; it has both characters that alphabets differ by.

        It has one ``=`` at its end.
        """
        for number in range(1000):
            payload = simple_signing(self.digest, self.reference, optional={"number": number})
            layer = self.signature(payload)
            encoded = layer.annotations[SIGNATURE]
            if "+" in encoded and "/" in encoded and encoded.endswith("=") and not encoded.endswith("=="):
                notes = {**layer.annotations, SIGNATURE: spelling(encoded)}
                return Layer(layer.media_type, layer.content, notes)
        raise AssertionError("no signature has all that is wanted")

    def envelope(self, payload: bytes | None = None) -> Envelope:
        """An envelope with a statement about the image, or with this payload."""
        usual = statement(_PREDICATE, {"note": "attached"}, [subject(self.digest, self.reference)])
        return seal(usual if payload is None else payload, [self.key])

    def attestation(self, content: bytes | None = None, body: bytes | None = None) -> Layer:
        """An attestation: the usual envelope or this content, with a log entry of this body or the usual one."""
        content = self.envelope().content if content is None else content
        entry = dsse(content, self.key.public_pem) if body is None else body
        return self.envelope().layer(_PREDICATE, content=content, bundle=self.log.bundle(self.log.add(entry)))

    def bundle(self, note: Callable[[list[str]], list[str]] = list) -> bytes:
        """A bundle with the usual envelope; `note` changes the lines that the log signs as its checkpoint."""
        envelope = json.loads(self.envelope().content)
        entry = self.log.add(dsse(json.dumps(envelope).encode(), self.key.public_pem))
        logged = self.log.in_bundle(entry)
        checkpoint = logged["inclusionProof"]["checkpoint"]
        lines = note(checkpoint["envelope"].partition("\n\n")[0].split("\n"))
        text = "\n".join([*lines, ""])
        signature = base64.b64encode(self.log.key.fingerprint[:4] + self.log.key.sign(text.encode())).decode()
        checkpoint["envelope"] = f"{text}\n\u2014 {self.log.name} {signature}\n"
        material = {"publicKey": {"hint": "known"}, "tlogEntries": [logged]}
        document = {"mediaType": _BUNDLE_TYPE, "verificationMaterial": material, "dsseEnvelope": envelope}
        return json.dumps(document).encode()

    def _entry(self, payload: bytes, signature: bytes) -> bytes:
        return hashedrekord(payload, signature, self.key.public_pem)


def bundle_manifest(content: bytes, subject_digest: str, subject_size: int) -> tuple[bytes, dict[str, bytes]]:
    """The manifest of a bundle that refers to an image, and the blobs it names."""
    empty = b"{}"

    def described(media_type: str, blob: bytes) -> dict[str, Any]:
        return {"mediaType": media_type, "digest": digest_of(blob), "size": len(blob)}

    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "artifactType": _BUNDLE_TYPE,
        "config": described(_EMPTY, empty),
        "layers": [described(_BUNDLE_TYPE, content)],
        "subject": {"mediaType": _MANIFEST, "digest": subject_digest, "size": subject_size},
    }
    return json.dumps(manifest).encode(), {digest_of(empty): empty, digest_of(content): content}


def _payload_with(optional: str) -> Callable[[Signer], Layer]:
    """A signature over a payload with this JSON in `optional`."""

    def made(signer: Signer) -> Layer:
        payload = simple_signing(signer.digest, signer.reference, optional={"note": "$"})
        return signer.signature(payload.replace(b'"$"', optional.encode()))

    return made


def _logged_as(kind: str) -> Callable[[Signer], Layer]:
    """A signature whose log entry is of this kind and otherwise says what it should."""

    def made(signer: Signer) -> Layer:
        def body(payload: bytes, signature: bytes) -> bytes:
            spec = json.loads(hashedrekord(payload, signature, signer.key.public_pem))["spec"]
            spec["signature"]["format"] = "x509"
            return canonical({"apiVersion": "0.0.1", "kind": kind, "spec": spec})

        return signer.signature(body=body)

    return made


def _promised_by_integers(signer: Signer) -> Layer:
    layer = signer.signature()
    bundle = json.loads(layer.annotations[BUNDLE])
    numbers = decode_dss_signature(base64.b64decode(bundle["SignedEntryTimestamp"]))
    bundle["SignedEntryTimestamp"] = base64.b64encode(b"".join(each.to_bytes(32, "big") for each in numbers)).decode()
    return Layer(layer.media_type, layer.content, {**layer.annotations, BUNDLE: json.dumps(bundle)})


IMAGE_SIGNATURES: Mapping[str, Callable[[Signer], Layer]] = {
    "nothing is wrong with": Signer.signature,
    "has more padding than it needs": lambda signer: signer.spelled(lambda text: f"{text}="),
    "lacks its padding": lambda signer: signer.spelled(lambda text: text.rstrip("=")),
    "has a blank in its base64": lambda signer: signer.spelled(lambda text: f"{text[:8]} {text[8:]}"),
    "has a line separator of Unicode in its base64": lambda signer: signer.spelled(lambda text: f"{text}\u2028"),
    "is in the alphabet for URLs": lambda signer: signer.spelled(
        lambda text: text.translate(str.maketrans("+/", "-_"))
    ),
    "signs a number beyond all floats": _payload_with("1e999"),
    "signs a number of 5,000 digits": _payload_with("9" * 5000),
    "signs NaN": _payload_with("NaN"),
    "is logged by an entry of kind rekord": _logged_as("rekord"),
    "is logged by an entry of kind jar": _logged_as("jar"),
    "has a promise in the form of two integers": _promised_by_integers,
}
"""What is wrong with an image signature → how it is made."""


def _certificate(name: x509.Name, issuer: bytes = b"\x0c\x04test") -> Callable[[KeyPair], bytes]:
    def made(key: KeyPair) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(x509.Name([x509.NameAttribute(_NAME, "acceptance")]))
            .public_key(key.private.public_key())
            .serial_number(1)
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
            .add_extension(x509.UnrecognizedExtension(_FULCIO_ISSUER, issuer), critical=False)
        )
        return builder.sign(key.private, hashes.SHA256()).public_bytes(Encoding.DER)

    return made


_PLAIN = _certificate(x509.Name([x509.NameAttribute(_COUNTRY, "XX"), x509.NameAttribute(_NAME, "somebody")]))


def _changed(old: bytes, new: bytes) -> Callable[[KeyPair], bytes]:
    """The plain certificate with these bytes changed once; its signature holds no more, which nobody looks at."""

    def made(key: KeyPair) -> bytes:
        plain = _PLAIN(key)
        assert plain.count(old) >= 1
        return plain.replace(old, new, 1)

    return made


def in_pem(label: str, der: bytes) -> str:
    """The bytes as a block of PEM."""
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"


CERTIFICATES: Mapping[str, Callable[[KeyPair], bytes]] = {
    "a country of one letter and a NUL": _changed(b"\x13\x02XX", b"\x13\x02X\x00"),
    "a name of bytes that are no text": _changed(b"\x0c\x08somebody", b"\x0c\x08some\xff\xfe\xfd\xfc"),
    "a name in a string type that nobody uses": _changed(b"\x0c\x08somebody", b"\x1c\x08somebody"),
    "version 5": _changed(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x04"),
    "a negative serial number": _changed(b"\x02\x01\x01", b"\x02\x01\xff"),
    "a date that isn't in the calendar": _changed(b"200101000000Z", b"200231000000Z"),
    "an issuer that is no UTF8String": _certificate(x509.Name([]), b"\x0c\x7fx"),
}
"""What is odd about a certificate for a key → its DER."""


def _in_envelope(change: Callable[[dict[str, Any]], object]) -> Callable[[Signer], Layer]:
    def made(signer: Signer) -> Layer:
        document = json.loads(signer.envelope().content)
        change(document)
        return signer.attestation(json.dumps(document).encode())

    return made


def _more_padding(text: str) -> str:
    return text + ("=" if text.endswith("=") else "==")


def _logged_as_payload(signer: Signer) -> Layer:
    content = signer.envelope().content
    return signer.attestation(content, hashedrekord(content, signer.key.sign(content), signer.key.public_pem))


def _number(signer: Signer) -> Layer:
    payload = statement(_PREDICATE, {"note": "$"}, [subject(signer.digest, signer.reference)])
    return signer.attestation(signer.envelope(payload.replace(b'"$"', b"1e999")).content)


def empty_objects(size: int) -> bytes:
    """An unsigned JSON text of about so many bytes, of as many values as can be."""
    return b"[{}" + b",{}" * (size // 3) + b"]"


ATTESTATIONS: Mapping[str, Callable[[Signer], Layer]] = {
    "nothing is wrong with": Signer.attestation,
    "has a payload with more padding than it needs": _in_envelope(
        lambda envelope: envelope.update(payload=_more_padding(envelope["payload"]))
    ),
    "has a signature with more padding than it needs": _in_envelope(
        lambda envelope: envelope["signatures"][0].update(sig=_more_padding(envelope["signatures"][0]["sig"]))
    ),
    "is logged by an entry for payloads": _logged_as_payload,
    "signs a number beyond all floats": _number,
    "has a member that is nested 40,000 levels deep": lambda _: unsigned(
        b'{"payloadType":"","more":' + b"[" * 40_000 + b"]" * 40_000 + b"}"
    ),
}
"""What is wrong with an attestation → how it is made."""


def unsigned(content: bytes) -> Layer:
    """Any content as an attestation that nobody signed."""
    return Layer(ENVELOPE, content, {SIGNATURE: "", "predicateType": _PREDICATE})


def _size(text: Callable[[str], str]) -> Callable[[Signer], bytes]:
    """A bundle whose checkpoint has the tree's size written in another way."""
    return lambda signer: signer.bundle(lambda lines: [lines[0], text(lines[1]), *lines[2:]])


BUNDLES: Mapping[str, Callable[[Signer], bytes]] = {
    "nothing is wrong with": Signer.bundle,
    "has a checkpoint with a size in Arabic digits": _size(
        lambda size: "".join(chr(0x0660 + int(digit)) for digit in size)
    ),
    "has a checkpoint with a size with an underscore": _size(lambda size: f"0_{size}"),
    "has a checkpoint with a size with a sign": _size(lambda size: f"+{size}"),
    "has a checkpoint with a size after a blank": _size(lambda size: f" {size}"),
    "has a checkpoint with lines that end in other characters": lambda signer: signer.bundle(
        lambda lines: ["\x85".join(lines)]
    ),
    "has the hash in its checkpoint with more padding than it needs": lambda signer: signer.bundle(
        lambda lines: [*lines[:2], f"{lines[2]}=", *lines[3:]]
    ),
    "is unsigned and 60 MB of empty objects": lambda _: empty_objects(60_000_000),
}
"""What is wrong with a bundle → its content."""

LOG_ANSWERS: Mapping[str, bytes] = {
    "a place of 5,000 digits": b'[{"%b":{"logIndex":%b}}]' % (b"0" * 64, b"9" * 5000),
    "30 MB of empty objects": empty_objects(30_000_000),
    "40,000 levels of lists": b"[" * 40_000 + b"]" * 40_000,
    "a proof whose hash is no hash": (
        b'[{"%b":{"body":"","verification":{"inclusionProof":{"logIndex":0,"treeSize":2,"hashes":["0 0"]}}}}]'
        % hashlib.sha256(b"\0").hexdigest().encode()
    ),
}
"""What a log answers that isn't one of ours → the body."""
