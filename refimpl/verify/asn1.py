"""ASN.1 in DER (ITU-T X.690), as far as the forms of signatures differ by it."""

from __future__ import annotations

from refimpl.record import record

_SEQUENCE, _INTEGER = 0x30, 0x02
_HIGH_TAG = 0x1F
_LONG = 0x80
_MOST_LENGTH_BYTES = 4


class Asn1Error(ValueError):
    """Not DER."""


@record
class Element:
    """One element: its identifier octet, its content, and where the next one starts."""

    tag: int
    content: bytes
    end: int


def read(data: bytes, place: int = 0) -> Element:
    """The element that starts at `place`. Tags take one octet; lengths must be as short as can be.

    Raises:
        Asn1Error: cut off, or not so.
    """
    if place + 2 > len(data) or data[place] & _HIGH_TAG == _HIGH_TAG:
        raise Asn1Error("no element")
    tag, length = data[place], data[place + 1]
    place += 2
    if length >= _LONG:
        count = length - _LONG
        octets = data[place : place + count]
        length = int.from_bytes(octets, "big")
        place += count
        if not 0 < count <= _MOST_LENGTH_BYTES or len(octets) < count or octets[0] == 0 or length < _LONG:
            raise Asn1Error("length isn't in its shortest form")
    if place + length > len(data):
        raise Asn1Error("cut off")
    return Element(tag, data[place : place + length], place + length)


def is_signature(data: bytes) -> bool:
    """Whether `data` starts with a sequence that starts with two integers: then it counts as a signature in ASN.1.

    What may follow the integers or the sequence makes it a wrong one, but not another form.
    """
    try:
        sequence = read(data)
        r = read(sequence.content)
        s = read(sequence.content, r.end)
    except Asn1Error:
        return False
    return sequence.tag == _SEQUENCE and all(_is_integer(each) for each in (r, s))


def _is_integer(element: Element) -> bool:
    if element.tag != _INTEGER or not element.content:
        return False
    first, second = element.content[0], element.content[1:2]
    return not second or not ((first == 0x00 and second[0] < 0x80) or (first == 0xFF and second[0] >= 0x80))
