from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from samples import (
    DIGEST,
    IMAGE,
    KNOWN,
    LOG,
    OTHER,
    STRANGE_LOG,
    FakeRegistry,
    attestation_layer,
    public,
    signature_layer,
)
from test_certificate import certificate

from ec_acceptance.testbed.rekor import Log, LogFaults, RekorServer
from ec_acceptance.testbed.rekor.entries import dsse, hashedrekord, intoto
from ec_acceptance.testbed.servers.http import Response, Server
from ec_acceptance.testbed.signing import simple_signing
from refimpl.deadline import Deadline
from refimpl.errors import VerificationError
from refimpl.http.transport import Transport
from refimpl.record import replace
from refimpl.verify.cosign import Verifier
from refimpl.verify.rekor import RekorClient
from refimpl.verify.transparency_log import Evidence, TransparencyLog
from refimpl.verify.trust import LogKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATH = "/api/v1/log/entries/retrieve"
_PAYLOAD = simple_signing(DIGEST, "x")
_SIGNED = KNOWN.sign(_PAYLOAD)
_NOT_FOUND = "signature not found in transparency log"
_UNKNOWN_LOG = (
    "rekor log public key not found for payload. Check your TUF root (see cosign initialize) "
    "or set a custom key with env var SIGSTORE_REKOR_PUBLIC_KEY"
)
_TEXT = "the TextConsumer, can be resolved by supporting TextUnmarshaler interface"
_QUERY = "searching log query: "


@pytest.fixture
def server() -> Iterator[RekorServer]:
    log = Log(LOG)
    for n in range(5):
        log.add(hashedrekord(b"%d" % n, OTHER.sign(b"%d" % n), OTHER.public_pem))
    log.add(hashedrekord(_PAYLOAD, _SIGNED, KNOWN.public_pem), at=1_704_067_260)
    log.add(hashedrekord(b"x", OTHER.sign(b"x"), OTHER.public_pem))
    with RekorServer(log) as started:
        yield started


_TRANSPORT = Transport({}, Deadline(None), user_agent="test")


@pytest.fixture(autouse=True)
def transport(monkeypatch: pytest.MonkeyPatch) -> Iterator[Transport]:
    fresh = Transport({}, Deadline(30), user_agent="test")
    monkeypatch.setitem(globals(), "_TRANSPORT", fresh)
    yield fresh
    fresh.close()


def _transparency(url: str) -> TransparencyLog:
    return TransparencyLog(LogKeys(public(LOG)), RekorClient(url, _TRANSPORT))


def _evidence(**changes: Any) -> Evidence:
    evidence = Evidence(
        payload=_PAYLOAD,
        signature=base64.b64encode(_SIGNED).decode(),
        verifier=KNOWN.public_pem,
        key=public(KNOWN),
        certified=None,
        is_attestation=False,
    )
    return replace(evidence, **changes)


def _reason(url: str, **changes: Any) -> str:
    with pytest.raises(VerificationError) as caught:
        _transparency(url).check(_evidence(**changes), None)
    return str(caught.value)


def test_a_logged_signature_has_the_logs_time(server: RekorServer) -> None:
    assert _transparency(server.url).check(_evidence(), None) == datetime(2024, 1, 1, 0, 1, tzinfo=UTC)


def test_an_image_signature_is_asked_for_to_the_byte(server: RekorServer) -> None:
    _transparency(server.url).check(_evidence(), None)
    (asked,) = server.request_log.requests
    pem = base64.b64encode(KNOWN.public_pem.encode()).decode()
    assert asked.body.decode() == (
        '{"entryUUIDs":null,"logIndexes":null,"entries":[{"apiVersion":"0.0.1","spec":{"data":{"hash":'
        f'{{"algorithm":"sha256","value":"{_evidence().digest}"}}}},"signature":{{"content":"{_evidence().signature}",'
        f'"publicKey":{{"content":"{pem}"}}}}}},"kind":"hashedrekord"}}]}}\n'
    )
    assert asked.path == _PATH
    assert asked.headers["Accept"] == asked.headers["Content-Type"] == "application/json"
    assert asked.headers["User-Agent"] == "cosign/devel (linux; amd64)"


