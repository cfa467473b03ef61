"""All that is read of signatures, attestations, bundles and log entries."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.rekor.tiled import HOST
from fuzz import seeds
from fuzz.target import target
from refimpl.golang import base64text
from refimpl.golang.document import DocumentError, parse
from refimpl.golang.typed import decode
from refimpl.oci.descriptor import Descriptor
from refimpl.oci.reference import parse as parse_reference
from refimpl.verify import attachment, payload, pem, rekor
from refimpl.verify.bundle import Bundle
from refimpl.verify.bundled import verify
from refimpl.verify.certificate import parse_certificates
from refimpl.verify.checkpoint import check_checkpoint
from refimpl.verify.dsse import Envelope, read_envelope
from refimpl.verify.entry import Entry, key_of
from refimpl.verify.keys import parse_public_key
from refimpl.verify.slsa import PROVENANCE
from refimpl.verify.statement import check_claim, read_header
from refimpl.verify.tiled_checkpoint import read_checkpoint
from refimpl.verify.transparency_log import SignedEntryTimestamp
from refimpl.verify.trust import LogKey, LogKeys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_KEY, _LOG = parse_public_key(seeds.KNOWN.public_pem), parse_public_key(seeds.LOG.public_pem)
_REPOSITORY = parse_reference("registry.test/app").repository


@target("document", seeds.statements, refuses=(DocumentError,))
def _document(data: bytes) -> None:
    found = parse(data).value
    try:
        text = data.decode()
        wanted = json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return
    again = json.loads(json.dumps(wanted))
    assert _same(found, again) or "\\u" in text, "another value than the standard library's"


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict)
            and found.keys() == wanted.keys()
            and all(_same(found[name], wanted[name]) for name in wanted)
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_same, found, wanted))
    return isinstance(found, str) == isinstance(wanted, str) or not isinstance(found, (dict, list, bool))


@target("envelope", seeds.envelopes, "payloadType", "keyid", refuses=(DocumentError,))
def _envelope(data: bytes) -> None:
    Envelope.parse(data)
    read_envelope(data).verify(_KEY)


@target(
    "statement",
    seeds.statements,
    "predicateType",
    "subject",
    "https://slsa.dev/provenance/v1",
    refuses=(DocumentError,),
)
def _statement(data: bytes) -> None:
    document = parse(data)
    header = read_header(document)
    provenance = PROVENANCE.get(header.predicate_type)
    if provenance is not None:
        provenance.read(document)
    check_claim(document, seeds.DIGEST)


@target("simple-signing", seeds.payloads, "critical", "optional", "docker-manifest-digest")
def _payload(data: bytes) -> None:
    payload.check_claim(data, seeds.DIGEST)


def _encodings() -> Iterable[bytes]:
    for size in range(8):
        yield base64.b64encode(bytes(range(250, 250 - size, -1)))
    yield base64.encodebytes(bytes(range(100)))


@target("base64", _encodings, "=", "==", "\n", "\r", "-", "_", " ", refuses=(base64text.Base64Error,))
def _base64(data: bytes) -> None:
    text = data.decode("latin-1")
    bare = text.replace("\r", "").replace("\n", "")
    try:
        wanted = base64.b64decode(bare, validate=True)
    except (binascii.Error, ValueError):
        wanted = None
    try:
        found = base64text.decode(text)
    except base64text.Base64Error:
        assert wanted is None or base64.b64encode(wanted).decode() != bare, "refused, though right"
        raise
    assert found == wanted
    assert len(bare) % 4 == 0
    base64text.decode_either(text)


@target("signature", lambda: [seeds.KNOWN.sign(b"x")])
def _signature(data: bytes) -> None:
    _KEY.accepts(data, b"x")


@target("pem", seeds.pems, "-----BEGIN ", "-----END ", "-----", "PUBLIC KEY", "CERTIFICATE", "\n")
def _pem(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    blocks, rest = pem.split(text)
    assert len(rest) <= len(text)
    for block in blocks:
        assert pem.first(pem.encode(block.label, block.der)) is not None or not block.label.isprintable()
    key_of(text)


@target("public-key", lambda: [seeds.KNOWN.public_der])
def _public_key(data: bytes) -> None:
    key = parse_public_key(pem.encode("PUBLIC KEY", data))
    key.accepts(b"x", b"y")


@target("certificate", seeds.certificates)
def _certificate(data: bytes) -> None:
    for certificate in parse_certificates(pem.encode("CERTIFICATE", data)):
        facts = certificate.facts()
        assert all(type(fact) is str and fact for fact in facts.values())
        json.dumps(facts, ensure_ascii=False).encode()
        assert isinstance(certificate.key_id, str)
        assert certificate.not_before.tzinfo
        assert certificate.not_after.tzinfo


class _Layer:
    """A registry that has one layer."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def blob(self, *_: Any, **__: Any) -> bytes:
        return self._content


