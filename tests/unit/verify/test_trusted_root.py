from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from samples import LOG

from ec_acceptance.testbed.rekor import Log
from ec_acceptance.testbed.signing import KeyPair
from ec_acceptance.testbed.sigstore.instance import Sigstore
from refimpl.errors import KeyMaterialError
from refimpl.verify.trust import Period
from refimpl.verify.trusted_root import TrustedRoot

if TYPE_CHECKING:
    from collections.abc import Callable

_DOCUMENT = Sigstore(lambda name: KeyPair.derive("test", name), Log(LOG)).trusted_root.document()


def _change(change: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(json.dumps(_DOCUMENT))
    change(document)
    return json.dumps(document).encode()


def test_everything_is_read() -> None:
    root = TrustedRoot.parse(json.dumps(_DOCUMENT).encode())
    [authority] = root.authorities
    assert len(authority.roots) == len(authority.intermediates) == 1
    assert authority.period == Period(datetime(2020, 1, 1, tzinfo=UTC), None)
    key = root.logs.get(LOG.fingerprint.hex())
    assert key is not None
    assert key.der == LOG.public_der
    assert root.logs.of_trusted_root
    assert len(root.timestamp_authorities) == 1


def test_members_that_nobody_knows_are_passed_over() -> None:
    assert TrustedRoot.parse(_change(lambda one: one.update(later=[1]))).authorities


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda one: one.update(mediaType="x"), "unsupported TrustedRoot media type: x"),
        (lambda one: one.update(tlogs=5), "tlogs: not a list"),
        (lambda one: one.update(tlogs={}), "tlogs: not a list"),
        (lambda one: one.update(ctlogs=""), "ctlogs: not a list"),
        (
            lambda one: one["certificateAuthorities"][0].update(validFor="2020"),
            r"certificateAuthorities\[0\].validFor: not a period",
        ),
        (
            lambda one: one["timestampAuthorities"][0].update(validFor=[]),
            r"timestampAuthorities\[0\].validFor: not a period",
        ),
        (lambda one: one["tlogs"].append(5), r"tlogs\[\d\].hashAlgorithm: unsupported hash algorithm"),
        (lambda one: one["tlogs"][0].update(hashAlgorithm={}), r"tlogs\[0\].hashAlgorithm: unsupported"),
        (lambda one: one["tlogs"][0].update(hashAlgorithm="MD5"), r"tlogs\[0\].hashAlgorithm: unsupported"),
        (lambda one: one["tlogs"][0].pop("logId"), r"tlogs\[0\].logId.keyId: missing"),
        (lambda one: one["ctlogs"][0]["publicKey"].update(rawBytes="AAAA"), r"ctlogs\[0\].publicKey.rawBytes: not a"),
        (lambda one: one["ctlogs"][0]["publicKey"].update(rawBytes="*"), r"ctlogs\[0\].publicKey.rawBytes: "),
        (lambda one: one["ctlogs"][0]["publicKey"].pop("validFor"), r"ctlogs\[0\].publicKey.validFor.start: missing"),
        (
            lambda one: one["ctlogs"][0]["publicKey"]["validFor"].update(start="2020-02-30T00:00:00Z"),
            r"ctlogs\[0\].publicKey.validFor.start: not a time",
        ),
        (
            lambda one: one["certificateAuthorities"][0]["certChain"].update(certificates=[]),
            r"certificateAuthorities\[0\].certChain.certificates: empty",
        ),
        (
            lambda one: one["timestampAuthorities"][0]["certChain"]["certificates"][1].update(rawBytes="AAAA"),
            r"timestampAuthorities\[0\].certChain.certificates\[1\].rawBytes: not a certificate",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(change: Callable[[dict[str, Any]], object], place: str) -> None:
    with pytest.raises(KeyMaterialError, match=f"^trusted root: {place}"):
        TrustedRoot.parse(_change(change))


@pytest.mark.parametrize(("name", "place"), [("tlogs", "document"), ("hashAlgorithm", r"[a-z]+\[0\]")])
def test_what_is_named_twice_is_refused(name: str, place: str) -> None:
    text = json.dumps(_DOCUMENT).replace(f'"{name}"', f'"{name}": null, "{name}"')
    with pytest.raises(KeyMaterialError, match=f"^trusted root: {place}: a member is named twice$"):
        TrustedRoot.parse(text.encode())


def test_a_period_has_both_its_ends() -> None:
    start, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
    assert Period(start, end).covers(start)
    assert Period(start, end).covers(end)
    assert not Period(start, end).covers(datetime(2021, 1, 1, 0, 0, 1, tzinfo=UTC))
    assert not Period(start).covers(datetime(2019, 12, 31, tzinfo=UTC))
    assert Period().covers(start)