def test_an_attestation_is_asked_for_as_two_kinds(server: RekorServer) -> None:
    layer = attestation_layer()
    envelope = layer.content.replace(b'"keyid":""', '"keyid":"<é>"'.encode())
    assert _reason(server.url, payload=envelope, signature="", is_attestation=True) == _NOT_FOUND
    (asked,) = server.request_log.requests
    text = json.dumps(envelope.decode(), ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")
    pem = base64.b64encode(KNOWN.public_pem.encode()).decode()
    digest = _evidence(payload=envelope).digest
    assert asked.body.decode() == (
        '{"entryUUIDs":null,"logIndexes":null,"entries":[{"apiVersion":"0.0.1","spec":{"proposedContent":{"envelope":'
        f'{text},"verifiers":["{pem}"]}},"signatures":null}},"kind":"dsse"}},'
        f'{{"apiVersion":"0.0.1","spec":{{"content":{{"envelope":{text},"hash":{{"algorithm":"sha256","value":"{digest}"}}}},'
        f'"publicKey":"{pem}"}},"kind":"intoto"}}]}}\n'
    )


@pytest.mark.parametrize("make", [dsse, intoto])
def test_either_kind_proves_an_attestation(server: RekorServer, make: Callable[[bytes, str], bytes]) -> None:
    layer = attestation_layer()
    server.log.add(make(layer.content, KNOWN.public_pem), at=5)
    evidence = _evidence(payload=layer.content, signature="", is_attestation=True)
    assert _transparency(server.url).check(evidence, None) == datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)


def test_the_earliest_time_counts(server: RekorServer) -> None:
    layer = attestation_layer()
    server.log.add(dsse(layer.content, KNOWN.public_pem), at=9)
    server.log.add(intoto(layer.content, KNOWN.public_pem), at=5)
    evidence = _evidence(payload=layer.content, signature="", is_attestation=True)
    assert _transparency(server.url).check(evidence, None).timestamp() == 5


_ROOT = "no valid tlog entries found verifying inclusion proof: calculated root:\n["


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        (LogFaults(empty=True), _NOT_FOUND),
        (LogFaults(wrong_uuid=True), "no valid tlog entries found with proposed entry"),
        (LogFaults(no_proof=True), "no valid tlog entries found inclusion proof not provided"),
        (LogFaults(wrong_root=True), _ROOT),
        (
            LogFaults(bad_timestamp=True),
            "no valid tlog entries found verifying signedEntryTimestamp: unable to verify SET",
        ),
        (
            LogFaults(key=STRANGE_LOG),
            f"no valid tlog entries found {_UNKNOWN_LOG}",
        ),
        (
            LogFaults(content_type="text/html"),
            f"{_QUERY}&[] (*[]models.LogEntry) is not supported by {_TEXT}",
        ),
    ],
)
def test_faults_of_the_log_are_found(server: RekorServer, faults: LogFaults, reason: str) -> None:
    server.faults = faults
    assert _reason(server.url).startswith(reason)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (
            400,
            b'{"code":400,"message":"<x>","more":1}',
            '[400] searchLogQueryBadRequest {"code":400,"message":"\\u003cx\\u003e"}',
        ),
        (422, b'{"code":422,"message":"x"}', '[422] searchLogQueryUnprocessableEntity {"code":422,"message":"x"}'),
        (404, b'{"code":404,"message":"x"}', '[404] searchLogQuery default {"code":404,"message":"x"}'),
        (404, b"", "[404] searchLogQuery default {}"),
        (501, b"null", "[501] searchLogQuery default {}"),
    ],
)
def test_refusals_are_told_and_not_repeated(server: RekorServer, status: int, body: bytes, reason: str) -> None:
    server.faults = LogFaults(status=status, body=body)
    assert _reason(server.url) == f"{_QUERY}[POST {_PATH}]{reason}"
    assert len(server.request_log.requests) == 1


@pytest.mark.parametrize(("status", "body", "shown"), [(500, b"oops\n", ": oops"), (503, b"", ""), (429, b"x", ": x")])
def test_breakdowns_are_tried_four_times(server: RekorServer, status: int, body: bytes, shown: str) -> None:
    server.faults = LogFaults(status=status, body=body)
    assert _reason(server.url) == (
        f'{_QUERY}Post "{server.url}{_PATH}": giving up after 4 attempt(s): status {status}{shown}'
    )
    assert len(server.request_log.requests) == 4


def test_the_fourth_attempt_may_succeed(server: RekorServer) -> None:
    server.faults = LogFaults(status=500, times=3)
    assert _transparency(server.url).check(_evidence(), None).year == 2024


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[]", _NOT_FOUND),
        (b"null", _NOT_FOUND),
        (b"", _NOT_FOUND),
        (b"{}", f"{_QUERY}json: cannot unmarshal object into Go value of type []models.LogEntry"),
        (b"junk", f"{_QUERY}invalid character 'j' looking for beginning of value"),
        (
            b'[{"a":{"integratedTime":"5"}}]',
            f"{_QUERY}json: cannot unmarshal string into Go struct field LogEntryAnon.integratedTime of type int64",
        ),
        (b'[{"a":{"verification":{"signedEntryTimestamp":"!!"}}}]', f"{_QUERY}illegal base64 data at input byte 0"),
        (b'[{"a":null},null]', "no valid tlog entries found with proposed entry"),
        (
            b'[{"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d":{"verification":{"inclusionProof":{}}}}]',
            "no valid tlog entries found verifying inclusion proof: index is beyond size: 18446744073709551615 >= 0",
        ),
    ],
)
def test_answers_that_make_no_sense_are_told(body: bytes, reason: str) -> None:
    with Server(lambda _: Response(200, (), body)) as server:
        assert _reason(server.url) == reason


