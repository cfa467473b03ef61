"""An attestation that the key didn't sign isn't worth a question to the log (recorded from the real command)."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from ec_acceptance.testbed.rekor import Log, RekorServer
from ec_acceptance.testbed.signing import KeyPair, seal
from refimpl.deadline import Deadline
from refimpl.errors import VerificationError
from refimpl.http.transport import Transport
from refimpl.verify.keys import parse_public_key
from refimpl.verify.rekor import RekorClient
from refimpl.verify.transparency_log import Evidence, TransparencyLog
from refimpl.verify.trust import LogKeys

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY, _OTHER = KeyPair.derive("test", "key"), KeyPair.derive("test", "other")
_STRANGER = "could not verify envelope: accepted signatures do not match threshold, Found: 0, Expected 1"
_NOT_BASE64 = "could not verify envelope: unable to base64 decode payload (is payload in the right format?)"


def _envelope(*keys: KeyPair, **changes: Any) -> bytes:
    return json.dumps(json.loads(seal(b"{}", keys).content) | changes).encode()


@pytest.fixture
def server() -> Iterator[RekorServer]:
    with RekorServer(Log(KeyPair.derive("test", "log"))) as made:
        yield made


def _check(server: RekorServer, envelope: bytes) -> str:
    transport = Transport(os.environ, Deadline(10), user_agent="test")
    log = TransparencyLog(LogKeys.from_pem(server.log.public_pem), RekorClient(server.url, transport))
    key = parse_public_key(_KEY.public_pem)
    evidence = Evidence(envelope, "", key.pem, key, None, is_attestation=True)
    with pytest.raises(VerificationError) as error:
        log.check(evidence, None)
    transport.close()
    return str(error.value)


@pytest.mark.parametrize(
    ("envelope", "text"),
    [
        (_envelope(_OTHER), _STRANGER),
        (_envelope(_KEY, payloadType="text/plain"), _STRANGER),
        (_envelope(_KEY, payload=base64.b64encode(b"[]").decode()), _STRANGER),
        (_envelope(_KEY, payload="%"), _NOT_BASE64),
        (_envelope(_KEY, _OTHER), "all signatures must have a key that verifies it"),
        (b"hello", "payload must be a valid DSSE envelope: invalid character 'h' looking for beginning of value"),
    ],
)
def test_a_foreign_envelope_is_refused_before_the_log_is_asked(server: RekorServer, envelope: bytes, text: str) -> None:
    assert _check(server, envelope) == text
    assert not server.request_log.requests


def test_an_envelope_by_the_key_is_looked_up(server: RekorServer) -> None:
    assert _check(server, _envelope(_KEY)) == "signature not found in transparency log"
    [asked] = server.request_log.requests
    assert [entry["kind"] for entry in asked.document["entries"]] == ["dsse", "intoto"]


def test_an_envelope_without_signatures_is_looked_up_without_verifiers(server: RekorServer) -> None:
    _check(server, _envelope(signatures=[]))
    [asked] = server.request_log.requests
    assert asked.document["entries"][0]["spec"]["proposedContent"]["verifiers"] is None


def test_a_large_envelope_without_signatures_is_not_sent_to_the_log(server: RekorServer) -> None:
    assert _check(server, _envelope(signatures=[], more="x" * (1 << 20))) == "no signature found"
    assert not server.request_log.requests