@target(
    "attachment", seeds.attachments, "dev.sigstore.cosign/bundle", "dev.sigstore.cosign/chain", refuses=(DocumentError,)
)
def _attachment(data: bytes) -> None:
    document = parse(data).value
    if not isinstance(document, dict):
        raise DocumentError
    notes: Mapping[str, str] = {name: note for name, note in document.items() if type(note) is str}
    layer = Descriptor("t", seeds.DIGEST, 2, notes)
    found = attachment.load(_Layer(b"{}"), _REPOSITORY, layer, limit=1 << 20)  # type: ignore[arg-type]  # all that is asked of it
    found.describe()


@target("entry-timestamp", seeds.entry_timestamps, "SignedEntryTimestamp", "Payload", "logIndex", "1e3")
def _entry_timestamp(data: bytes) -> None:
    entry_timestamp = SignedEntryTimestamp.parse(data.decode("utf-8", "replace"))
    if entry_timestamp is not None:
        assert entry_timestamp.time.tzinfo
        entry_timestamp.check(_LOG)


@target("log-entry", seeds.entries, "hashedrekord", "intoto", "0.0.2", "sha512", refuses=(DocumentError,))
def _entry(data: bytes) -> None:
    entry = Entry.parse(data)
    assert entry.digest
    for verifier in entry.verifiers:
        key_of(verifier)


@target("log-answer", seeds.log_answers, "inclusionProof", "logIndex", refuses=(DocumentError,))
def _log_answer(data: bytes) -> None:
    for named in decode(parse(data), rekor._ANSWER) or ():
        for uuid, entry in (named or {}).items():
            logged = rekor._entry(uuid, entry or {})
            assert logged.is_named_after_body in {True, False}


@target("checkpoint", seeds.checkpoints, "\u2014 ", "\n\n", "_", "\u2028", "\x0b", "\x85", "٣")
def _checkpoint(data: bytes) -> None:
    (good,) = seeds.checkpoints()
    size, root = good.decode().split("\n")[1:3]
    note = data.decode("utf-8", "replace")
    check_checkpoint(note, _LOG, size=int(size), root=base64.b64decode(root))
    assert note.startswith(good.decode().partition("\n\n")[0]), "taken, though another text was signed"


@target("bundle", seeds.bundles, "tlogEntries", "certificate", "messageSignature", "treeSize", refuses=(DocumentError,))
def _bundle(data: bytes) -> None:
    bundle = Bundle.parse(data)
    for found in verify([bundle], seeds.DIGEST, _KEY, LogKeys(_LOG)) or ():
        found.attestation()


@target("tiled-bundle", seeds.tiled_bundles, "dsseV002", "x509Certificate", "keyDetails", refuses=(DocumentError,))
def _tiled_bundle(data: bytes) -> None:
    logs = LogKeys(logs={hashlib.sha256(_LOG.der).hexdigest(): LogKey(_LOG, url=f"https://{HOST}")})
    for found in verify([Bundle.parse(data)], seeds.DIGEST, _KEY, logs) or ():
        found.attestation()


@target("tiled-checkpoint", seeds.tiled_checkpoints, "\u2014 ", "\n\n", "+", "\u2028", "\x85")
def _tiled_checkpoint(data: bytes) -> None:
    (good,) = seeds.tiled_checkpoints()
    note = data.decode("utf-8", "replace")
    read_checkpoint(note, _LOG, HOST)
    assert note.startswith(good.decode().partition("\n\n")[0]), "taken, though another text was signed"
