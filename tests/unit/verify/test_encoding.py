from __future__ import annotations

import pytest

from refimpl.verify.encoding import Base64Error, decode, decode_either


@pytest.mark.parametrize("text", ["aGVsbG8=", "aGVs\r\nbG8=", "aGVsbG8=\n"])
def test_line_breaks_are_skipped(text: str) -> None:
    assert decode(text) == b"hello"


@pytest.mark.parametrize(
    ("text", "place"), [("!!!", 0), ("abcd*", 4), ("abc", 0), ("ab-_", 2), ("abcde", 4), ("aGVsbG8==", 8), ("a b=", 1)]
)
def test_the_first_wrong_byte_is_told(text: str, place: int) -> None:
    with pytest.raises(Base64Error) as caught:
        decode(text)
    assert str(caught.value) == f"illegal base64 data at input byte {place}"


def test_envelopes_may_use_either_alphabet_but_not_both() -> None:
    assert decode_either("-_-_") == decode_either("+/+/") == bytes.fromhex("fbffbf")
    for text in ("-_+/", "aGVsbG8", "!!"):
        with pytest.raises(Base64Error, match="unable to base64 decode payload"):
            decode_either(text)
