"""A tool that fetches one image into an OCI-like folder of blobs: right at everything, or wrong in one way.

    python example_puller.py [--wrong MODE] [--cache DIRECTORY] REF DESTINATION

Its cache is what a cache that processes share must be. A layer gets its final name when it is whole and verified, and
not before; what is kept is verified again whenever it is used; what a process was writing when it was killed is removed
by the next one, and nothing that a living one writes: that holds a lock on it.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import http.client
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import IO, Any

WRONG = (
    "shares-unsafely",  # writes a layer under its final name, where others take it before it is whole
    "believes-entries",  # doesn't verify what is kept
    "truncates",  # takes a transfer that broke off for a whole one
    "ignores-digest",  # doesn't compare digests of what it fetches
    "keyed-by-claim",  # keeps layers under the diffIDs that configurations claim
    "leaves-temporaries",  # never removes what killed processes were writing
    "remembers-failures",  # doesn't ask again for what was missing once
    "swallows-errors",  # says that all is well, whatever happened
)
_ALGORITHMS = ("sha256", "sha512")
_TRIES = 3
_CHUNK = 1 << 16


class PullError(Exception):
    """Why an image can't be had."""


class Registry:
    """One repository, over plain HTTP."""

    def __init__(self, ref: str, wrong: str) -> None:
        self.host, _, rest = ref.partition("/")
        self.name, _, self.digest = rest.partition("@")
        self._wrong = wrong

    def get(self, path: str, target: IO[bytes]) -> None:
        """Write a body; an answer of the server's own fault is asked for again."""
        for attempt in range(_TRIES):
            connection = http.client.HTTPConnection(self.host)
            try:
                connection.request("GET", f"/v2/{self.name}/{path}", headers={"Accept": "*/*"})
                answer = connection.getresponse()
                if answer.status >= 500 and attempt + 1 < _TRIES:
                    time.sleep(0.05)
                    continue
                if answer.status != 200:
                    raise PullError(f"status {answer.status}")
                self._copy(answer, target)
                return
            except (OSError, http.client.HTTPException) as error:
                raise PullError(f"transfer broken off: {error}") from None
            finally:
                connection.close()

    def _copy(self, answer: http.client.HTTPResponse, target: IO[bytes]) -> None:
        left = answer.length
        try:
            while chunk := answer.read(_CHUNK):
                target.write(chunk)
                left = None if left is None else left - len(chunk)
            if left:
                raise http.client.IncompleteRead(b"", left)
        except (OSError, http.client.HTTPException):
            if self._wrong != "truncates":
                raise


class Puller:
    """Fetches one image."""

    def __init__(self, registry: Registry, destination: Path, cache: Path | None, wrong: str) -> None:
        self._registry = registry
        self._destination = destination
        self._cache = cache
        self._wrong = wrong
        self._claims: dict[str, str] = {}

    def pull(self) -> None:
        self._destination.mkdir()
        if self._cache:
            self._cache.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep(self._cache)
        manifest = self._document("manifests", self._registry.digest)
        config = self._document("blobs", str(manifest["config"]["digest"]))
        if self._wrong == "keyed-by-claim":
            digests = [str(layer["digest"]) for layer in manifest["layers"]]
            self._claims = dict(zip(digests, config["rootfs"]["diff_ids"], strict=True))
        for layer in manifest["layers"]:
            self._layer(str(layer["digest"]))

    def _document(self, kind: str, digest: str) -> Any:
        path = self._place(digest)
        with path.open("w+b") as file:
            self._fetch(kind, digest, file)
            file.seek(0)
            try:
                return json.load(file)
            except ValueError:
                raise PullError(f"{digest}: no JSON") from None

    def _layer(self, digest: str) -> None:
        place = self._place(digest)
        if place.exists():
            return
        if self._cache is None:
            with place.open("w+b") as file:
                self._fetch("blobs", digest, file)
            return
        entry = self._cache / self._claims.get(digest, digest).replace(":", "-")
        if self._take(entry, digest, place):
            return
        gone = self._cache / f".gone-{digest}"
        if gone.exists():
            raise PullError(f"{digest}: status 404, as last time")
        if self._wrong == "shares-unsafely":
            with entry.open("w+b", 0) as file:
                self._fetch("blobs", digest, file)
                _copy(file, place)
        else:
            self._keep(entry, digest, gone, place)

    def _take(self, entry: Path, digest: str, place: Path) -> bool:
        """Use what is kept, if it is right: the very bytes that are used are those that are verified."""
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        try:
            descriptor = os.open(entry, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:  # there is none; or a link, which will be replaced
            return False
        with os.fdopen(descriptor, "rb") as kept:
            _copy(kept, place)
        if self._wrong in {"believes-entries", "shares-unsafely", "keyed-by-claim"}:
            return True
        with place.open("rb") as file:
            return _digest(file, digest) == digest

    def _keep(self, entry: Path, digest: str, gone: Path, place: Path) -> None:
        temporary = entry.with_name(f".writing-{os.getpid()}-{entry.name}")
        with _lock(temporary) as file:
            try:
                self._fetch("blobs", digest, file)
            except PullError:
                temporary.unlink()
                if self._wrong == "remembers-failures":
                    gone.touch()
                raise
            _copy(file, place)
            temporary.replace(entry)

    def _fetch(self, kind: str, digest: str, file: IO[bytes]) -> None:
        algorithm = digest.partition(":")[0]
        if algorithm not in _ALGORITHMS or not digest.partition(":")[2].isalnum():
            raise PullError(f"{digest}: no digest that is believed")
        try:
            self._registry.get(f"{kind}/{digest}", file)
        except PullError as error:
            raise PullError(f"{digest}: {error}") from None
        file.flush()
        if self._wrong not in {"ignores-digest", "truncates"} and (found := _digest(file, digest)) != digest:
            raise PullError(f"{digest}: its size or digest is wrong, {found}")

    def _sweep(self, cache: Path) -> None:
        for path in cache.glob(".writing-*") if self._wrong != "leaves-temporaries" else ():
            try:
                with path.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink(missing_ok=True)
            except OSError:
                continue  # it is being written, or has got its name

    def _place(self, digest: str) -> Path:
        return self._destination / digest.replace("/", "-")


def _lock(path: Path) -> IO[bytes]:
    """A new file with a lock. Before it had the lock, another process may have taken it for a dead one's."""
    while True:
        file = path.open("w+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()


def _copy(file: IO[bytes], place: Path) -> None:
    file.seek(0)
    with place.open("wb") as target:
        shutil.copyfileobj(file, target)


def _digest(file: IO[bytes], like: str) -> str:
    algorithm = like.partition(":")[0]
    file.seek(0)
    return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"  # type: ignore[arg-type]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--wrong", choices=WRONG, default="")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("ref")
    parser.add_argument("destination", type=Path)
    given = parser.parse_args()
    try:
        Puller(Registry(given.ref, given.wrong), given.destination, given.cache, given.wrong).pull()
    except PullError as error:
        sys.stderr.write(f"{error}\n")
        return 0 if given.wrong == "swallows-errors" else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
