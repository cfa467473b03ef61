"""What tests of the client have in common: a short retry, an image, references."""

from __future__ import annotations

from collections.abc import Callable

from ec_acceptance.testbed.fixtures.images import Image, Layer
from refimpl.http.retry import Retry
from refimpl.oci.client import Client
from refimpl.oci.descriptor import Descriptor
from refimpl.oci.reference import Reference, parse

SECONDS = 60.0

QUICK = Retry(max_wait=0.05, max_retry=2, duration=0.001)

LAYER = Layer.of({"a": b"a"}, filler_size=5000)

IMAGE = Image.of([LAYER])

CONFIG = Descriptor("", IMAGE.config_digest, len(IMAGE.config))

JSON = "application/json"

Connect = Callable[..., Client]


def ref_at(address: str, what: str = ":v1") -> Reference:
    return parse(f"{address}/acme/app{what}")
