"""Single files and archives from the web (specification 11 §4.3)."""

from __future__ import annotations

import hashlib
import posixpath
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from refimpl.errors import PolicyError, RegistryError
from refimpl.golang.url import UnreadableURLError, parse
from refimpl.http import codes
from refimpl.policy.sources import unpacking
from refimpl.policy.sources.content import Budget, inside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from refimpl.http.transport import Response
    from refimpl.policy.sources.web import Web

#: Algorithms of checksums by their number of hexadecimal digits.
_BY_LENGTH = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_ALGORITHMS = ", ".join(_BY_LENGTH.values())
_CHUNK = 1 << 16


def fetch(url: str, destination: Path, *, web: Web) -> str:
    """Download a file by the base name of its URL's path; archives are unpacked. The pinned URL is the answer.

    A ``checksum`` among the URL's options, as other programs know it, is compared.

    Raises:
        PolicyError: not brought, or other bytes than the checksum is of.
    """
    url = "https://" + url.partition("://")[2]
    try:
        remote = unquote(parse(url).path)
    except UnreadableURLError as error:
        raise PolicyError(str(error)) from None
    if not remote:
        raise PolicyError("specify a path to a file to download")
    name = posixpath.basename(remote.rstrip("/"))
    checksum = _Checksum.of(url)
    try:
        response = web.exchange("GET", url)
    except RegistryError as error:
        raise PolicyError(f"failed to download from URL: {error}") from None
    with response:
        if response.status != codes.OK:
            raise PolicyError(f"received non-200 response code: {response.status}")
        path = inside(destination, name)
        if path is None:
            raise PolicyError(f"failed to create file: {url} names none")
        try:
            Budget(url).write(checksum.check(_chunks(response)), path)
        except RegistryError as error:
            raise PolicyError(f"failed to write to file: {error}") from None
    if unpacking.unpack(path, destination, name=name):
        path.unlink(missing_ok=True)
    return "http::" + url.removeprefix("https://")


class _Checksum:
    """What a URL says of the bytes behind it: ``sha256:<hex>``, or the digits alone; empty for nothing."""

    def __init__(self, algorithm: str, digits: str) -> None:
        self._algorithm = algorithm
        self._digits = digits

    @classmethod
    def of(cls, url: str) -> _Checksum:
        """The one among the URL's options.

        Raises:
            PolicyError: of an unknown form: it can't be compared, and mustn't be passed over.
        """
        said = dict(parse_qsl(url.partition("?")[2].partition("#")[0], errors="replace")).get("checksum", "")
        if not said:
            return cls("", "")
        algorithm, _, digits = said.rpartition(":")
        digits = digits.lower()
        algorithm = algorithm or _BY_LENGTH.get(len(digits), "")
        known = [name for length, name in _BY_LENGTH.items() if name == algorithm and length == len(digits)]
        if not known or not re.fullmatch("[0-9a-f]+", digits):
            raise PolicyError(f"checksum {said} is of no known form: sha256:<hex> is, or another of {_ALGORITHMS}")
        return cls(algorithm, digits)

    def check(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The same bytes.

        Raises:
            PolicyError: they were others than the checksum is of; at their end.
        """
        if not self._algorithm:
            yield from chunks
            return
        found = hashlib.new(self._algorithm, usedforsecurity=False)
        for chunk in chunks:
            found.update(chunk)
            yield chunk
        if found.hexdigest() != self._digits:
            raise PolicyError(f"checksum {self._algorithm}:{self._digits} expected, but got {found.hexdigest()}")


def _chunks(response: Response) -> Iterator[bytes]:
    while chunk := response.read(_CHUNK):
        yield chunk
