from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from refimpl.oci.descriptor import Descriptor
from refimpl.oci.reference import Repository
from refimpl.verify.attachment import DEFAULT_LIMIT, SIGNATURE, attachment_limit, load

if TYPE_CHECKING:
    from refimpl.oci.client import Registry


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10", 10),
        ("0", 0),
        ("10 B", 10),
        ("20K", 20_000),
        ("20kb", 20_000),
        ("45MiB", 45 << 20),
        ("1.5K", 1500),
        ("1,000", 1000),
        ("2Gi", 2 << 30),
        ("", DEFAULT_LIMIT),
        ("-1", DEFAULT_LIMIT),
        ("junk", DEFAULT_LIMIT),
        ("1e3", DEFAULT_LIMIT),
        ("10X", DEFAULT_LIMIT),
        ("99999999999999999999", DEFAULT_LIMIT),
        ("9" * 400, DEFAULT_LIMIT),
        ("٣", DEFAULT_LIMIT),
    ],
)
def test_the_limit_is_read_with_units(text: str, size: int) -> None:
    assert attachment_limit({"COSIGN_MAX_ATTACHMENT_SIZE": text}) == size


def test_the_limit_has_a_default() -> None:
    assert attachment_limit({}) == 128 << 20


class _Blobs:
    def blob(self, *_: object, **__: object) -> bytes:
        return b"{}"


@pytest.mark.parametrize("document", ["null", "{}", '{"SignedRFC3161Timestamp": null}'])
def test_a_timestamp_of_nothing_is_none(document: str) -> None:
    notes = {SIGNATURE: "", "dev.sigstore.cosign/rfc3161timestamp": document}
    layer = Descriptor(media_type="application/json", digest="sha256:" + "0" * 64, size=2, annotations=notes)
    found = load(cast("Registry", _Blobs()), Repository("registry.test", "image"), layer, limit=1 << 20)
    assert found.timestamp == b""