def test_an_entry_about_another_signature_proves_nothing() -> None:
    def reason(body: bytes, **changes: Any) -> str:
        log = Log(LOG)
        entry = log.add(body)
        answer = json.dumps([{log.uuid(entry): log.describe(entry)}]).encode()
        with Server(lambda _: Response(200, (("Content-Type", "application/json"),), answer)) as server:
            return _reason(server.url, **changes).removeprefix("no valid tlog entries found ")

    other = hashedrekord(_PAYLOAD, OTHER.sign(_PAYLOAD), OTHER.public_pem)
    assert reason(other) == "signature in entry does not match signature being verified"
    signature = base64.b64encode(OTHER.sign(_PAYLOAD)).decode()
    assert reason(other, signature=signature) == "public key in entry does not match the verifier's"
    elsewhere = hashedrekord(b"x", KNOWN.sign(b"x"), KNOWN.public_pem)
    assert reason(elsewhere).startswith("matching entry to payload: entry=")
    assert reason(b"{}") == "kind in body is required"


def test_connections_are_tried_four_times() -> None:
    with Server(lambda _: Response(200)) as server:
        pass
    post = f'Post "{server.url}{_PATH}"'
    assert _reason(server.url) == (
        f"{_QUERY}{post}: giving up after 4 attempt(s): {post}: dial tcp {server.address}: connect: connection refused"
    )


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("", _PATH),
        ("/", _PATH),
        ("/prefix", f"/prefix{_PATH}"),
        ("/prefix/", f"/prefix{_PATH}"),
        ("?x=y", _PATH),
    ],
)
def test_the_servers_path_is_kept(url: str, asked: str) -> None:
    paths: list[str] = []

    def answer(request: Any) -> Response:
        paths.append(request.path)
        return Response(200, (), b"[]")

    with Server(answer) as server:
        assert _reason(server.url + url) == _NOT_FOUND
    assert paths == [asked]


def test_urls_that_lead_nowhere_are_told() -> None:
    with pytest.raises(VerificationError, match=r'^parse "::bad": missing protocol scheme$'):
        RekorClient("::bad", _TRANSPORT)
    post = f'Post "http:///nohost{_PATH}"'
    assert _reason("nohost") == f"{_QUERY}{post}: giving up after 4 attempt(s): {post}: http: no Host in request URL"
    post = f'Post "ftp://x{_PATH}"'
    assert _reason("ftp://x/") == (
        f'{_QUERY}{post}: giving up after 1 attempt(s): {post}: unsupported protocol scheme "ftp"'
    )


def test_a_signature_that_is_not_base64_is_not_asked_for(server: RekorServer) -> None:
    assert _reason(server.url, signature="!!") == "decoding base64 signature: illegal base64 data at input byte 0"
    assert not server.request_log.requests


def test_a_certificate_of_another_key_is_not_asked_for(server: RekorServer) -> None:
    reason = _reason(server.url, certified=public(OTHER))
    assert reason == "both public key and certificate were provided but did not match"
    assert not server.request_log.requests


def test_a_whole_image_is_verified_with_the_log(server: RekorServer) -> None:
    layer, attestation = signature_layer(payload=_PAYLOAD), attestation_layer()
    server.log.add(intoto(attestation.content, KNOWN.public_pem))
    registry = FakeRegistry().attach("sig", layer).attach("att", attestation)
    verifier = Verifier(registry, public(KNOWN), _transparency(server.url))
    assert verifier.image_signatures(IMAGE)
    assert verifier.attestations(IMAGE)
    assert len(server.request_log.matching("POST", _PATH)) == 2


def test_a_certificate_stands_in_for_the_key(server: RekorServer) -> None:
    leaf = certificate()
    server.log.add(hashedrekord(_PAYLOAD, _SIGNED, leaf), at=1_704_067_260)
    layer = signature_layer(payload=_PAYLOAD, annotations={"dev.sigstore.cosign/certificate": leaf})
    registry = FakeRegistry().attach("sig", layer)
    assert Verifier(registry, public(KNOWN), _transparency(server.url)).image_signatures(IMAGE)
    (asked,) = server.request_log.requests
    content = asked.document["entries"][0]["spec"]["signature"]["publicKey"]["content"]
    assert base64.b64decode(content).decode() == leaf
