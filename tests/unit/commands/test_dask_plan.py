"""What goes to workers: all that decides, and nothing that is somebody's secret."""

from __future__ import annotations

import io
import pickle
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from stages import Stage

from refimpl.commands.dask.plan import Place, Plan, UnfitError, _Pickler, _Unpickler, content_of, pack
from refimpl.commands.snapshot import Component
from refimpl.commands.validate_image import judging_elsewhere, prepare
from refimpl.deadline import Deadline
from refimpl.policy.sources.fetcher import Fetched
from refimpl.record import replace
from refimpl.verify.authority import Authority
from refimpl.verify.keys import PublicKey
from refimpl.verify.roots import Roots
from refimpl.verify.trust import LogKeys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from refimpl.commands.dask.plan import Content

_SECRET = "s3cret"


@contextmanager
def _content(image: str, stage: Stage, **changes: Any) -> Iterator[Content]:
    """Of a run; gone are its sources when the block ends, as on another machine."""
    options = replace(stage.options({"app": image}), **changes)
    deadline = Deadline(60)
    with prepare(options, stage.environ, deadline) as (setup, _):
        place = next(iter(setup.fetched.values())).path.parent.parent
        yield content_of(
            judging_elsewhere,
            setup,
            options,
            stage.environ,
            folder=place,
            roots=Roots(stage.environ, deadline),
            now=0,
            local=False,
        )


def _plan(content: Content) -> Plan:
    """As it comes to a worker."""
    found: Plan = pickle.loads(pickle.dumps(Plan("run", "version", 60.0, pack(content))))  # noqa: S301
    return found


def test_a_plan_judges_where_the_sources_are_gone(tmp_path: Path) -> None:
    with Stage(tmp_path) as stage:
        image = stage.image("acceptance/app")
        with _content(image, stage) as content:
            plan = _plan(content)
        (tmp_path / "worker").mkdir()
        judging = plan.judging(
            Place(stage.environ, str(tmp_path / "worker"), {**stage.environ, "EC_CACHE": "false"}), 1
        )
        outcomes = dict(judging.judge([Component("app", image), Component("denied", image)]))
        plan.close()
    found: dict[int, Any] = outcomes
    assert [[one.msg for one in found[number].result.violations] for number in (0, 1)] == [[], ["denied"]]
    assert [*(tmp_path / "worker").iterdir()] == []


def test_a_worker_that_has_no_room_is_unfit_and_says_why(tmp_path: Path) -> None:
    with Stage(tmp_path) as stage:
        with _content(stage.image("acceptance/app"), stage) as content:
            plan = _plan(content)
        with pytest.raises(UnfitError, match="unable to make a working directory"):
            plan.judging(Place(stage.environ, str(tmp_path / "not there"), stage.environ), 1)


def test_secrets_stay(tmp_path: Path) -> None:
    with Stage(tmp_path) as stage:
        image = stage.image("acceptance/app")
        secrets = {
            "vsa_signing_key": f"/keys/{_SECRET}",
            "kubeconfig": f"/home/{_SECRET}",
            "output": (f"json=/{_SECRET}",),
            "extra_rule_data": (),
        }
        stage.environ = {**stage.environ, "DOCKER_AUTH_CONFIG": _SECRET, "GITLAB_TOKEN": _SECRET}
        with _content(image, stage, **secrets) as content:
            assert _SECRET.encode() not in pack(content)
            url = f"git::https://user:{_SECRET}@host/rules.git"
            path = next(iter(content.setup.fetched.values())).path
            policy = content.setup.policy.with_sources(dict.fromkeys(content.setup.fetched, url))
            setup = replace(content.setup, policy=policy, fetched={url: Fetched(tmp_path / path, url)})
            (tmp_path / path).mkdir(parents=True)
            again = content_of(
                judging_elsewhere,
                setup,
                content.options,
                stage.environ,
                folder=tmp_path,
                roots=Roots(stage.environ, Deadline(None)),
                now=0,
                local=False,
            )
            assert _SECRET.encode() not in pack(again)
            assert [one.policy for one in again.setup.policy.sources] == [tuple(again.setup.fetched)]


def test_roots_of_trust_travel_as_content(tmp_path: Path) -> None:
    with Stage(tmp_path) as stage:
        image = stage.image("acceptance/app")
        stage.environ = {**stage.environ, "SIGSTORE_REKOR_PUBLIC_KEY": str(tmp_path / "key.pub")}
        with _content(image, stage) as content:
            assert content.roots == {"SIGSTORE_REKOR_PUBLIC_KEY": stage.key.public_pem.encode()}


def test_keys_and_certificates_travel() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "root")])
    now = datetime(2030, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    public = PublicKey.from_key(key.public_key())
    stream = io.BytesIO()
    _Pickler(stream, pickle.HIGHEST_PROTOCOL).dump((Authority((certificate,)), LogKeys(public), public))
    authority, logs, again = _Unpickler(io.BytesIO(stream.getvalue()), lambda _: None).load()
    assert authority == Authority((certificate,))
    assert [*logs._logs] == [*LogKeys(public)._logs]
    again.verify(key.sign(b"data", ec.ECDSA(hashes.SHA256())), b"data")
