"""Roots of trust as targets of their own (specification 20 §3.3)."""

from __future__ import annotations

from typing import Any

import pytest
from samples import LOG

from ec_acceptance.testbed.rekor import Log
from ec_acceptance.testbed.signing import KeyPair
from ec_acceptance.testbed.sigstore.ca import pem
from ec_acceptance.testbed.sigstore.instance import Sigstore
from refimpl.errors import KeyMaterialError
from refimpl.verify.legacy_targets import LegacyTargets, usage_of

_SIGSTORE = Sigstore(lambda name: KeyPair.derive("test", name), Log(LOG))


def test_only_what_is_needed_must_be_there() -> None:
    targets = LegacyTargets({"Rekor": [LOG.public_pem.encode()]})
    assert targets.logs.get(LOG.fingerprint.hex()) is not None
    for missing in ("authorities", "certificate_logs"):
        with pytest.raises(KeyMaterialError, match="fallbacks not found: "):
            getattr(targets, missing)


def test_all_certificates_are_of_one_authority() -> None:
    chain = [pem(one).encode() for one in _SIGSTORE.authority.chain]
    [authority] = LegacyTargets({"Fulcio": chain}).authorities
    assert authority.roots == (_SIGSTORE.root.certificate,)
    assert authority.intermediates == (_SIGSTORE.authority.certificate,)
    assert authority.closed


@pytest.mark.parametrize(
    ("custom", "usage"),
    [
        ({"sigstore": {"usage": "CTFE"}}, "CTFE"),
        ({"sigstore": {"usage": 5}}, ""),
        ({"sigstore": [1]}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_a_use_is_told_by_a_text(custom: Any, usage: str) -> None:
    assert usage_of(custom) == usage
