from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from samples import KNOWN, LOG, OTHER, STRANGE_LOG

from refimpl.errors import VerificationError
from refimpl.verify import pem
from refimpl.verify.certificate import Certificate, parse_certificates

_OTHERS = "2.5.4.12=#130174,2.5.4.42=#0c0347c3a9,1.2.840.113549.1.9.1=#0c03614062"
_FULCIO = "1.3.6.1.4.1.57264.1."


def certificate(
    *extensions: x509.ExtensionType, subject: x509.Name | None = None, key_id: bool = True, key: Any = KNOWN
) -> str:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject or x509.Name([]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")]))
        .public_key(key.private.public_key())
        .serial_number(0x0A0B0C)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2050, 1, 1, tzinfo=UTC))
    )
    if key_id:
        builder = builder.add_extension(x509.SubjectKeyIdentifier(b"\xab\xcd"), critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(LOG.private, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _extension(number: int, value: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{_FULCIO}{number}"), value)


def _utf8(text: str) -> bytes:
    return bytes([0x0C, len(text.encode())]) + text.encode()


def _leaf(text: str) -> Certificate:
    return parse_certificates(text)[0]


def _name(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in attributes])


def test_plain_facts_are_sorted_and_empty_ones_left_out() -> None:
    leaf = _leaf(certificate())
    assert list(leaf.facts().items()) == [
        ("Issuer", "CN=ca"),
        ("Not After", "2050-01-01T00:00:00Z"),
        ("Not Before", "2020-01-01T00:00:00Z"),
        ("Serial Number", "a0b0c"),
    ]
    assert leaf.key_id == "abcd"
    assert leaf.key.der == KNOWN.public_der
    assert leaf.pem == certificate_of(leaf.pem)
    assert _leaf(certificate(key_id=False)).key_id == ""


def certificate_of(text: str) -> str:
    return x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            _name((NameOID.COMMON_NAME, "c n"), (NameOID.ORGANIZATION_NAME, "O, x"), (NameOID.COUNTRY_NAME, "XX")),
            r"CN=c n,O=O\, x,C=XX",
        ),
        (
            _name(
                (NameOID.EMAIL_ADDRESS, "a@b"),
                (NameOID.GIVEN_NAME, "Gé"),
                (NameOID.TITLE, "t"),
                (NameOID.SERIAL_NUMBER, "77"),
                (NameOID.STREET_ADDRESS, "st"),
                (NameOID.POSTAL_CODE, "pc"),
                (NameOID.LOCALITY_NAME, "l"),
                (NameOID.STATE_OR_PROVINCE_NAME, "s"),
                (NameOID.ORGANIZATIONAL_UNIT_NAME, "ou1"),
                (NameOID.ORGANIZATIONAL_UNIT_NAME, "#ou2 "),
                (NameOID.ORGANIZATION_NAME, "o"),
                (NameOID.COUNTRY_NAME, "XX"),
            ),
            rf"SERIALNUMBER=77,OU=ou1+OU=\#ou2\ ,O=o,POSTALCODE=pc,STREET=st,L=l,ST=s,C=XX,{_OTHERS}",
        ),
        (_name((NameOID.COMMON_NAME, 'a+b;c<>"\\')), r"CN=a\+b\;c\<\>\"\\"),
        (_name((NameOID.TITLE, "x" * 64), (NameOID.DN_QUALIFIER, "y")), "2.5.4.46=#130179,2.5.4.12=#1340" + "78" * 64),
    ],
)
def test_subjects_are_written_as_the_contract_does(name: x509.Name, text: str) -> None:
    assert _leaf(certificate(subject=name)).facts()["Subject"] == text


def test_alternative_names_are_grouped() -> None:
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("d1"),
            x509.RFC822Name("a@b"),
            x509.DNSName("d2"),
            x509.IPAddress(ipaddress.ip_address("10.0.0.1")),
            x509.IPAddress(ipaddress.ip_address("::1")),
            x509.UniformResourceIdentifier("https://u/x"),
        ]
    )
    assert _leaf(certificate(names)).facts()["Subject Alternative Name"] == (
        "DNS Names:d1, d2; Email Addresses:a@b; IP addresses:10.0.0.1, ::1; URIs:https://u/x"
    )


def test_only_fulcios_other_name_is_shown() -> None:
    def names(oid: str) -> x509.SubjectAlternativeName:
        return x509.SubjectAlternativeName([x509.OtherName(x509.ObjectIdentifier(oid), _utf8("oname"))])

    assert _leaf(certificate(names(f"{_FULCIO}7"))).facts()["Subject Alternative Name"] == "OtherName:oname"
    assert "Subject Alternative Name" not in _leaf(certificate(names("1.2.3.4"))).facts()


