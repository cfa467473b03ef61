"""VSAs in a log: which entries are taken, and what it says when the log doesn't tell all (specification 24 §16)."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from vsa_specimens import DIGEST, GOOD, IMAGE, KEY

from ec_acceptance.testbed.rekor import Log, LogFaults, RekorServer, hashedrekord
from ec_acceptance.testbed.signing import KeyPair
from refimpl.deadline import Deadline
from refimpl.errors import VerificationError
from refimpl.http.transport import Transport
from refimpl.verify.keys import parse_public_key
from refimpl.vsa.rekor import RekorRetriever, RekorStorage, digest_of
from refimpl.vsa.storage import parse_backend

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def log() -> Iterator[RekorServer]:
    with RekorServer(Log(KeyPair.derived("tests", "log"))) as server:
        yield server


def _retriever(server: RekorServer) -> RekorRetriever:
    return RekorRetriever(server.url, Transport({}, Deadline(20), user_agent="tests"))


def test_what_is_uploaded_is_found_again(log: RekorServer) -> None:
    envelope = GOOD.envelope()
    backend = parse_backend(f"rekor@{log.url}")
    RekorStorage(backend, parse_public_key(KEY.public_pem), {}, Deadline(20)).store(envelope.content)
    [found] = _retriever(log).retrieve(IMAGE)
    assert found.verified(parse_public_key(KEY.public_pem)) == envelope.payload


def test_those_logged_last_come_first_and_other_kinds_are_passed_over(log: RekorServer) -> None:
    for hours, status in ((3.0, "b"), (1.0, "a"), (5.0, "c")):
        replace(GOOD, logged=hours, status=status).log_into(log.log)
    log.log.add(hashedrekord(b"x", KEY.sign(b"x"), KEY.public_pem), found_by=[DIGEST])
    found = [json.loads(base64.b64decode(one.payload)) for one in _retriever(log).retrieve(DIGEST)]
    assert [one["predicate"]["status"] for one in found] == ["a", "b", "c"]


def test_an_entry_that_cannot_be_fetched_is_an_error(log: RekorServer) -> None:
    GOOD.log_into(log.log)
    log.log._by_hash[DIGEST].append(replace(log.log.search(DIGEST)[0], body=b"not in the tree"))
    with pytest.raises(VerificationError, match="failed to fetch log entries"):
        _retriever(log).retrieve(IMAGE)


@pytest.mark.parametrize(
    ("faults", "text"),
    [
        (LogFaults(empty=True), f"no entries found in Rekor for image digest: {DIGEST}"),
        (LogFaults(status=500), "giving up after 4 attempt(s): status 500"),
        (LogFaults(status=200, body=b"["), "failed to search Rekor index: "),
        (LogFaults(status=200, body=b'["../../x"]'), '"../../x" is no name of an entry'),
        (LogFaults(status=200, body=json.dumps(["ab" * 32] * 101).encode()), "more than 100 entries are about it"),
        (LogFaults(status=200, body=b'{"a": 1}'), "failed to search Rekor index: "),
    ],
)
def test_what_a_log_says_instead(log: RekorServer, faults: LogFaults, text: str) -> None:
    log.faults = faults
    with pytest.raises(VerificationError) as caught:
        _retriever(log).retrieve(IMAGE)
    assert text in str(caught.value)


def test_only_other_kinds(log: RekorServer) -> None:
    log.log.add(hashedrekord(b"x", KEY.sign(b"x"), KEY.public_pem), found_by=[DIGEST])
    with pytest.raises(VerificationError, match=f"^no in-toto 0.0.2 entry found for image digest: {DIGEST}$"):
        _retriever(log).retrieve(IMAGE)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"attestation": None}, "no payload found in attestation data or envelope"),
        ({"body": "!"}, "rekor body base64 decode failed"),
        ({"body": base64.b64encode(b"{").decode()}, "failed to fetch log entries"),
        ({"integratedTime": "x"}, "failed to fetch log entries"),
    ],
)
def test_entries_that_are_not_whole(log: RekorServer, change: dict[str, Any], text: str) -> None:
    entry = GOOD.log_into(log.log)
    uuid = log.log.uuid(entry)
    shown = {**log.log.describe(entry), **change}
    answers = {"index": json.dumps([uuid]).encode(), "entries": json.dumps({uuid: shown}).encode()}
    with _Scripted(answers) as url, pytest.raises(VerificationError) as caught:
        RekorRetriever(url, Transport({}, Deadline(20), user_agent="tests")).retrieve(IMAGE)
    assert text in str(caught.value)


class _Scripted:
    """Answers by what stands in the path."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        from ec_acceptance.testbed.servers.http import Request, Response, Server

        def answer(request: Request) -> Response:
            body = next(body for word, body in answers.items() if word in request.path)
            return Response(200, (("Content-Type", "application/json"),), body)

        self._server = Server(answer, name="scripted")

    def __enter__(self) -> str:
        return self._server.url

    def __exit__(self, *_: object) -> None:
        self._server.close()


@pytest.mark.parametrize(
    ("identifier", "digest"),
    [
        (DIGEST, DIGEST),
        (IMAGE, DIGEST),
        (f"registry.test/image:tag@{DIGEST}", DIGEST),
        ("registry.test/image:tag", ""),
        ("registry.test/image@sha256:xyz", ""),
        ("sha256:abc", ""),
        ("sha1:" + "ab" * 20, ""),
        ("", ""),
    ],
)
def test_digests_of_identifiers(identifier: str, digest: str) -> None:
    assert digest_of(identifier) == digest
