from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sessions
from sessions import Session

from ec_acceptance.testbed.rekor import NO_FAULTS, Log, LogFaults, RekorServer, dsse, hashedrekord, intoto
from ec_acceptance.testbed.signing import Envelope, ImageSignature, KeyPair, seal, sign_image

KNOWN, OTHER = KeyPair.derive("tests", "known"), KeyPair.derive("tests", "other")
DIGEST = "sha256:" + "ab" * 32
Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def log() -> Log:
    return Log(KeyPair.derive("tests", "log"), clock=lambda: 1704103500)


@pytest.fixture
def server(log: Log) -> Iterator[RekorServer]:
    with RekorServer(log) as running:
        yield running


@pytest.fixture
def ask(server: RekorServer) -> Iterator[Ask]:
    with Session() as session:

        def request(method: str, path: str, document: Any = None) -> tuple[int, Any]:
            response = session.ask(method, f"{server.url}/api/v1/log{path}", json=document)
            return response.status_code, response.json()

        yield request


@pytest.fixture
def signature() -> ImageSignature:
    return sign_image(DIGEST, KNOWN, reference="r/image")


@pytest.fixture
def envelope() -> Envelope:
    return seal(b'{"_type":"t"}', [KNOWN])


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def proposed_image(signature: ImageSignature, key: KeyPair = KNOWN) -> dict[str, Any]:
    digest = {"algorithm": "sha256", "value": hashlib.sha256(signature.payload).hexdigest()}
    content = {"content": signature.encoded, "publicKey": {"content": encode(key.public_pem)}}
    spec = {"data": {"hash": digest}, "signature": content}
    return {"apiVersion": "0.0.1", "spec": spec, "kind": "hashedrekord"}


def proposed_attestation(envelope: Envelope, key: KeyPair = KNOWN) -> list[dict[str, Any]]:
    text = envelope.content.decode()
    digest = {"algorithm": "sha256", "value": hashlib.sha256(envelope.content).hexdigest()}
    content = {"envelope": text, "verifiers": [encode(key.public_pem)]}
    return [
        {"apiVersion": "0.0.1", "spec": {"proposedContent": content, "signatures": None}, "kind": "dsse"},
        {
            "apiVersion": "0.0.1",
            "spec": {"content": {"envelope": text, "hash": digest}, "publicKey": encode(key.public_pem)},
            "kind": "intoto",
        },
    ]


def query(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"entryUUIDs": None, "logIndexes": None, "entries": list(entries)}


def test_a_proposed_image_signature_finds_its_entry(ask: Ask, log: Log, signature: ImageSignature) -> None:
    log.add(b"before")
    entry = log.add(hashedrekord(signature.payload, signature.signature, KNOWN.public_pem))
    log.add(b"after")
    status, [found] = ask("POST", "/entries/retrieve", query(proposed_image(signature)))
    assert (status, found) == (200, {log.uuid(entry): log.describe(entry)})


@pytest.mark.parametrize("kind", [dsse, intoto])
def test_a_proposed_attestation_finds_the_entry_of_either_kind(
    ask: Ask, log: Log, envelope: Envelope, kind: Callable[[bytes, str], bytes]
) -> None:
    entry = log.add(kind(envelope.content, KNOWN.public_pem))
    _, [found] = ask("POST", "/entries/retrieve", query(*proposed_attestation(envelope)))
    assert list(found) == [log.uuid(entry)]


def test_what_is_not_logged_is_not_found(ask: Ask, log: Log, signature: ImageSignature, envelope: Envelope) -> None:
    other = sign_image(DIGEST, OTHER, reference="r/image")
    log.add(hashedrekord(other.payload, other.signature, OTHER.public_pem))
    entries = [proposed_image(signature), *proposed_attestation(envelope)]
    assert ask("POST", "/entries/retrieve", query(*entries)) == (200, [])


def test_entries_are_retrieved_by_uuid_and_index_too(ask: Ask, log: Log) -> None:
    first, second = log.add(b"1"), log.add(b"2")
    _, found = ask("POST", "/entries/retrieve", {"entryUUIDs": [second.leaf, "0" * 64], "logIndexes": [0, 9]})
    assert [list(one) for one in found] == [[log.uuid(second)], [log.uuid(first)]]


def test_a_proposed_signature_by_another_key_is_refused(ask: Ask, signature: ImageSignature) -> None:
    status, answer = ask("POST", "/entries/retrieve", query(proposed_image(signature, OTHER)))
    assert (status, answer["code"]) == (400, 400)
    assert "invalid signature when validating ASN.1 encoded signature" in answer["message"]


def test_a_proposed_envelope_by_another_key_is_refused(ask: Ask, envelope: Envelope) -> None:
    for proposed in proposed_attestation(envelope, OTHER):
        status, answer = ask("POST", "/entries/retrieve", query(proposed))
        assert status == 400
        assert "could not verify envelope" in answer["message"]


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "rekord", "apiVersion": "0.0.1", "spec": {}},
        {"kind": "dsse", "apiVersion": "0.0.1", "spec": {"proposedContent": None}},
        {"kind": "dsse", "apiVersion": "0.0.1"},
        {"kind": "dsse", "apiVersion": "0.0.1", "spec": {"proposedContent": {"envelope": "{}", "verifiers": None}}},
        {"kind": "intoto", "apiVersion": "0.0.1", "spec": {"content": {"envelope": "{"}, "publicKey": "!"}},
        "text",
    ],
)
def test_an_entry_that_is_none_is_refused(ask: Ask, entry: Any) -> None:
    status, answer = ask("POST", "/entries/retrieve", query(entry))
    assert (status, answer["code"]) == (400, 400)
    assert answer["message"].startswith("unmarshalling entry: ")


