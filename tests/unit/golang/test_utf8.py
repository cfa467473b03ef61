from __future__ import annotations

import pytest

from refimpl.golang.utf8 import SURROGATES, decode_utf8, replace_surrogates


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain", "plain"),
        ("é😀".encode(), "é😀"),
        (b"a\xffb\xe2\x82", "a\ufffdb\ufffd\ufffd"),
        (b"\xed\xa0\x80", "\ufffd" * 3),
    ],
)
def test_each_byte_that_is_no_utf8_is_replaced(data: bytes, text: str) -> None:
    assert decode_utf8(data) == text


def test_each_lone_surrogate_is_replaced() -> None:
    assert replace_surrogates("a\ud800\udc00b\udcff") == "a\ufffd\ufffdb\ufffd"


def test_surrogates_are_encoded_and_never_decoded() -> None:
    assert "a\udcff\ud800".encode(errors=SURROGATES) == b"a\xff\xef\xbf\xbd"
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode(errors=SURROGATES)
