"""All that is read of verification summaries: envelopes, what they say, log entries, and keys that sign them."""

from __future__ import annotations

import base64
import functools
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from ec_acceptance.testbed.fixtures.vsa import Summary
from ec_acceptance.testbed.rekor import Log
from ec_acceptance.testbed.signing import KeyPair
from ec_acceptance.testbed.signing.encrypted import encrypt_pem
from fuzz import seeds
from fuzz.target import target
from refimpl.golang.document import DocumentError, parse
from refimpl.golang.typed import decode
from refimpl.policy.config import Policy
from refimpl.verify.dsse import Envelope
from refimpl.verify.keys import parse_public_key
from refimpl.vsa import rekor
from refimpl.vsa.age import parse_age
from refimpl.vsa.check import Check, read_summary
from refimpl.vsa.comparison import Judged, compare
from refimpl.vsa.identifier import is_file_like, is_valid
from refimpl.vsa.signing_key import load_signing_key
from refimpl.vsa.storage import parse_backend

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_IMAGE = f"registry.test/app@{seeds.DIGEST}"
_KEY = parse_public_key(seeds.KNOWN.public_pem)
_NOW = 1_800_000_000_000_000_000
_POLICY = {"sources": [{"policy": ["git::host/rules?ref=1"], "config": {"exclude": ["a.b"]}, "ruleData": {"a": 1.5}}]}
_JUDGED = Judged(_IMAGE, "one", _NOW)


def _good() -> Summary:
    return Summary(
        digest=seeds.DIGEST,
        reference=_IMAGE,
        policy=_POLICY,
        public_key=seeds.KNOWN.public_pem,
        key=seeds.KNOWN,
        timestamp="2027-01-15T07:00:00Z",
    )


@functools.cache
def _envelopes() -> tuple[bytes, ...]:
    return tuple(
        one.envelope().content for one in (_good(), replace(_good(), signatures=2), replace(_good(), bare="x"))
    )


_ACCEPTED = json.loads(_envelopes()[0])


class _One:
    def __init__(self, envelope: Envelope) -> None:
        self._envelope = envelope

    def retrieve(self, _: str) -> Sequence[Envelope]:
        return (self._envelope,)


@target("vsa-envelope", _envelopes, "payloadType", "signatures", "sig", refuses=(DocumentError,))
def _envelope(data: bytes) -> None:
    envelope = Envelope.parse(data, verifying=True)
    check = Check(_One(envelope), _KEY, 604800.0, Policy.from_json(_POLICY), None, lambda: _NOW, _NOW)
    if check.find(_IMAGE, digest=seeds.DIGEST, image=_IMAGE, component="one").passed:
        assert envelope.payload_type == _ACCEPTED["payloadType"], "accepted with another type"
        assert envelope.verify(_KEY) == _good().envelope().payload, "accepted with another payload"


def _statements() -> Iterable[bytes]:
    yield from (one.envelope().payload for one in (_good(), replace(_good(), bare="x"), replace(_good(), status="")))


@target("vsa-statement", _statements, "predicateType", "subject", "sources", "volatileConfig", refuses=(DocumentError,))
def _statement(data: bytes) -> None:
    """Whatever stands in a statement that needs no signature."""
    envelope = Envelope("application/vnd.in-toto+json", base64.b64encode(data).decode(), ())
    summary = read_summary(envelope, None, seeds.DIGEST)
    compare(summary.policy, Policy.from_json(_POLICY), _JUDGED)
    assert not compare(summary.policy, summary.policy, _JUDGED), "a policy that differs from itself"


@functools.cache
def _entries() -> tuple[bytes, ...]:
    log = Log(seeds.LOG)
    return tuple(seeds.encode(log.describe(replace(_good(), signatures=count).log_into(log))) for count in (1, 2))


@target("vsa-entry", _entries, "attestation", "data", "body", refuses=(DocumentError,))
def _entry(data: bytes) -> None:
    rekor._envelope(decode(parse(data), rekor._ANSWER.item) or {})


class _Cluster:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def secret(self, namespace: str, name: str) -> Mapping[str, bytes]:
        del namespace, name
        return {"cosign.key": self._data}


def _keys() -> Iterable[bytes]:
    yield encrypt_pem(KeyPair.derive("fuzz", "vsa"), "").encode()


@target("vsa-signing-key", _keys, "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----")
def _signing_key(data: bytes) -> None:
    load_signing_key("k8s://a/b", environ={}, cluster=_Cluster(data))


def _places() -> Iterable[bytes]:
    yield from (b"rekor@https://host/x?retries=3", b"local@./dir?path=a", b"local")


@target("vsa-place", _places, "@", "?", "://", "%")
def _place(data: bytes) -> None:
    parse_backend(data.decode("utf-8", "surrogateescape"))


def _ages() -> Iterable[bytes]:
    yield from (b"1.5d", b"2mo", b"1w", b"24h", b"1h30m")


@target("vsa-age", _ages, "mo", "d", "e9", refuses=(ValueError,))
def _age(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    is_valid(text), is_file_like(text)
    parse_age(text)
