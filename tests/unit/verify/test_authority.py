"""Authorities that trust nobody, and certificates that aren't there: what no scenario can make."""

from __future__ import annotations

from datetime import timedelta

import pytest
from samples import LOG

from ec_acceptance.testbed.rekor import Log
from ec_acceptance.testbed.signing import KeyPair
from ec_acceptance.testbed.sigstore.instance import LOGGED, Sigstore
from refimpl.errors import VerificationError
from refimpl.policy.config import Identity
from refimpl.verify.authority import Authority
from refimpl.verify.keyless import KeylessSigner
from refimpl.verify.trust import LogKeys, Period

_SIGSTORE = Sigstore(lambda name: KeyPair.derive("test", name), Log(LOG))
_ROOT = _SIGSTORE.root.certificate
_LEAF = _SIGSTORE.certify(KeyPair.derive("test", "signer"))
_BETWEEN = tuple(_SIGSTORE.authority.chain[:-1])


def test_an_authority_gives_the_issuer_on_a_path_to_its_root() -> None:
    assert Authority((_ROOT,), _BETWEEN).issuer(_LEAF, LOGGED) == _BETWEEN[0]
    assert Authority((_ROOT,)).issuer(_LEAF, LOGGED, _BETWEEN) == _BETWEEN[0]


def test_without_roots_nobody_is_trusted() -> None:
    with pytest.raises(VerificationError, match=r"\Ano root is trusted\Z"):
        Authority(()).issuer(_LEAF, LOGGED)


def test_beyond_its_period_it_isnt_trusted() -> None:
    over = Authority((_ROOT,), _BETWEEN, period=Period(None, LOGGED - timedelta(seconds=1)))
    with pytest.raises(VerificationError, match=r"\Athe authority is not trusted at that time\Z"):
        over.issuer(_LEAF, LOGGED)


def test_an_authority_that_names_all_its_intermediates_takes_none_that_a_signature_brings() -> None:
    with pytest.raises(VerificationError, match=r"\Acertificate signed by unknown authority\Z"):
        Authority((_ROOT,), closed=True).issuer(_LEAF, LOGGED, _BETWEEN)


def test_too_many_intermediates_are_refused_before_a_path_is_looked_for() -> None:
    with pytest.raises(VerificationError, match=r"\Amore than 10 intermediate certificates\Z"):
        Authority((_ROOT,)).issuer(_LEAF, LOGGED, _BETWEEN * 11)


def test_a_root_doesnt_issue_itself() -> None:
    with pytest.raises(VerificationError):
        Authority((_ROOT,)).issuer(_ROOT, LOGGED)


def test_a_signature_without_a_certificate_is_nobodys() -> None:
    signer = KeylessSigner(Identity(), (), LogKeys())
    with pytest.raises(VerificationError, match=r"\Ano certificate found on signature\Z"):
        signer.key(None, ())