def test_each_signature_of_a_dsse_entry_needs_its_key(ask: Ask, log: Log) -> None:
    envelope = seal(b"{}", [KNOWN, OTHER])
    [only_known, _] = proposed_attestation(envelope)
    status, answer = ask("POST", "/entries/retrieve", query(only_known))
    assert (status, answer["message"]) == (400, "unmarshalling entry: all signatures must have a key that verifies it")
    both = proposed_attestation(envelope)[0]
    both["spec"]["proposedContent"]["verifiers"].append(encode(OTHER.public_pem))
    status, [uuid] = ask("POST", "/entries", both)
    assert (status, uuid) == (201, log.uuid(log._entries[0]))


@pytest.mark.parametrize("document", [[], "text", {"entryUUIDs": [1]}, {"logIndexes": ["x"]}])
def test_a_query_that_is_none_is_refused(ask: Ask, document: Any) -> None:
    assert ask("POST", "/entries/retrieve", document)[0] == 400


def test_a_created_entry_can_be_read_in_every_way(ask: Ask, log: Log, signature: ImageSignature) -> None:
    status, created = ask("POST", "/entries", proposed_image(signature))
    [uuid] = created
    assert status == 201
    assert json.loads(base64.b64decode(created[uuid]["body"]))["kind"] == "hashedrekord"
    assert ask("GET", f"/entries/{uuid}") == ask("GET", "/entries?logIndex=0") == (200, created)
    assert log.size == 1


def test_creating_an_entry_twice_is_a_conflict(ask: Ask, log: Log, signature: ImageSignature) -> None:
    ask("POST", "/entries", proposed_image(signature))
    status, answer = ask("POST", "/entries", proposed_image(signature))
    assert (status, log.size) == (409, 1)
    assert log.uuid(log._entries[0]) in answer["message"]


@pytest.mark.parametrize("path", ["/entries/" + "0" * 80, "/entries?logIndex=7", "/nothing"])
def test_what_is_not_there_is_404(ask: Ask, path: str) -> None:
    status, answer = ask("GET", path)
    assert (status, answer["code"]) == (404, 404)


def test_the_log_describes_itself(ask: Ask, log: Log) -> None:
    for number in range(5):
        log.add(str(number).encode())
    _, info = ask("GET", "")
    assert (info["treeSize"], info["rootHash"], info["signedTreeHead"]) == (5, log.root(), log.checkpoint())
    _, proof = ask("GET", "/proof?firstSize=3&lastSize=5")
    assert proof == {"hashes": log.consistency(3, 5), "rootHash": log.root(5)}
    assert ask("GET", "/proof?firstSize=6&lastSize=5")[0] == 400


def test_the_log_shows_its_key(server: RekorServer, log: Log) -> None:
    response = sessions.ask("GET", f"{server.url}/api/v1/log/publicKey")
    assert response.content.decode() == log.public_pem


def test_each_server_of_a_log_keeps_its_own_request_log(server: RekorServer, ask: Ask, log: Log) -> None:
    with RekorServer(log) as second:
        sessions.ask("GET", f"{second.url}/api/v1/log")
        ask("POST", "/entries/retrieve", query())
        [asked] = server.request_log.requests
        assert (asked.method, asked.path, asked.status) == ("POST", "/api/v1/log/entries/retrieve", 200)
        assert asked.document == query()
        assert [one.path for one in second.request_log.requests] == ["/api/v1/log"]


def show(ask: Ask) -> tuple[str, Any]:
    _, answer = ask("GET", "/entries?logIndex=0")
    [(uuid, entry)] = answer.items()
    return uuid, entry


def test_lies_about_an_entry_change_just_that(server: RekorServer, ask: Ask, log: Log) -> None:
    truth = log.describe(log.add(b"1"))
    proof, timestamp = truth["verification"]["inclusionProof"], truth["verification"]["signedEntryTimestamp"]

    server.faults = LogFaults(wrong_root=True)
    _, forged = show(ask)
    assert forged["verification"]["inclusionProof"].pop("rootHash") != proof["rootHash"]
    assert forged["verification"]["inclusionProof"].items() < proof.items()

    server.faults = LogFaults(no_proof=True)
    assert show(ask)[1]["verification"] == {"signedEntryTimestamp": timestamp}

    server.faults = LogFaults(bad_timestamp=True)
    assert show(ask)[1] == {**truth, "integratedTime": truth["integratedTime"] + 1}

    server.faults = LogFaults(wrong_uuid=True)
    assert show(ask)[0] != log.uuid(log._entries[0])

    server.faults = LogFaults(key=OTHER)
    assert show(ask)[1]["logID"] == OTHER.fingerprint.hex()

    server.faults = NO_FAULTS
    assert show(ask)[1] == truth


def test_an_emptied_search_finds_nothing(server: RekorServer, ask: Ask, log: Log) -> None:
    log.add(b"1")
    server.faults = LogFaults(empty=True)
    assert ask("POST", "/entries/retrieve", {"logIndexes": [0]}) == (200, [])


def test_a_status_may_be_told_once(server: RekorServer, ask: Ask, log: Log) -> None:
    log.add(b"1")
    server.faults = LogFaults(status=503, times=1)
    assert ask("GET", "") == (503, {"code": 503, "message": "There was an error communicating with the log"})
    assert ask("GET", "")[0] == 200


def test_a_status_may_be_told_always_with_any_body(server: RekorServer) -> None:
    server.faults = LogFaults(status=500, body=b"<html>", content_type="text/html")
    for _ in range(3):
        response = sessions.ask("GET", f"{server.url}/api/v1/log")
        assert (response.status_code, response.headers["Content-Type"], response.content) == (
            500,
            "text/html",
            b"<html>",
        )
