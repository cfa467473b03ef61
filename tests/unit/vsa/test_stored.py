"""VSAs in files: what is read, and what isn't one (specification 24 §17)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from vsa_samples import GOOD, KEY

from refimpl.errors import VerificationError
from refimpl.verify.keys import parse_public_key
from refimpl.vsa import stored
from refimpl.vsa.stored import FileRetriever

if TYPE_CHECKING:
    from pathlib import Path

_ENVELOPE: dict[str, Any] = json.loads(GOOD.envelope().content)


def test_an_envelope_is_read(tmp_path: Path) -> None:
    path = tmp_path / "vsa.json"
    path.write_bytes(GOOD.envelope().content)
    (envelope,) = FileRetriever().retrieve(str(path))
    assert envelope.verify(parse_public_key(KEY.public_pem)) == GOOD.envelope().payload


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "failed to unmarshal DSSE envelope: "),
        (b"[]", "failed to unmarshal DSSE envelope: "),
        (b"\xff", "failed to unmarshal DSSE envelope: "),
        (b"null", "DSSE envelope missing payloadType"),
        (json.dumps({**_ENVELOPE, "payloadType": ""}).encode(), "DSSE envelope missing payloadType"),
        (json.dumps({**_ENVELOPE, "payload": None}).encode(), "DSSE envelope missing payload"),
        (json.dumps({**_ENVELOPE, "signatures": []}).encode(), "DSSE envelope missing signatures"),
        (b"[" * 100_000, "failed to unmarshal DSSE envelope: "),
    ],
)
def test_what_is_no_envelope(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "vsa.json"
    path.write_bytes(content)
    with pytest.raises(VerificationError) as raised:
        FileRetriever().retrieve(str(path))
    assert str(raised.value).startswith(f"failed to parse DSSE envelope from file: {text}")


def test_a_file_has_a_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_LARGEST", len(GOOD.envelope().content))
    path = tmp_path / "vsa.json"
    path.write_bytes(GOOD.envelope().content)
    assert FileRetriever().retrieve(str(path))
    path.write_bytes(GOOD.envelope().content + b" ")
    with pytest.raises(VerificationError, match="it has more than"):
        FileRetriever().retrieve(str(path))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nowhere", "VSA file not found: nowhere"),
        (".", "failed to read VSA file: "),
        ("a\0b", "failed to read VSA file: invalid argument"),
    ],
)
def test_what_cannot_be_read(name: str, text: str) -> None:
    with pytest.raises(VerificationError) as raised:
        FileRetriever().retrieve(name)
    assert str(raised.value).startswith(text)
