from __future__ import annotations

import base64
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ec_acceptance.testbed.rekor import Log
from ec_acceptance.testbed.signing import KeyPair

KEY = KeyPair.derive("tests", "log")
NOW = 1704103500


def check(key: KeyPair, signature: str, data: bytes) -> None:
    key.private.public_key().verify(base64.b64decode(signature), data, ec.ECDSA(hashes.SHA256()))


@pytest.fixture
def log() -> Log:
    return Log(KEY, clock=lambda: NOW)


def test_an_entry_has_the_clocks_time_unless_told(log: Log) -> None:
    assert log.add(b"1").integrated_time == NOW
    assert log.add(b"2", at=7).integrated_time == 7


def test_equal_bodies_are_stored_once(log: Log) -> None:
    first = log.add(b"1")
    log.add(b"2")
    assert log.add(b"1") == first
    assert log.size == 2


def test_entries_are_found_by_body_uuid_and_index(log: Log) -> None:
    log.add(b"0")
    entry = log.add(b"1")
    uuid = log.uuid(entry)
    assert (len(uuid), uuid[-64:]) == (80, entry.leaf)
    assert log.find(b"1") == log.by_uuid(uuid) == log.by_uuid(entry.leaf) == log.by_index(1) == entry
    assert log.find(b"2") is None
    assert log.by_uuid("f" * 16 + entry.leaf) is None
    assert log.by_index(2) is None


def test_the_entry_timestamp_is_signed_over_the_canonical_entry(log: Log) -> None:
    shown = log.describe(log.add(b"body"))
    signed = f'{{"body":"Ym9keQ==","integratedTime":{NOW},"logID":"{KEY.fingerprint.hex()}","logIndex":0}}'
    check(KEY, shown["verification"]["signedEntryTimestamp"], signed.encode())
    with pytest.raises(InvalidSignature):
        check(KEY, shown["verification"]["signedEntryTimestamp"], signed.replace(":0}", ":1}").encode())


def test_another_logs_key_signs_under_its_own_id(log: Log) -> None:
    other = KeyPair.derive("tests", "other log")
    shown = log.describe(log.add(b"body"), key=other)
    assert shown["logID"] == other.fingerprint.hex()
    signed = f'{{"body":"Ym9keQ==","integratedTime":{NOW},"logID":"{shown["logID"]}","logIndex":0}}'
    check(other, shown["verification"]["signedEntryTimestamp"], signed.encode())


def test_a_bundle_says_what_the_entry_says(log: Log) -> None:
    entry = log.add(b"body")
    bundle = log.bundle(entry)
    shown = log.describe(entry)
    assert bundle["Payload"] == {name: shown[name] for name in ("body", "integratedTime", "logID", "logIndex")}
    check(KEY, bundle["SignedEntryTimestamp"], json.dumps(bundle["Payload"], separators=(",", ":")).encode())


def test_a_checkpoint_is_a_signed_note(log: Log) -> None:
    log.add(b"1")
    log.add(b"2")
    text, _, signatures = log.checkpoint(1).partition("\n\n")
    origin, size, root = text.split("\n")
    assert (origin, size, base64.b64decode(root).hex()) == ("rekor.test - 1", "1", log.root(1))
    dash, name, signature = signatures.removesuffix("\n").split(" ")
    raw = base64.b64decode(signature)
    assert (dash, name, raw[:4]) == ("\u2014", "rekor.test", KEY.fingerprint[:4])
    check(KEY, base64.b64encode(raw[4:]).decode(), (text + "\n").encode())


def test_an_entry_can_be_shown_as_of_an_earlier_size(log: Log) -> None:
    entry = log.add(b"1")
    log.add(b"2")
    proof = log.describe(entry, size=1)["verification"]["inclusionProof"]
    assert (proof["treeSize"], proof["hashes"], proof["rootHash"]) == (1, [], entry.leaf)
