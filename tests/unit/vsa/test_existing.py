"""Whether VSAs are looked for in place of a validation, and what comes of it (specification 24 §14)."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from vsa_samples import GOOD, IMAGE, KEY, POLICY, SIGNER

from ec_acceptance.testbed.rekor import Log, RekorServer
from ec_acceptance.testbed.signing import KeyPair
from refimpl.command_line.options import Options
from refimpl.deadline import Deadline
from refimpl.errors import KeyMaterialError
from refimpl.http.transport import Transport
from refimpl.kubernetes.cluster import Cluster
from refimpl.vsa.existing import existing_summaries, is_attested, log_retriever, public_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from refimpl.vsa.check import Check

_CLUSTER = Cluster({}, kubeconfig="", deadline=Deadline(20))


@pytest.fixture
def log() -> Iterator[RekorServer]:
    with RekorServer(Log(KeyPair.derive("tests", "log"))) as server:
        yield server


def _transport() -> Transport:
    return Transport({}, Deadline(20), user_agent="tests")


def _check(folder: Path, log: RekorServer, **changes: Any) -> Check | None:
    key = folder / "vsa.pub"
    key.write_text(KEY.public_pem)
    usual = {"vsa_upload": (f"rekor@{log.url}",), "vsa_public_key": str(key)}
    return existing_summaries(
        Options(**{**usual, **changes}),
        {},
        policy=POLICY,
        key=SIGNER.public_pem,
        cluster=_CLUSTER,
        transport=_transport(),
    )


def test_one_that_counts_is_found(tmp_path: Path, log: RekorServer) -> None:
    GOOD.log_into(log.log)
    check = _check(tmp_path, log)
    assert check is not None
    assert is_attested(check, IMAGE, "one")


def test_why_none_counts_is_in_the_log(tmp_path: Path, log: RekorServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    check = _check(tmp_path, log)
    assert check is not None
    assert not is_attested(check, IMAGE, "one")
    assert f"Failed to validate existing VSA for image {IMAGE}: " in caplog.text
    replace(GOOD, status="failed").log_into(log.log)
    assert not is_attested(check, IMAGE, "one")
    assert f"VSA validation did not pass for image {IMAGE}: VSA predicate status is 'failed'" in caplog.text


def test_an_image_without_a_digest_has_none(tmp_path: Path, log: RekorServer, caplog: pytest.LogCaptureFixture) -> None:
    check = _check(tmp_path, log)
    assert check is not None
    assert not is_attested(check, "registry.test/image:latest", "one")
    assert "does not contain a valid image digest" in caplog.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vsa_expiration": 0.0}, ""),
        ({"vsa_expiration": -1.0}, ""),
        ({"vsa_upload": ()}, ""),
        ({"vsa_upload": ("local@/x",)}, ""),
        ({"effective_time": "2030-01-01"}, "the time that rules were judged at"),
        ({"effective_time": "attestation"}, "the time that rules were judged at"),
        *(
            ({f"certificate_{name}": "x"}, "the identity that --certificate-identity names")
            for name in ("identity", "identity_regexp", "oidc_issuer", "oidc_issuer_regexp")
        ),
    ],
)
def test_where_none_is_looked_for(
    tmp_path: Path, log: RekorServer, changes: dict[str, Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert _check(tmp_path, log, **changes) is None
    assert said in caplog.text
    assert bool(said) == bool(caplog.records)


def test_now_is_now_in_any_case_of_letters(tmp_path: Path, log: RekorServer) -> None:
    check = _check(tmp_path, log, effective_time="NOW")
    assert check is not None
    assert abs(check.effective_time - time.time_ns()) < 3600 * 10**9


def test_the_first_log_is_searched_whatever_stands_before_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    found = log_retriever(
        [
            "nowhere@x",
            "local@/x",
            "rekor@http://[",
            "rekor@http://one.test?server=http://two.test",
            "rekor@http://three",
        ],
        _transport(),
    )
    assert found is not None
    assert found._url == "http://two.test"
    assert "Failed to parse VSA upload flag 'nowhere@x': unsupported backend 'nowhere'" in caplog.text
    assert log_retriever([], _transport()) is None


def test_a_key_that_cannot_be_loaded_is_told_when_it_is_needed() -> None:
    assert isinstance(public_key("/nowhere/key.pub", {}, _CLUSTER), KeyMaterialError)
