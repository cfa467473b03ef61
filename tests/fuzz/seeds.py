"""Inputs to begin with, made by the testbed: nothing of them is stored."""

from __future__ import annotations

import base64
import functools
import ipaddress
import json
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from dulwich.pack import write_pack_objects

from ec_acceptance.testbed.fixtures.archive import Directory, Entry, Hardlink, Symlink
from ec_acceptance.testbed.fixtures.images import Image, Index, Layer
from ec_acceptance.testbed.rekor import Log
from ec_acceptance.testbed.rekor.entries import dsse, hashedrekord, intoto
from ec_acceptance.testbed.rekor.tiled import TiledLog, tiled_dsse
from ec_acceptance.testbed.servers.git import Repository
from ec_acceptance.testbed.signing import KeyPair, pae, provenance_v02, provenance_v1, seal, sign_image
from ec_acceptance.testbed.signing.bundle import envelope_bundle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dulwich.objects import ShaFile

__all__ = [
    "DIGEST",
    "KNOWN",
    "LOG",
    "attachments",
    "bundles",
    "certificates",
    "checkpoints",
    "configurations",
    "encode",
    "entries",
    "entry_timestamps",
    "envelopes",
    "git_objects",
    "indexes",
    "layers",
    "log_answers",
    "manifests",
    "objects",
    "payloads",
    "pems",
    "statements",
    "tiled_bundles",
    "tiled_checkpoints",
]

KNOWN, LOG = KeyPair.derive("fuzz", "known"), KeyPair.derive("fuzz", "log")
DIGEST = "sha256:" + "ab" * 32
_FILES: dict[str, Entry] = {
    "manifests": Directory(),
    "manifests/a.yaml": b"kind: A\n",
    "manifests/b.json": b'{"b": [1.50, null]}',
    "manifests/link.yaml": Symlink("a.yaml"),
    "manifests/hard.yaml": Hardlink("manifests/a.yaml"),
    "manifests/" + "long/" * 60 + "c.yaml": b"c: 1\n",
    "manifests/.wh.gone.yaml": b"",
    "other/.wh..wh..opq": b"",
}


