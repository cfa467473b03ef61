"""A TUF repository and the mirror that serves it, with the faults that a repository or a mirror can have.

Source: the TUF specification, §3 to §5 (metadata by version, targets by hash); specification 20 §3.3.
"""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from securesystemslib.exceptions import FormatError
from securesystemslib.formats import encode_canonical
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import (
    TOP_LEVEL_ROLE_NAMES,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from ec_acceptance.testbed.servers.http import Response, Server
from ec_acceptance.testbed.servers.request_log import RequestLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ec_acceptance.testbed.servers.http import Request
    from ec_acceptance.testbed.signing import KeyPair

__all__ = ["ROOT", "SNAPSHOT", "TARGETS", "TIMESTAMP", "TUFMirror", "TUFRepository"]

ROOT, TIMESTAMP, SNAPSHOT, TARGETS = Root.type, Timestamp.type, Snapshot.type, Targets.type

_YEARS = timedelta(days=3650)
_ENDLESS = b" " * (1 << 16)
_NOT_FOUND = Response(404, (), b"not found\n")


class TUFRepository:
    """Signs metadata and keeps what a mirror would serve, by path. Nothing that was published goes away.

    Args:
        keys: makes the key of a name.
        targets: content by name.
    """

    def __init__(self, keys: Callable[[str], KeyPair], targets: Mapping[str, bytes]) -> None:
        self.files: dict[str, bytes] = {}
        self._keys = keys
        self._expiry = datetime.now(UTC).replace(microsecond=0) + _YEARS
        self._signers = {role: [self._signer(role)] for role in TOP_LEVEL_ROLE_NAMES}
        self._root = Root(expires=self._expiry, consistent_snapshot=True)
        for role, signers in self._signers.items():
            self._root.add_key(_key(signers[0]), role)
        self._targets = Targets(expires=self._expiry)
        self._snapshot = Snapshot(expires=self._expiry)
        self._timestamp = Timestamp(expires=self._expiry)
        self.publish_root(bump=False)
        self.publish(targets, bump=False)

    @property
    def trusted(self) -> bytes:
        """The first root: what users get by another way than the mirror."""
        return self.files["1.root.json"]

    @property
    def version(self) -> int:
        """Of the newest snapshot."""
        return self._snapshot.version

    def publish(
        self, targets: Mapping[str, bytes], *, bump: bool = True, usages: Mapping[str, str] | None = None
    ) -> None:
        """Publish targets, the new in place of the old, in the next version of all metadata but the root.

        Args:
            targets: content by name.
            bump: whether the versions are the next ones.
            usages: what targets are for by their metadata's account, by name.
        """
        for name, content in targets.items():
            target = TargetFile.from_data(name, content, ["sha256"])
            if name in (usages or {}):
                told = {"usage": (usages or {})[name], "status": "Active", "uri": ""}
                target.unrecognized_fields["custom"] = {"sigstore": told}
            self._targets.targets[name] = target
            self.files[f"targets/{target.hashes['sha256']}.{name}"] = content
        if bump:
            for part in (self._targets, self._snapshot, self._timestamp):
                part.version += 1
        self.sign_all()

    def sign_all(self) -> None:
        """Sign targets, snapshot and timestamp as they are."""
        self._snapshot.meta["targets.json"] = MetaFile(self._targets.version)
        self._timestamp.snapshot_meta = MetaFile(self._snapshot.version)
        self.files[f"{self._targets.version}.targets.json"] = self._sign(self._targets, TARGETS)
        self.files[f"{self._snapshot.version}.snapshot.json"] = self._sign(self._snapshot, SNAPSHOT)
        self.files["timestamp.json"] = self._sign(self._timestamp, TIMESTAMP)

    def publish_root(self, *, bump: bool = True, also_by: tuple[CryptoSigner, ...] = ()) -> None:
        """Publish the root's next version, signed by its keys and by those that were its keys before."""
        if bump:
            self._root.version += 1
        self.files[f"{self._root.version}.root.json"] = self._sign(self._root, ROOT, also_by)

    def rotate(self, role: str, name: str = "") -> None:
        """Give a role another key, by a new version of the root, and sign its metadata anew."""
        before = tuple(self._signers[role])
        for signer in before:
            self._root.revoke_key(signer.public_key.keyid, role)
        self._signers[role] = [self._signer(name or f"{role} rotated")]
        self._root.add_key(_key(self._signers[role][0]), role)
        self.publish_root(also_by=before if role == ROOT else ())
        if role != ROOT:
            self.publish({})

    def usurp(self, name: str) -> None:
        """Publish a next root that has another key, and is signed by that one alone."""
        for signer in self._signers[ROOT]:
            self._root.revoke_key(signer.public_key.keyid, ROOT)
        self._signers[ROOT] = [self._signer(name)]
        self._root.add_key(_key(self._signers[ROOT][0]), ROOT)
        self.publish_root()

    def withdraw(self, name: str) -> None:
        """Publish the next version of the targets without one of them."""
        del self._targets.targets[name]
        self.publish({})

    def demand(self, role: str, threshold: int) -> None:
        """Demand so many signatures of a role, which still has one key, and sign its metadata anew."""
        self._root.roles[role].threshold = threshold
        self.publish_root()

    def expire(self, role: str, moment: datetime) -> None:
        """Let a role's metadata expire at a moment, in a new version."""
        {ROOT: self._root, TIMESTAMP: self._timestamp, SNAPSHOT: self._snapshot, TARGETS: self._targets}[
            role
        ].expires = moment
        if role == ROOT:
            self.publish_root()
        else:
            self.publish({})

    def sign_twice(self, path: str) -> None:
        """Have the file's signature in it a second time."""
        document = json.loads(self.files[path])
        document["signatures"] *= 2
        self.files[path] = json.dumps(document).encode()

    def name_twice(self, role: str, *, also: str = "") -> None:
        """Give a role's key a second id, and demand two signatures: by both ids, and by another key if one is named."""
        private = self._keys(f"TUF {role}").private
        named = SSlibKey.from_crypto(private.public_key())
        second = SSlibKey(f"second{named.keyid[6:]}", named.keytype, named.scheme, named.keyval)
        more = [CryptoSigner(private, second), *([self._signer(also)] if also else [])]
        for signer in more:
            self._root.add_key(_key(signer), role)
        self._signers[role] += more
        self.demand(role, 2)
        self.publish({})

    def sign_as(self, role: str, name: str) -> None:
        """Sign a role's metadata by a key that the root doesn't give it."""
        self._signers[role] = [self._signer(name)]
        self.publish({})

    def rewrite(self, path: str, change: Callable[[dict[str, Any]], object], *, by: Sequence[str] = ()) -> None:
        """Change a file's signed part as JSON, and sign it anew.

        Args:
            path: such as ``1.targets.json``; the last part of the name is the role's.
            change: of the part, in place.
            by: names of keys; those of the role by default.
        """
        signed = json.loads(self.files[path])["signed"]
        change(signed)
        signers = [self._signer(name) for name in by] or self._signers[path.removesuffix(".json").rpartition(".")[2]]
        self.add(path, signed, signers)

    def add(self, path: str, signed: Mapping[str, Any], by: Sequence[CryptoSigner | str]) -> None:
        """Add a file with a signed part that need not be metadata, in canonical JSON where there is any."""
        try:
            content = (encode_canonical(dict(signed)) or "").encode()
        except FormatError:  # of a number with a fraction, which cannot be signed
            content = b""
        signers = [self._signer(one) if isinstance(one, str) else one for one in by]
        signatures = [one.sign(content).to_dict() for one in signers]
        self.files[path] = json.dumps({"signatures": signatures, "signed": signed}).encode()

    def key(self, name: str) -> tuple[str, dict[str, Any]]:
        """The id and the metadata of the key of a name."""
        key = self._signer(name).public_key
        return key.keyid, key.to_dict()

    def _sign(self, part: Any, role: str, also_by: tuple[CryptoSigner, ...] = ()) -> bytes:
        metadata = Metadata(part)
        for signer in (*self._signers[role], *also_by):
            metadata.sign(signer, append=True)
        return metadata.to_bytes()

    def _signer(self, name: str) -> CryptoSigner:
        private = self._keys(f"TUF {name}").private
        return CryptoSigner(private, SSlibKey.from_crypto(private.public_key()))


class TUFMirror:
    """Serves a repository's files, by path, over HTTP.

    `files` may be changed at any time: replaced or removed, or None for a body without end, or a whole response.
    """

    def __init__(self, files: Mapping[str, bytes | Response | None], *, port: int = 0) -> None:
        self.request_log = RequestLog()
        self.files: dict[str, bytes | Response | None] = dict(files)
        self._lock = threading.Lock()
        self._server = Server(self.request_log.record(self._answer), port=port, name="tuf")
        self.url = self._server.url

    def update(self, repository: TUFRepository) -> None:
        """Serve what the repository has by now."""
        with self._lock:
            self.files.update(repository.files)

    def close(self) -> None:
        """Stop serving."""
        self._server.close()

    def _answer(self, request: Request) -> Response:
        with self._lock:
            path = request.path.lstrip("/")
            if path not in self.files:
                return _NOT_FOUND
            content = self.files[path]
        if isinstance(content, Response):
            return content
        return Response(200, (), _endless() if content is None else content)


def _endless() -> Iterator[bytes]:
    while True:
        yield _ENDLESS


def _key(signer: CryptoSigner) -> SSlibKey:
    key = signer.public_key
    assert isinstance(key, SSlibKey)
    return key