def test_fulcios_extensions_are_read_raw_or_as_text() -> None:
    extensions = [_extension(n, b"v%d" % n) for n in range(1, 7)]
    extensions += [_extension(n, _utf8(f"w{n}")) for n in range(7, 24)]
    facts = _leaf(certificate(*extensions)).facts()
    fulcio = {name: text for name, text in facts.items() if name.startswith("Fulcio")}
    assert fulcio == {
        "Fulcio Issuer": "v1",
        "Fulcio GitHub Workflow Trigger": "v2",
        "Fulcio GitHub Workflow SHA": "v3",
        "Fulcio GitHub Workflow Name": "v4",
        "Fulcio GitHub Workflow Repository": "v5",
        "Fulcio GitHub Workflow Ref": "v6",
        "Fulcio Issuer (V2)": "w8",
        "Fulcio Build Signer URI": "w9",
        "Fulcio Build Signer Digest": "w10",
        "Fulcio Runner Environment": "w11",
        "Fulcio Source Repository URI": "w12",
        "Fulcio Source Repository Digest": "w13",
        "Fulcio Source Repository Ref": "w14",
        "Fulcio Source Repository Identifier": "w15",
        "Fulcio Source Repository Owner URI": "w16",
        "Fulcio Source Repository Owner Identifier": "w17",
        "Fulcio Build Config URI": "w18",
        "Fulcio Build Config Digest": "w19",
        "Fulcio Build Trigger": "w20",
        "Fulcio Run Invocation URI": "w21",
    }


def test_long_texts_have_long_lengths() -> None:
    text = "x" * 300
    extension = _extension(9, b"\x0c\x82" + (300).to_bytes(2, "big") + text.encode())
    assert _leaf(certificate(extension)).facts()["Fulcio Build Signer URI"] == text


@pytest.mark.parametrize("value", [b"raw", b"", b"\x0c\x05x", b"\x0c", b"\x13\x01x", b"\x0c\x80x"])
def test_an_extension_that_is_no_text_is_told(value: bytes) -> None:
    with pytest.raises(VerificationError, match="not a UTF8String"):
        _leaf(certificate(_extension(8, value))).facts()


_GOOD, _SECOND = certificate(), certificate(key=OTHER)


@pytest.mark.parametrize(
    "text", [_GOOD, _GOOD.rstrip(), f"\n words\n{_GOOD}\n\n", _GOOD.replace("\n", "\r\n"), f" {_GOOD}"]
)
def test_a_certificate_is_read_among_white_space(text: str) -> None:
    assert [one.pem for one in parse_certificates(text)] == [_GOOD]


def test_the_first_certificate_is_the_leaf() -> None:
    assert [one.key.der for one in parse_certificates(_GOOD + _SECOND)] == [KNOWN.public_der, OTHER.public_der]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("junk", "error during PEM decoding"),
        (f"{_GOOD}tail", "error during PEM decoding"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "x509: malformed certificate"),
        (_GOOD + STRANGE_LOG.public_pem, "x509: malformed certificate"),
    ],
)
def test_what_is_no_certificate_is_refused(text: str, reason: str) -> None:
    with pytest.raises(VerificationError) as caught:
        parse_certificates(text)
    assert str(caught.value) == reason


def test_validity_is_held_against_the_log_time() -> None:
    leaf = _leaf(certificate())
    leaf.check_logged_at(datetime(2020, 1, 1, tzinfo=UTC))
    leaf.check_logged_at(datetime(2050, 1, 1, tzinfo=UTC))
    prefix = "checking expiry on certificate with bundle: certificate"
    for year, reason in (
        (2051, "expired before signatures were entered in log: 2050-01-01T00:00:00Z is before 2051-01-01T00:00:00Z"),
        (2019, "was issued after signatures were entered in log: 2050-01-01T00:00:00Z is after 2019-01-01T00:00:00Z"),
    ):
        with pytest.raises(VerificationError) as caught:
            leaf.check_logged_at(datetime(year, 1, 1, tzinfo=UTC))
        assert str(caught.value) == f"{prefix} {reason}"


def test_all_bits_of_a_signature_count() -> None:
    while True:  # until its last bit is none
        der = x509.load_pem_x509_certificate(certificate().encode()).public_bytes(Encoding.DER)
        if not der[-1] & 1:
            break
    place = len(der) - len(x509.load_der_x509_certificate(der).signature) - 1
    assert _leaf(pem.encode("CERTIFICATE", der)).key.der == KNOWN.public_der
    with pytest.raises(VerificationError, match="x509: malformed signature"):
        _leaf(pem.encode("CERTIFICATE", der[:place] + b"\x01" + der[place + 1 :]))
