"""Each byte of what is attached to images, changed and cut: it says the same, or is refused by an error of ours."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from nesting import nested
from samples import (
    DIGEST,
    IMAGE,
    KNOWN,
    LOG,
    V02,
    FakeRegistry,
    attestation_layer,
    encode,
    public,
    signature_layer,
    statement,
)
from test_certificate import certificate

from ec_acceptance.testbed.fixtures.attachments import BUNDLES, CERTIFICATES, Signer, in_pem
from ec_acceptance.testbed.rekor import Log, dsse, hashedrekord
from ec_acceptance.testbed.signing import simple_signing
from refimpl.errors import Error, VerificationError
from refimpl.golang.document import DocumentError, parse
from refimpl.verify import merkle, pem
from refimpl.verify.bundle import Bundle
from refimpl.verify.bundled import verify
from refimpl.verify.certificate import parse_certificates
from refimpl.verify.checkpoint import check_checkpoint
from refimpl.verify.cosign import Verifier
from refimpl.verify.dsse import Envelope, read_envelope
from refimpl.verify.entry import Entry
from refimpl.verify.keys import parse_public_key
from refimpl.verify.payload import check_claim
from refimpl.verify.rekor import RekorClient
from refimpl.verify.slsa import PROVENANCE
from refimpl.verify.statement import read_header
from refimpl.verify.transparency_log import Evidence, SignedEntryTimestamp, TransparencyLog
from refimpl.verify.trust import LogKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PAYLOAD = simple_signing(DIGEST, "x")
_SAN = x509.SubjectAlternativeName([x509.DNSName("a.test"), x509.RFC822Name("a@b.test")])
_FULCIO = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), b"\x0c\x02ab")
_CERTIFICATE = pem.split(certificate(_SAN, _FULCIO, subject=x509.Name.from_rfc4514_string("CN=c,C=XX")))[0][0].der
_ATTESTATION = attestation_layer()


def _log() -> Log:
    log = Log(LOG, clock=lambda: 1_704_067_260)
    log.add(b"first")
    return log


def _bundle() -> bytes:
    return BUNDLES["is valid"](Signer(DIGEST, "x", KNOWN, _log()))


def _read_bundle(data: bytes) -> object:
    return verify([Bundle.parse(data)], DIGEST, public(KNOWN), LogKeys(public(LOG)))


def _read_certificate(der: bytes) -> object:
    (leaf,) = parse_certificates(in_pem("CERTIFICATE", der))
    return leaf.facts()


def _read_checkpoint(data: bytes) -> object:
    log = _log()
    root = bytes.fromhex(log.root())
    size_and_root = log.size, root
    check_checkpoint(data.decode("utf-8", "replace"), public(LOG), size=log.size, root=root)
    return size_and_root


def _read_statement(data: bytes) -> object:
    document = parse(data)
    return read_header(document), PROVENANCE[V02].read(document)


_READERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "certificate": (_read_certificate, _CERTIFICATE),
    "certificate in PEM": (
        lambda data: parse_certificates(data.decode("latin-1")),
        in_pem("CERTIFICATE", _CERTIFICATE).encode(),
    ),
    "key": (lambda data: parse_public_key(in_pem("PUBLIC KEY", data)), KNOWN.public_der),
    "key in PEM": (lambda data: parse_public_key(data.decode("latin-1")), KNOWN.public_pem.encode()),
    "signature": (lambda data: public(KNOWN).verify(data, _PAYLOAD), KNOWN.sign(_PAYLOAD)),
    "payload": (lambda data: check_claim(data, DIGEST), _PAYLOAD),
    "envelope": (lambda data: read_envelope(data).verify(public(KNOWN)), _ATTESTATION.content),
    "statement": (_read_statement, encode(statement(V02))),
    "entry for payloads": (Entry.parse, hashedrekord(_PAYLOAD, KNOWN.sign(_PAYLOAD), KNOWN.public_pem)),
    "entry for envelopes": (Entry.parse, dsse(_ATTESTATION.content, KNOWN.public_pem)),
    "entry timestamp": (
        lambda data: SignedEntryTimestamp.parse(data.decode("latin-1")),
        json.dumps(_log().bundle(_log().add(b"first"))).encode(),
    ),
    "checkpoint": (_read_checkpoint, _log().checkpoint().encode()),
    "bundle": (_read_bundle, _bundle()),
}


def _damaged(data: bytes) -> Iterator[bytes]:
    for place in range(len(data)):
        yield data[:place]
        for mask in (0x01, 0x20, 0x80, 0xFF):
            yield data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :]


@pytest.mark.parametrize("name", _READERS)
def test_what_is_damaged_is_refused_by_errors_of_ours(name: str) -> None:
    read, whole = _READERS[name]
    read(whole)
    refused = 0
    for damaged in _damaged(whole):
        try:
            read(damaged)
        except (Error, DocumentError):
            refused += 1
    assert refused >= len(whole)  # each cut, at least


@pytest.mark.parametrize("name", ["signature", "envelope", "checkpoint"])
def test_what_is_signed_says_the_same_or_nothing(name: str) -> None:
    read, whole = _READERS[name]
    said = read(whole)
    for damaged in _damaged(whole):
        with contextlib.suppress(VerificationError):
            assert read(damaged) == said


@pytest.mark.parametrize("oddity", CERTIFICATES)
def test_odd_certificates_are_refused(oddity: str) -> None:
    with pytest.raises(VerificationError, match=r"^(x509|asn1): "):
        _read_certificate(CERTIFICATES[oddity](KNOWN))


_JSON = nested(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["QQ==", "00", "1", "-1", "rekord", "hashedrekord", 10**30, -(1 << 63), 1 << 63]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in pairs:
        yield from _places(member, (*path, name))


def _replace_with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _replace_with(value[path[0]], path[1:], new)
    return copy


def _answer() -> bytes:
    log = _log()
    entry = log.add(hashedrekord(_PAYLOAD, KNOWN.sign(_PAYLOAD), KNOWN.public_pem))
    return json.dumps([{log.uuid(entry): log.describe(entry)}]).encode()


def _read_answer(data: bytes) -> object:
    class Answering(RekorClient):
        def __init__(self) -> None:
            pass

        def _answer(self, _: bytes) -> tuple[int, str, bytes]:
            return 200, "application/json", data

    signature = base64.b64encode(KNOWN.sign(_PAYLOAD)).decode()
    evidence = Evidence(_PAYLOAD, signature, KNOWN.public_pem, public(KNOWN), None, is_attestation=False)
    return TransparencyLog(LogKeys(public(LOG)), Answering()).check(evidence, None)


_DOCUMENTS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    **{name: _READERS[name] for name in _READERS if _READERS[name][1].startswith(b"{")},
    "answer of the log": (_read_answer, _answer()),
}


@pytest.mark.parametrize("name", _DOCUMENTS)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_odd_values_anywhere_are_refused_by_errors_of_ours(name: str, data: st.DataObject) -> None:
    read, whole = _DOCUMENTS[name]
    document = json.loads(whole)
    path = data.draw(st.sampled_from(list(_places(document))))
    with contextlib.suppress(Error, DocumentError):
        read(json.dumps(_replace_with(document, path, data.draw(_JSON))).encode())


@pytest.mark.parametrize("digits", [b"9" * 5000, b"-" + b"9" * 5000, b"1e999", b"1" * 400, b"9223372036854775808"])
@pytest.mark.parametrize("name", ["answer of the log", "bundle"])
def test_numbers_beyond_measure_are_refused_wherever_one_is_wanted(name: str, digits: bytes) -> None:
    read, whole = _DOCUMENTS[name]
    document = json.loads(whole)
    for path in _places(document):
        changed = json.dumps(_replace_with(document, path, "$")).encode().replace(b'"$"', digits)
        if path:
            with pytest.raises((Error, DocumentError)):
                read(changed)


@given(st.integers(), st.integers(), st.lists(st.binary(max_size=40), max_size=70))
def test_proofs_of_any_numbers_are_refused(index: int, size: int, hashes: list[bytes]) -> None:
    with pytest.raises(VerificationError):
        merkle.check_inclusion(bytes(32), index, size, hashes, bytes(33))


def test_a_signature_with_each_annotation_damaged_is_refused_or_the_same() -> None:
    layer = signature_layer(annotations={"dev.sigstore.cosign/certificate": in_pem("CERTIFICATE", _CERTIFICATE)})
    for name, text in layer.annotations.items():
        for damaged in list(_damaged(text.encode()))[::7]:
            odd = signature_layer(annotations={**layer.annotations, name: damaged.decode("utf-8", "replace")})
            try:
                (found,) = Verifier(FakeRegistry().attach("sig", odd), public(KNOWN)).image_signatures(IMAGE)
            except VerificationError:
                continue
            assert found.sig


def test_envelopes_have_a_limit_of_signatures() -> None:
    document = json.loads(_ATTESTATION.content)
    document["signatures"] *= 101
    with pytest.raises(DocumentError, match="more than 100 signatures"):
        Envelope.parse(json.dumps(document).encode())
