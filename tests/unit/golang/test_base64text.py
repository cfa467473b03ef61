from __future__ import annotations

import pytest

from refimpl.golang.base64text import (
    Base64Error,
    HexadecimalError,
    decode,
    decode_either,
    decode_hexadecimal,
    decode_protobuf,
)


@pytest.mark.parametrize("text", ["aGVsbG8=", "aGVs\r\nbG8=", "aGVsbG8=\n"])
def test_line_breaks_are_skipped(text: str) -> None:
    assert decode(text) == b"hello"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        *[("!!!", 0), ("abcd*", 4), ("abc", 0), ("ab-_", 2), ("abcde", 4), ("aGVsbG8==", 8), ("a b=", 1)],
        # Padding that nothing needs or that is missing, in lines or not; other blanks than line breaks.
        *[("aGVs=", 4), ("aGVs==", 4), ("aGVs====", 4), ("aGU", 0), ("aG==\n=", 5), ("aG=", 3), ("aGU\n", 1)],
        *[("aGVs\t", 4), ("aGVs\u2028", 4), ("aGVs\xa0", 4), ("\u0660GVs", 0), ("\ud800GVs", 0)],
    ],
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


def test_bits_behind_the_last_byte_may_be_anything() -> None:
    assert decode("QQ==") == decode("QR==") == b"A"


def test_protobuf_takes_both_alphabets_and_padding_or_none() -> None:
    for text in ("-_8", "-_8=", "+/8=", "+/8", "+/\n\n8"):
        assert decode_protobuf(text) == b"\xfb\xff"


@pytest.mark.parametrize(
    "text", ["-/8=", "+/8==", "+/8=====", "+/8\n", "+/\n8", "+/\r\n8=", "+", "+/8=\n", " +/8=", "+/8\t"]
)
def test_protobuf_takes_nothing_else(text: str) -> None:
    with pytest.raises(Base64Error):
        decode_protobuf(text)


def test_hexadecimal_is_pairs_of_digits_and_nothing_else() -> None:
    assert decode_hexadecimal("00fF") == b"\x00\xff"
    for text in ("0", "00 ff", "0x00", " 00", "\u0660\u0660", "00\n"):
        with pytest.raises(HexadecimalError):
            decode_hexadecimal(text)
