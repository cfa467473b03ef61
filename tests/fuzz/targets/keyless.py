"""Trusted roots, TUF metadata, and what signers bring: certificates and timestamps. None counts that was changed."""

from __future__ import annotations

import atexit
import base64
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.testbed.rekor import Log
from ec_acceptance.testbed.signing import KeyPair
from ec_acceptance.testbed.sigstore.ca import pem
from ec_acceptance.testbed.sigstore.instance import ISSUER, LOGGED, SUBJECT, Sigstore
from ec_acceptance.testbed.sigstore.tuf import TUFRepository
from fuzz.target import target
from refimpl.deadline import Deadline
from refimpl.policy.config import Identity
from refimpl.verify.authority import Authority
from refimpl.verify.certificate import parse_certificates
from refimpl.verify.keyless import KeylessSigner
from refimpl.verify.timestamp import TimestampAuthority
from refimpl.verify.trusted_root import TrustedRoot
from refimpl.verify.tuf_mirror import TUFMirror

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_TIME, _NAME = b'"2020-01-01T00:00:00Z"', b"certificateAuthorities"


@cache
def _sigstore() -> Sigstore:
    return Sigstore(lambda name: KeyPair.derive("fuzz", name), Log(KeyPair.derive("fuzz", "log")))


@cache
def _signer() -> KeylessSigner:
    root = TrustedRoot.parse(_sigstore().trusted_root.encoded())
    return KeylessSigner(Identity(subject=SUBJECT, issuer=ISSUER), root.authorities, root.certificate_logs)


@cache
def _leaf() -> bytes:
    return base64.b64decode("".join(pem(_sigstore().signer().certificate).splitlines()[1:-1]))


def _roots() -> Iterable[bytes]:
    yield _sigstore().trusted_root.encoded()


def _leaves() -> Iterable[bytes]:
    yield _leaf()


@target("trusted-root", _roots, _TIME, _NAME, b'"validFor"', b'"rawBytes"', b"null", b"[]")
def _trusted_root(data: bytes) -> None:
    TrustedRoot.parse(data)


@target("keyless-certificate", _leaves, b"\x30\x82", b"\x06\x0a", b"\x04\x7a", b"\xff\xff")
def _certificate(data: bytes) -> None:
    text = base64.b64encode(data).decode()
    certificate = parse_certificates(f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")[0]
    _signer().key(certificate, ())
    assert data == _leaf(), "a certificate that was changed counts"


@cache
def _stamps() -> tuple[TimestampAuthority, TimestampAuthority]:
    """The authority as a root alone, and with the one certificate that it stamps by."""
    certificate, root = _sigstore().timestamps.chain
    return TimestampAuthority(Authority((root,))), TimestampAuthority(Authority((root,)), certificate)


def _timestamps() -> Iterable[bytes]:
    yield _sigstore().timestamps.stamp(b"signature", LOGGED)
    yield _sigstore().timestamps.stamp(b"another", LOGGED)
    yield _sigstore().with_other_keys().timestamps.stamp(b"signature", LOGGED)


@target(
    "timestamp",
    _timestamps,
    b"\x30\x82",
    b"\x06\x09",
    b"\x18\x0f20240501120100Z",
    b"\xa0\x80",
    b"\x17\x0d",
    b"\x00\x00",
)
def _timestamp(data: bytes) -> None:
    by_root, by_certificate = _stamps()
    time = by_root.time(data, b"signature")
    assert time == LOGGED, "a time that was changed counts"
    assert by_certificate.time(data, b"signature") == time, "another certificate stamps"


@cache
def _repository() -> TUFRepository:
    """All roles have a key under two ids, so that who has signed is counted anew."""
    keys = cache(lambda name: KeyPair.derive("fuzz", name))
    made = TUFRepository(keys, {"trusted_root.json": _sigstore().trusted_root.encoded()})
    for role in ("root", "timestamp", "snapshot", "targets"):
        made.name_twice(role, also=f"{role} besides")
    return made


@cache
def _folder() -> Path:
    """A mirror, and beside it what a client keeps, in memory where there is such a place."""
    memory = Path("/dev/shm")  # noqa: S108  # made anew, by a name that nobody knows
    folder = Path(tempfile.mkdtemp(prefix="tuf-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for path, content in _repository().files.items():
        (folder / "mirror" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "mirror" / path).write_bytes(content)
    return folder


def _metadata(path: str) -> Callable[[], Iterable[bytes]]:
    return lambda: [_repository().files[path]]


def _serve(path: str, data: bytes, *, root: str = "5.root.json") -> None:
    """Have a client follow a mirror whose file at a path is this one; what it believes is what was published."""
    folder, published = _folder(), _repository().files
    shutil.rmtree(folder / "cache", ignore_errors=True)
    (folder / "mirror" / path).write_bytes(data)
    url = (folder / "mirror").as_uri()
    client = TUFMirror(
        url, published[root], root_name=root, cache=folder / "cache", environ={}, deadline=Deadline(None)
    )
    try:
        assert isinstance(client.trusted_root(), TrustedRoot), "roots of trust that nobody published"
    finally:
        (folder / "mirror" / path).write_bytes(published[path])
    [found] = (folder / "cache").glob("*/targets/trusted_root.json")
    assert found.read_bytes() == _sigstore().trusted_root.encoded(), "a target that was changed counts"


_WORDS = b'"keyids"', b'"threshold": 0', b'"signed"', b'"version": 99', b'"expires": "2999-01-01T00:00:00Z"'


@target("tuf-root", _metadata("5.root.json"), *_WORDS)
def _tuf_root(data: bytes) -> None:
    _serve("5.root.json", data, root="4.root.json")


@target("tuf-timestamp", _metadata("timestamp.json"), *_WORDS)
def _tuf_timestamp(data: bytes) -> None:
    _serve("timestamp.json", data)


@target("tuf-snapshot", lambda: [_repository().files[_newest("snapshot")]], *_WORDS)
def _tuf_snapshot(data: bytes) -> None:
    _serve(_newest("snapshot"), data)


@target("tuf-targets", lambda: [_repository().files[_newest("targets")]], *_WORDS)
def _tuf_targets(data: bytes) -> None:
    _serve(_newest("targets"), data)


def _newest(role: str) -> str:
    """The path of the metadata of a role's newest version."""
    return max(
        (path for path in _repository().files if path.endswith(f".{role}.json")),
        key=lambda path: int(path.split(".")[0]),
    )