def encode(document: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(document, separators=(",", ":")).encode()


@functools.cache
def layers(compression: str) -> tuple[bytes, ...]:
    """Layers, uncompressed (``none``) or ``gzip`` or ``zstd``."""
    kinds = [Layer.of(_FILES, compression=compression, level=level) for level in (0, 6)]  # type: ignore[arg-type]  # one of three
    return tuple(layer.data for layer in kinds)


@functools.cache
def _image() -> Image:
    return Image.of(
        [Layer.of(_FILES)],
        labels={"operators.operatorframework.io.bundle.manifests.v1": "manifests/"},
        annotations={"a": "b"},
    )


def manifests() -> Iterable[bytes]:
    """Manifests of images and of signatures."""
    yield _image().manifest
    descriptor = {"mediaType": "m", "digest": DIGEST, "size": 5, "data": "aGVsbG8=", "urls": ["https://x"]}
    subject = {**descriptor, "artifactType": "t", "platform": {"os": "linux", "os.features": ["x"], "variant": "v8"}}
    yield encode(
        {
            "schemaVersion": 2,
            "config": descriptor,
            "layers": [{**descriptor, "annotations": {"dev.cosignproject.cosign/signature": "x"}}],
            "subject": subject,
            "annotations": {"org.opencontainers.image.base.name": "registry.test/app:v1"},
        }
    )


def indexes() -> Iterable[bytes]:
    """Indexes of images."""
    yield Index.of([_image()]).manifest


def configurations() -> Iterable[bytes]:
    """Configurations of images."""
    yield _image().config
    health = {"Test": ["CMD"], "Interval": 1, "Retries": 3}
    config = {
        "Env": ["A=b"],
        "Labels": {"a": "b"},
        "Volumes": {"/v": {}},
        "Healthcheck": health,
        "User": "u",
        "Tty": True,
    }
    yield encode({"config": config, "os": "linux", "rootfs": {"diff_ids": [DIGEST]}})


def statements() -> Iterable[bytes]:
    """Statements: SLSA provenance of two versions, and one with members of all kinds."""
    for make in (provenance_v02, provenance_v1):
        yield encode(make(name="registry.test/app", digest=DIGEST))
    subject = {
        "name": "x",
        "uri": "u",
        "digest": {"sha256": "ab" * 32},
        "content": "aGk=",
        "annotations": {"a": [1, None]},
    }
    yield encode(
        {"_type": "https://in-toto.io/Statement/v1", "subject": [subject], "predicateType": "t", "predicate": {}}
    )


def envelopes() -> Iterable[bytes]:
    """Signed statements."""
    for statement in statements():
        yield seal(statement, (KNOWN,)).content


def payloads() -> Iterable[bytes]:
    """What image signatures sign."""
    yield sign_image(DIGEST, KNOWN, reference="registry.test/app").payload
    yield encode(
        {
            "critical": {
                "identity": {"docker-reference": "r"},
                "image": {"docker-manifest-digest": DIGEST},
                "type": "t",
            },
            "optional": {"a": 1},
        }
    )


@functools.cache
def _log() -> Log:
    log = Log(LOG, clock=lambda: 1_704_067_260)
    for number in range(5):
        log.add(b"%d" % number)
    for body in entries():
        log.add(body)
    return log


@functools.cache
def entries() -> tuple[bytes, ...]:
    """Bodies of log entries."""
    envelope, signature = next(iter(envelopes())), sign_image(DIGEST, KNOWN, reference="x")
    return (
        hashedrekord(signature.payload, signature.signature, KNOWN.public_pem),
        dsse(envelope, KNOWN.public_pem),
        intoto(envelope, KNOWN.public_pem),
    )


def _read_logged() -> Iterable[Any]:
    for body in entries():
        entry = _log().find(body)
        assert entry is not None
        yield entry


def entry_timestamps() -> Iterable[bytes]:
    """Annotations with a log's signed entry timestamp."""
    for entry in _read_logged():
        yield encode(_log().bundle(entry))


def log_answers() -> Iterable[bytes]:
    """What a Rekor server says."""
    for entry in _read_logged():
        yield encode([{_log().uuid(entry): _log().describe(entry)}])
    yield b'{"code": 400, "message": "no"}'


def checkpoints() -> Iterable[bytes]:
    """Signed heads of a log."""
    yield _log().checkpoint().encode()


def bundles() -> Iterable[bytes]:
    """Sigstore bundles with an entry of the log each."""
    log = Log(LOG, clock=lambda: 1_704_067_260)
    log.add(b"first")
    for statement in statements():
        payload_type = "application/vnd.in-toto+json"
        signature = base64.b64encode(KNOWN.sign(pae(payload_type, statement))).decode()
        payload = base64.b64encode(statement).decode()
        envelope = {"payload": payload, "payloadType": payload_type, "signatures": [{"sig": signature}]}
        entry = log.add(dsse(encode(envelope), KNOWN.public_pem))
        yield encode(
            {
                "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                "verificationMaterial": {"publicKey": {"hint": "x"}, "tlogEntries": [log.in_bundle(entry)]},
                "dsseEnvelope": envelope,
            }
        )


def tiled_bundles() -> Iterable[bytes]:
    """Sigstore bundles with an entry of a log of Rekor's second version each."""
    log = TiledLog(LOG)
    log.add(b"{}")
    for statement in statements():
        envelope = seal(statement, [KNOWN])
        entry = log.add(tiled_dsse(envelope.content, KNOWN))
        yield encode(envelope_bundle(envelope, [log.in_bundle(entry)]))


def tiled_checkpoints() -> Iterable[bytes]:
    """Signed heads of such a log."""
    log = TiledLog(LOG)
    log.add(b"{}")
    yield log.checkpoint().encode()


@functools.cache
def certificates() -> tuple[bytes, ...]:
    """Certificates in DER, with what certificates beside signatures have."""
    fulcio = "1.3.6.1.4.1.57264.1."
    plain = [x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{fulcio}{number}"), b"push") for number in range(1, 7)]
    typed = [
        x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{fulcio}{number}"), b"\x0c\x04push")
        for number in range(8, 22)
    ]
    names = x509.SubjectAlternativeName(
        [
            x509.UniformResourceIdentifier("https://github.com/org/repo/.github/workflows/w.yaml@refs/heads/main"),
            x509.RFC822Name("a@example.com"),
            x509.DNSName("example.com"),
            x509.IPAddress(ipaddress.ip_address("10.0.0.1")),
            x509.OtherName(x509.ObjectIdentifier(f"{fulcio}7"), b"\x0c\x04name"),
        ]
    )
    subjects = [
        x509.Name([]),
        x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "CZ"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, 'a, "b" + c'),
                x509.NameAttribute(NameOID.COMMON_NAME, " #cn "),
                x509.NameAttribute(NameOID.TITLE, "t"),
            ]
        ),
    ]
    made = []
    for subject, extensions in zip(subjects, ([names, *plain], [names, *typed]), strict=True):
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")]))
            .public_key(KNOWN.private.public_key())
            .serial_number(0x0A0B0C)
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(2050, 1, 1, tzinfo=UTC))
            .add_extension(x509.SubjectKeyIdentifier(b"\xab\xcd"), critical=False)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        made.append(builder.sign(LOG.private, hashes.SHA256()).public_bytes(Encoding.DER))
    return tuple(made)


def pems() -> Iterable[bytes]:
    """Keys and certificates as text."""
    yield KNOWN.public_pem.encode()
    for der in certificates():
        yield x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
    yield b"text\n-----BEGIN X-----\nA: b\nC: d\n\naGk=\n-----END X-----\ntext\n" * 2


def attachments() -> Iterable[bytes]:
    """Layers with annotations: signature, certificate, chain, signed entry timestamp and RFC 3161 timestamp."""
    chain = "".join(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode() for der in certificates())
    signature = sign_image(DIGEST, KNOWN, reference="x")
    yield encode(
        {
            "dev.cosignproject.cosign/signature": signature.encoded,
            "dev.sigstore.cosign/certificate": chain,
            "dev.sigstore.cosign/chain": chain,
            "dev.sigstore.cosign/bundle": next(iter(entry_timestamps())).decode(),
            "dev.sigstore.cosign/rfc3161timestamp": '{"SignedRFC3161Timestamp": "aGk="}',
        }
    )


@functools.cache
def _repository() -> Repository:
    repository = Repository()
    repository.commit({"policy/main.rego": b"package main\n" * 20, "policy/data.yaml": b"a: 1\n", "README": b"x"})
    repository.commit({"policy/main.rego": b"package main\n" * 20 + b"# more\n"})
    return repository


@functools.cache
def git_objects() -> tuple[ShaFile, ...]:
    """Commits, trees and files of a repository."""
    store = _repository().stored.object_store
    return tuple(store[name] for name in store)


@functools.cache
def objects() -> tuple[bytes, ...]:
    """The same as a pack."""
    out, form = BytesIO(), _repository().stored.object_format
    write_pack_objects(out, [(made, None) for made in git_objects()], object_format=form)
    return (out.getvalue(),)
