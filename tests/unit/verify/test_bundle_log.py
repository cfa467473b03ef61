"""Log entries in bundles: whether they prove that the log has the bundle."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from bundle_layers import (
    NOT_LOGGED,
    TYPE,
    Change,
    find_reasons,
    find_types,
    make_bundle,
    make_verifier,
    refer_to,
    unchanged,
)
from samples import IMAGE, KNOWN, LOG, OTHER, STRANGE_LOG, attestation_layer, encode, public

from ec_acceptance.testbed.rekor import Log
from ec_acceptance.testbed.rekor.entries import canonical, dsse, intoto
from ec_acceptance.testbed.signing import KeyPair, Layer
from refimpl.verify.transparency_log import TransparencyLog
from refimpl.verify.trust import LogKeys

if TYPE_CHECKING:
    from collections.abc import Callable


def _entry(layer: Layer, log: Log, body: bytes | None = None, change: Change = unchanged) -> Layer:
    """The bundle with an entry of the log."""
    bundle = json.loads(layer.content)
    envelope = encode(bundle["dsseEnvelope"])
    entry = log.add(dsse(envelope, KNOWN.public_pem) if body is None else body)
    told = log.in_bundle(entry)
    change(told)
    bundle["verificationMaterial"]["tlogEntries"] = [told]
    return Layer(TYPE, json.dumps(bundle).encode())


def _log(key: KeyPair = LOG) -> Log:
    log = Log(key, clock=lambda: 1_704_067_260)
    log.add(b"first")
    return log


_TRANSPARENCY = TransparencyLog(LogKeys(public(LOG)))


def test_a_logged_bundle_verifies() -> None:
    registry = refer_to(_entry(make_bundle(), _log()))
    assert len(make_verifier(registry, _TRANSPARENCY).attestations(IMAGE)) == 1


_LOGGED = "failed to verify log inclusion: "
_INCLUDED = f"{_LOGGED}calculated root:"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda entry: entry.update(integratedTime="5"), NOT_LOGGED),
        (lambda entry: entry.update(logIndex="7"), NOT_LOGGED),
        (lambda entry: entry["inclusionProof"].update(rootHash="AAAA"), _INCLUDED),
        (lambda entry: entry["inclusionProof"].update(hashes=[]), f"{_LOGGED}wrong proof size 0, want 1"),
        (lambda entry: entry["inclusionProof"].update(logIndex="0"), _INCLUDED),
        (lambda entry: entry["inclusionProof"].update(logIndex="2"), f"{_LOGGED}index is beyond size: 2 >= 2"),
    ],
)
def test_an_entry_timestamp_and_a_proof_must_hold(change: Change, reason: str) -> None:
    assert find_reasons(_entry(make_bundle(), _log(), change=change), log=_TRANSPARENCY).startswith(reason)


def test_a_proof_is_enough() -> None:
    registry = refer_to(_entry(make_bundle(), _log(), change=lambda entry: entry.pop("inclusionPromise")))
    assert len(make_verifier(registry, _TRANSPARENCY).attestations(IMAGE)) == 1


def _more_entries(change: Callable[[list[Any]], object]) -> Layer:
    bundle = json.loads(_entry(make_bundle(), _log()).content)
    change(bundle["verificationMaterial"]["tlogEntries"])
    return Layer(TYPE, json.dumps(bundle).encode())


def test_there_are_few_entries_and_none_twice() -> None:
    twice = _more_entries(lambda entries: entries.append(dict(entries[0])))
    assert find_reasons(twice, log=_TRANSPARENCY) == f"{_LOGGED}duplicate tlog entries found"
    many = _more_entries(lambda entries: entries.extend({**entries[0], "logIndex": at} for at in range(100, 132)))
    assert find_reasons(many, log=_TRANSPARENCY) == f"{_LOGGED}too many tlog entries: 33 > 32"


def test_without_a_proof_an_entry_timestamp_is_enough() -> None:
    def change(entries: list[Any]) -> None:
        entries.append({**entries[0], "logIndex": "9", "inclusionPromise": None})
        entries[0].pop("inclusionProof")

    registry = refer_to(_more_entries(change))
    assert len(make_verifier(registry, _TRANSPARENCY).attestations(IMAGE)) == 1


def test_a_bundle_without_entry_or_of_another_log_is_not_logged() -> None:
    assert find_reasons(make_bundle(), log=_TRANSPARENCY) == NOT_LOGGED
    assert find_reasons(_entry(make_bundle(), _log(STRANGE_LOG)), log=_TRANSPARENCY) == NOT_LOGGED


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (dsse(attestation_layer({}).content, KNOWN.public_pem), "transparency log signature does not match"),
        (
            dsse(encode(json.loads(make_bundle().content)["dsseEnvelope"]), OTHER.public_pem),
            "transparency log certificate does not match",
        ),
        (intoto(attestation_layer({}).content, KNOWN.public_pem), "unsupported entry type: *intoto.V001Entry"),
        (
            canonical({"kind": "rekord", "apiVersion": "0.0.1", "spec": {"data": {}}}),
            "unsupported entry type: *rekord.V001Entry",
        ),
    ],
)
def test_an_entry_about_something_else_does_not_log_the_bundle(body: bytes, reason: str) -> None:
    assert find_reasons(_entry(make_bundle(), _log(), body), log=_TRANSPARENCY) == f"{_LOGGED}{reason}"


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.update(canonicalizedBody=base64.b64encode(b'{"kind":"foo","spec":{"x":1}}').decode()),
        lambda entry: entry.update(canonicalizedBody=""),
        lambda entry: entry.update(logIndex="-1"),
        lambda entry: entry.pop("logId"),
        lambda entry: entry.pop("kindVersion"),
        lambda entry: entry["inclusionProof"].pop("checkpoint"),
        lambda entry: entry.pop("inclusionProof"),
        lambda entry: entry.update(log_index="1"),
    ],
)
def test_an_entry_that_is_none_leaves_the_tags(change: Change) -> None:
    assert find_types(refer_to(_entry(make_bundle(), _log(), change=change))) == ["by tag"]


def test_the_checkpoint_must_be_the_logs_and_about_this_tree() -> None:
    layer, log = make_bundle(), _log()
    log.add(dsse(encode(json.loads(layer.content)["dsseEnvelope"]), KNOWN.public_pem))
    head = "unmarshalling log entry checkpoint to SignedCheckpoint: unmarshalling"
    for note, reason in (
        (log.checkpoint(key=STRANGE_LOG), "signature on checkpoint did not verify"),
        (
            log.checkpoint(1),
            f"proof root hash does not match signed tree head, expected {log.root()} got {log.root(1)}",
        ),
        ("rekor.test - 1\n2\n\n\n", f"{head} signed note: malformed note"),
        ("rekor.test - 1\n\n2\n", f"{head} checkpoint: invalid checkpoint - too few newlines"),
        ("junk", "cannot verify Rekor v2 entry without baseUrl in transparency log's trusted root"),
    ):

        def change(entry: Any, note: str = note) -> None:
            entry["inclusionProof"]["checkpoint"]["envelope"] = note

        assert find_reasons(_entry(layer, log, change=change), log=_TRANSPARENCY) == f"{_LOGGED}{reason}"
