"""Layers that tests of the cache read, and what is in them."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from ec_acceptance.testbed.fixtures.images import Layer

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from layers_testbed import LayersTestbed

FILES = {f"manifests/{number}.json": b'{"n": %d}' % number for number in range(4)}

SEEN = {name: {"n": number} for number, name in enumerate(FILES)}

SHARED = Layer.of(FILES, filler_size=1 << 20, seed="shared")

OTHER = Layer.of({"manifests/o.yaml": b"o: 1"}, filler_size=1 << 10, seed="other")

ENTRY = f"sha256-{SHARED.digest[7:]}"


def own(number: int) -> Layer:
    return Layer.of({f"own/{number}.json": b"{}"}, seed=f"own {number}")


def holds_only_whole(testbed: LayersTestbed) -> bool:
    return all(
        data == SHARED.data if name == ENTRY else name.startswith("sha256-") for name, data in testbed.entries().items()
    )


def flip(path: Path) -> None:
    """Change one byte, neither size nor time."""
    found = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def everything(stream: Any) -> bytes:
    return b"".join(iter(lambda: stream.read(1 << 16), b""))
