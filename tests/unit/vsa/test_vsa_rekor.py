"""VSAs in a log: which entries are taken, and what it says when the log doesn't tell all (specification 24 §16)."""

from __future__ import annotations

import base64
import json
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from vsa_samples import DIGEST, GOOD, IMAGE, KEY

from ec_acceptance.testbed.rekor import Log, LogFaults, RekorServer, hashedrekord
from ec_acceptance.testbed.signing import KeyPair
from refimpl.deadline import Deadline
from refimpl.errors import TimeoutExceededError, VerificationError
from refimpl.http.transport import Transport
from refimpl.verify.keys import parse_public_key
from refimpl.vsa.rekor import RekorRetriever, RekorStorage, digest_in
from refimpl.vsa.storage import StorageError, parse_backend

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def log() -> Iterator[RekorServer]:
    with RekorServer(Log(KeyPair.derive("tests", "log"))) as server:
        yield server


def _retriever(server: RekorServer) -> RekorRetriever:
    return RekorRetriever(server.url, Transport({}, Deadline(20), user_agent="tests"))


def test_what_is_uploaded_is_found_again(log: RekorServer) -> None:
    envelope = GOOD.envelope()
    backend = parse_backend(f"rekor@{log.url}")
    RekorStorage(backend, parse_public_key(KEY.public_pem), {}, Deadline(20)).store(envelope.content)
    [found] = _retriever(log).retrieve(IMAGE)
    assert found.verify(parse_public_key(KEY.public_pem)) == envelope.payload


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
    assert digest_in(identifier) == digest


def _storage(url: str, deadline: float = 20) -> RekorStorage:
    return RekorStorage(parse_backend(f"rekor@{url}"), parse_public_key(KEY.public_pem), {}, Deadline(deadline))


@pytest.mark.parametrize("name", ["server", "url"])
def test_a_parameter_names_another_log(log: RekorServer, name: str, caplog: pytest.LogCaptureFixture) -> None:
    storage = _storage(f"http://nobody.test?{name}={log.url}&odd=1&timeout=5s&retries=99")
    assert storage.name == f"Rekor ({log.url})"
    assert "[VSA] Rekor backend: ignoring unknown parameter 'odd'" in caplog.text
    storage.store(GOOD.envelope().content)
    assert log.log.size == 1


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ("timeout=soon", "invalid timeout format 'soon': "),
        ("retries=x", "invalid retries format 'x': not a whole number"),
        ("retries=1.5", "invalid retries format '1.5': not a whole number"),
        ("url=http://[", 'parse "http://[": '),
    ],
)
def test_parameters_that_cannot_be(parameters: str, text: str) -> None:
    with pytest.raises(StorageError) as raised:
        _storage(f"http://log.test?{parameters}")
    assert str(raised.value).startswith(text)
    with pytest.raises(StorageError):
        RekorRetriever("http://[", Transport({}, Deadline(20), user_agent="tests"))


@pytest.mark.parametrize(
    ("faults", "text"),
    [
        (LogFaults(status=400), "[POST /api/v1/log/entries][400] createLogEntryBadRequest {"),
        (LogFaults(status=409), "[POST /api/v1/log/entries][409] createLogEntryConflict {"),
        (LogFaults(status=403, body=b"no"), "[POST /api/v1/log/entries][403] createLogEntry default {}"),
        (LogFaults(status=500), "giving up after 2 attempt(s): status 500"),
    ],
)
def test_a_log_that_takes_nothing_is_told(
    log: RekorServer, faults: LogFaults, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    log.faults = faults
    _storage(f"{log.url}?retries=1").store(GOOD.envelope().content)
    first, second = caplog.records
    assert (first.message, second.message) == (
        "[VSA] CreateLogEntry for in-toto 0.0.2 failed",
        "[VSA] Failed to upload in-toto 0.0.2 entry",
    )
    reason = first.__dict__["fields"]["error"]
    assert text in reason
    assert second.__dict__["fields"]["error"] == f"failed to create in-toto 0.0.2 log entry: {reason}"


def test_a_log_that_never_answers_is_given_up_and_the_run_only_when_its_own_time_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        _storage(f"{url}?timeout=50ms&retries=0").store(GOOD.envelope().content)
        assert caplog.records[0].__dict__["fields"]["error"].endswith("no answer within 0.05 s")
        with pytest.raises(TimeoutExceededError):
            _storage(url, deadline=0.05).store(GOOD.envelope().content)


@pytest.mark.parametrize("count", [100, 101])
def test_an_envelope_has_few_signatures(log: RekorServer, count: int) -> None:
    replace(GOOD, signatures=count).log_into(log.log)
    if count == 100:
        assert len(_retriever(log).retrieve(IMAGE)[0].signatures) == 100
        return
    with pytest.raises(VerificationError, match="more than 100 signatures"):
        _retriever(log).retrieve(IMAGE)


def test_an_entry_under_another_name_than_it_was_asked_for(log: RekorServer) -> None:
    uuid = log.log.uuid(GOOD.log_into(log.log))
    with _Scripted({"index": json.dumps([uuid]).encode(), "entries": b"{}"}) as url:
        retriever = RekorRetriever(url, Transport({}, Deadline(20), user_agent="tests"))
        with pytest.raises(VerificationError, match=f"log entry not found for UUID: {uuid}"):
            retriever.retrieve(IMAGE)
