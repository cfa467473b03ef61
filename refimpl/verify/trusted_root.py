"""The document that tells whom to trust, and when (specification 20 §3.3).

https://github.com/sigstore/protobuf-specs, ``sigstore_trustroot.proto`` as JSON. Whoever hands it out is trusted
already, so members that nobody knows yet are passed over.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from refimpl.errors import KeyMaterialError
from refimpl.golang.base64text import Base64Error, decode_protobuf
from refimpl.golang.document import FEW_VALUES, DocumentError, parse
from refimpl.golang.jsontext import Members
from refimpl.record import record
from refimpl.verify.authority import Authority
from refimpl.verify.keys import PublicKey
from refimpl.verify.refusal import raising
from refimpl.verify.timestamp import TimestampAuthority
from refimpl.verify.trust import LogKey, LogKeys, Period

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography import x509

_MEDIA_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
_SHA256 = ("SHA2_256", 1)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z", re.ASCII)

_T = TypeVar("_T")


@record
class TrustedRoot:
    """Whom to trust.

    Attributes:
        authorities: that certify signers.
        certificate_logs: that certificates must be in.
        logs: of signatures.
        timestamp_authorities: that say when a signature was there.
    """

    authorities: tuple[Authority, ...]
    certificate_logs: LogKeys
    logs: LogKeys
    timestamp_authorities: tuple[TimestampAuthority, ...]

    @classmethod
    def parse(cls, data: bytes) -> TrustedRoot:
        """Read the document.

        Raises:
            KeyMaterialError: it isn't one; the text names the place.
        """
        try:
            document = parse(data, most_values=FEW_VALUES).value
        except DocumentError as error:
            raise KeyMaterialError(f"trusted root: {error}") from None
        if not isinstance(document, dict) or document.get("mediaType") != _MEDIA_TYPE:
            told = document.get("mediaType", "") if isinstance(document, dict) else ""
            raise KeyMaterialError(f"trusted root: unsupported TrustedRoot media type: {told}")
        _check_names(document, "")
        return cls(
            tuple(_authority(each) for each in _places(document, "certificateAuthorities")),
            _logs(document, "ctlogs"),
            _logs(document, "tlogs"),
            tuple(TimestampAuthority.of(_authority(each)) for each in _places(document, "timestampAuthorities")),
        )


def _check_names(value: Any, path: str) -> None:
    """Check that no member is named twice: who read the first of them and who the last would trust others."""
    if isinstance(value, Members):
        raise KeyMaterialError(f"trusted root: {path.removeprefix('.') or 'document'}: a member is named twice")
    if isinstance(value, dict):
        for name, member in value.items():
            _check_names(member, f"{path}.{name[:80]}")
    elif isinstance(value, list):
        for number, member in enumerate(value):
            _check_names(member, f"{path}[{number}]")


class _Place:
    """A value in the document, and where it stands."""

    def __init__(self, value: Any, path: str) -> None:
        self.value = value
        self.path = path

    def at(self, kind: type[_T], *names: str) -> _T:
        """The value of this kind at a path of members below."""
        value = self.value
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        if not isinstance(value, kind):
            raise self.wrong("missing", *names)
        return value

    def decode(self, *names: str) -> bytes:
        """What the text there is the base64 of."""
        try:
            return decode_protobuf(self.at(str, *names))
        except Base64Error as error:
            raise self.wrong(str(error), *names) from None

    def wrong(self, reason: str, *names: str) -> KeyMaterialError:
        """The error about what stands below."""
        return KeyMaterialError(f"trusted root: {'.'.join([self.path, *names])}: {reason}")


def _places(document: Mapping[str, Any], name: str) -> list[_Place]:
    listed = [] if (value := document.get(name)) is None else value
    if not isinstance(listed, list):
        raise KeyMaterialError(f"trusted root: {name}: not a list")
    return [_Place(value, f"{name}[{number}]") for number, value in enumerate(listed)]


def _logs(document: Mapping[str, Any], name: str) -> LogKeys:
    logs = {}
    for place in _places(document, name):
        if not isinstance(place.value, dict) or place.value.get("hashAlgorithm") not in _SHA256:
            raise place.wrong("unsupported hash algorithm", "hashAlgorithm")
        period = _period(place, "publicKey", "validFor")
        if period.start is None:
            raise place.wrong("missing", "publicKey", "validFor", "start")
        url = place.at(str, "baseUrl") if place.value.get("baseUrl") is not None else ""
        logs[place.decode("logId", "keyId").hex()] = LogKey(_key(place), period, url)
    return LogKeys(logs=logs)


def _key(place: _Place) -> PublicKey:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    der = place.decode("publicKey", "rawBytes")
    with raising(place.wrong("not a public key", "publicKey", "rawBytes")):
        return PublicKey.from_key(load_der_public_key(der))


def _authority(place: _Place) -> Authority:
    from cryptography import x509

    listed = place.at(list, "certChain", "certificates")
    if not listed:
        raise place.wrong("empty", "certChain", "certificates")
    chain: list[x509.Certificate] = []
    for number, value in enumerate(listed):
        each = _Place(value, f"{place.path}.certChain.certificates[{number}]")
        der = each.decode("rawBytes")
        with raising(each.wrong("not a certificate", "rawBytes")):
            chain.append(x509.load_der_x509_certificate(der))
    return Authority((chain[-1],), tuple(chain[:-1]), _period(place, "validFor"))


def _period(place: _Place, *names: str) -> Period:
    value = place.value
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        return Period()
    within = _Place(value, ".".join([place.path, *names]))
    return Period(_time(within, "start"), _time(within, "end"))


def _time(place: _Place, name: str) -> datetime | None:
    if not isinstance(place.value, dict):
        raise KeyMaterialError(f"trusted root: {place.path}: not a period")
    if place.value.get(name) is None:
        return None
    found = _TIME.fullmatch(place.at(str, name))
    try:
        if found:
            return datetime.fromisoformat(f"{found[1]}{(found[2] or '')[:7]}").replace(tzinfo=UTC)
    except ValueError:
        pass
    raise place.wrong("not a time", name)
