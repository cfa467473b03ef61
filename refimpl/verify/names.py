"""Names in certificates as texts (RFC 2253; specification 20 §9)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from refimpl.errors import VerificationError
from refimpl.golang import quoting, url
from refimpl.verify import asn1

if TYPE_CHECKING:
    from collections.abc import Collection

# In the order of the encoded name; texts show it backwards.
_ATTRIBUTES = {
    "2.5.4.6": "C",
    "2.5.4.8": "ST",
    "2.5.4.7": "L",
    "2.5.4.9": "STREET",
    "2.5.4.17": "POSTALCODE",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.3": "CN",
    "2.5.4.5": "SERIALNUMBER",
}
_ONLY_LAST = frozenset({"CN", "SERIALNUMBER"})
_SPECIAL = frozenset(',+"\\<>;')
_PRINTABLE = re.compile(r"[A-Za-z0-9 '()+,\-./:=?]*")
_PRINTABLE_TAG, _UTF8_TAG = 0x13, 0x0C
_DOMAIN = re.compile(r"[!-\-/-~]+(?:\.[!-\-/-~]+)*")


def distinguished_name(name: Any) -> str:
    """An `x509.Name`: first the well-known attributes in a fixed order, then all others by number, last first."""
    known: dict[str, list[str]] = {}
    others = []
    for attribute in name:
        label = _ATTRIBUTES.get(attribute.oid.dotted_string)
        if label is None:
            others.append(f"{attribute.oid.dotted_string}=#{_encode(attribute.value).hex()}")
        elif label in _ONLY_LAST:
            known[label] = [attribute.value]
        else:
            known.setdefault(label, []).append(attribute.value)
    parts = [
        "+".join(f"{label}={_escape(value)}" for value in known[label])
        for label in _ATTRIBUTES.values()
        if label in known
    ]
    return ",".join([*reversed(parts), *reversed(others)])


def _escape(value: str) -> str:
    escaped = []
    for place, char in enumerate(value):
        special = char in _SPECIAL or (char == " " and place in (0, len(value) - 1)) or (char == "#" and place == 0)
        escaped.append("\\" + char if special else char)
    return "".join(escaped)


def _encode(value: str | bytes) -> bytes:
    """The value in DER again, as the shortest string type that holds it."""
    content = value.encode() if isinstance(value, str) else value
    tag = _PRINTABLE_TAG if isinstance(value, str) and _PRINTABLE.fullmatch(value) else _UTF8_TAG
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def check_alternative_names(names: Any) -> None:
    """Check that a subject's alternative names are what they should be (RFC 5280 §4.2.1.6).

    Raises:
        VerificationError: a text that isn't ASCII, or a URI that is none.
    """
    from cryptography import x509

    kinds = ((x509.RFC822Name, "rfc822Name"), (x509.DNSName, "dNSName"))
    for kind, title in (*kinds, (x509.UniformResourceIdentifier, "uniformResourceIdentifier")):
        if not all(text.isascii() for text in names.get_values_for_type(kind)):
            raise VerificationError(f"x509: SAN {title} is malformed")
    for text in names.get_values_for_type(x509.UniformResourceIdentifier):
        shown = f"x509: cannot parse URI {quoting.quote(text)}"
        try:
            host = url.parse(text).host
        except url.UnreadableURLError as error:
            raise VerificationError(f"{shown}: {error}") from None
        if host and not _DOMAIN.fullmatch(host):
            raise VerificationError(f"{shown}: invalid domain")


def alternative_names(certificate: Any, other_name: str) -> str:
    """The subject's alternative names, grouped: ``DNS Names:a, b; Email Addresses:…; IP addresses:…; URIs:…``.

    Of other names only those with the OID `other_name` are shown, last, as ``OtherName:…``.
    """
    from cryptography import x509

    found = [each.value for each in certificate.extensions if isinstance(each.value, x509.SubjectAlternativeName)]
    if not found:
        return ""
    names = found[0]
    groups: list[tuple[str, Collection[object]]] = [
        ("DNS Names", names.get_values_for_type(x509.DNSName)),
        ("Email Addresses", names.get_values_for_type(x509.RFC822Name)),
        ("IP addresses", names.get_values_for_type(x509.IPAddress)),
        ("URIs", names.get_values_for_type(x509.UniformResourceIdentifier)),
    ]
    shown = [f"{title}:{', '.join(map(str, values))}" for title, values in groups if values]
    shown.extend(
        f"OtherName:{asn1.read(name.value).content.decode('utf-8', 'replace')}"
        for name in names
        if isinstance(name, x509.OtherName) and name.type_id.dotted_string == other_name
    )
    return "; ".join(shown)
