from __future__ import annotations

from typing import Any

import pytest

from refimpl.golang.document import DocumentError, kind, parse, protobuf_error
from refimpl.golang.jsontext import Members


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "unexpected end of JSON input"),
        ("  ", "unexpected end of JSON input"),
        ('{"a":1', "unexpected end of JSON input"),
        ('"a', "unexpected end of JSON input"),
        ("tru", "invalid character ' ' in literal true (expecting 'e')"),
        ("[-", "invalid character ' ' in numeric literal"),
        ("1.", "invalid character ' ' after decimal point in numeric literal"),
        ("1e", "invalid character ' ' in exponent of numeric literal"),
        ('"\\', "invalid character ' ' in string escape code"),
        ('"\\u12', "invalid character ' ' in \\u hexadecimal character escape"),
        ("[\u00b2]", "invalid character 'Â' looking for beginning of value"),
        ("hello", "invalid character 'h' looking for beginning of value"),
        ("{} x", "invalid character 'x' after top-level value"),
        ('{"a":NaN}', "invalid character 'N' looking for beginning of value"),
        ("[Infinity]", "invalid character 'I' looking for beginning of value"),
        ("-Infinity", "invalid character 'I' in numeric literal"),
        ('{"a":01}', "invalid character '1' after object key:value pair"),
        ("[01]", "invalid character '1' after array element"),
        ('"\\q"', "invalid character 'q' in string escape code"),
        ('"\\u12x4"', "invalid character 'x' in \\u hexadecimal character escape"),
        ('"\x01"', "invalid character '\\x01' in string literal"),
        ("trux", "invalid character 'x' in literal true (expecting 'e')"),
        ("{1:2}", "invalid character '1' looking for beginning of object key string"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("1.x", "invalid character 'x' after decimal point in numeric literal"),
        ("1e+x", "invalid character 'x' in exponent of numeric literal"),
        ("'a'", "invalid character '\\'' looking for beginning of value"),
        ("\ufeff{}", "invalid character 'ï' looking for beginning of value"),
    ],
)
def test_what_is_not_json_is_refused_in_the_signing_tools_words(text: str, reason: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(text.encode())
    assert str(caught.value) == reason


def test_bytes_outside_strings_are_refused_one_by_one() -> None:
    with pytest.raises(DocumentError, match="invalid character 'ÿ' after top-level value"):
        parse(b"{}\xff")


def test_nesting_beyond_measure_is_an_error_and_no_crash() -> None:
    with pytest.raises(DocumentError, match="exceeded max depth"):
        parse(b"[" * 100_000 + b"]" * 100_000)


def test_what_is_not_unicode_is_replaced_and_remembered() -> None:
    assert not parse('"\ufffd"'.encode()).has_invalid_utf8
    assert parse(b'"\xff"').has_invalid_utf8
    half = parse(b'{"a\\ud800":["\\udfff"]}')
    assert (half.value, half.has_invalid_utf8) == ({"a\ufffd": ["\ufffd"]}, True)
    assert not parse(b'"\\ud83d\\ude00"').has_invalid_utf8


def test_members_given_twice_are_kept_and_the_last_counts() -> None:
    value = parse(b'{"a":1,"a":2}').value
    assert isinstance(value, Members)
    assert (value["a"], value.pairs) == (2, [("a", 1), ("a", 2)])


@pytest.mark.parametrize("text", [b"9" * 5000, b"1e999", b"1", b"1.5"])
def test_every_number_is_a_number(text: bytes) -> None:
    assert kind(parse(text).value) == "number"


@pytest.mark.parametrize(
    ("predicate", "reason"),
    [
        (b'"some"', 'proto: syntax error (line 1:1): unexpected token "some"'),
        (b"5", "proto: syntax error (line 1:1): unexpected token 5"),
        (b"true", "proto: syntax error (line 1:1): unexpected token true"),
        (b"[1]", "proto: syntax error (line 1:1): unexpected token ["),
        (b'{"b":{"a":1,"a":2}}', 'proto: duplicate map key "a"'),
        (b'{"b":[1e400]}', "proto: invalid google.protobuf.Value: 1e400"),
        (b'{"b":' + b"9" * 400 + b"}", f"proto: invalid google.protobuf.Value: {'9' * 400}"),
        (b'{"b":"\xff"}', "proto: syntax error: invalid UTF-8 in string"),
        (b'{"\xff":1}', "proto: syntax error: invalid UTF-8 in string"),
        (b'{"a":[null,true,1.5,"x",{}]}', None),
    ],
)
def test_what_protobuf_cannot_carry_is_told(predicate: bytes, reason: Any) -> None:
    document = parse(predicate)
    assert protobuf_error(document.value, has_invalid_utf8=document.has_invalid_utf8) == reason


@pytest.mark.parametrize("before", [0, 1, 30, 31, 32, 122, 123, 153, 154, 155, 307, 308, 309])
@pytest.mark.parametrize("digits", [308, 309, 310, 463])
@pytest.mark.parametrize("after", [0, 1, 500])
def test_a_long_integer_is_found_wherever_it_stands(before: int, digits: int, after: int) -> None:
    text = f'["{"x" * before}",{"9" * digits},"{"x" * after}"]'.encode()
    assert parse(text).has_huge_numbers == (digits >= 309)


def test_the_digits_of_a_text_are_no_integer() -> None:
    assert not parse(b'["' + b"0123456789abcdef" * 64 + b'"]').has_huge_numbers
