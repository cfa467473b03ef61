"""The string formats that the SLSA schemas assert (specification 20 §8)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DATE_TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:[Zz]|([+-])(\d{2}):(\d{2}))", re.ASCII
)
_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_USER = r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*"
# Beyond ASCII anything goes; escapes in a host may only stand for such characters or a percent sign.
_HOST = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:\]<>\"]|[^\x00-\x7f]|%25|%[89A-Fa-f][0-9A-Fa-f])*+")
_PORT = "(?::[0-9]*)?"


def is_date_time(text: str) -> bool:
    """RFC 3339, with leap seconds (only where they can be: at 23:59 UTC)."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return False
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    leap_day = month == 2 and (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))
    if not (1 <= month <= 12 and 1 <= day <= _MONTHS[month - 1] + leap_day):
        return False
    if hour > 23 or minute > 59 or second > 60:
        return False
    of_day = hour * 60 + minute
    if sign := match[7]:
        hours, minutes = int(match[8]), int(match[9])
        if hours > 23 or minutes > 59:
            return False
        shift = hours * 60 + minutes
        of_day += shift if sign == "-" else -shift
    return second < 60 or of_day % (24 * 60) == 23 * 60 + 59


def is_uri(text: str) -> bool:
    """An absolute URI, as lenient as the contract: only scheme, authority and percent-escapes are looked at."""
    text, _, fragment = text.partition("#")
    if _CONTROL.search(text) or _BAD_ESCAPE.search(fragment):
        return False
    match = _SCHEME.match(text)
    if match is None:
        return False
    rest = text[match.end() :].partition("?")[0]
    if not rest.startswith("/"):
        return True  # opaque, such as mailto:x
    if rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        if not _is_authority(authority):
            return False
        rest = slash + path
    return not _BAD_ESCAPE.search(rest)


def _is_authority(authority: str) -> bool:
    user, at, host = authority.rpartition("@")
    if at and (not re.fullmatch(_USER, user) or _BAD_ESCAPE.search(user)):
        return False
    if host.startswith("["):
        address, bracket, port = host[1:].rpartition("]")
        return bool(bracket) and re.fullmatch(_PORT, port) is not None and _is_ipv6(address)
    host, colon, port = host.rpartition(":") if ":" in host else (host, "", "")
    if colon and not re.fullmatch(_PORT, colon + port):
        return False
    return ":" not in host and _HOST.fullmatch(host) is not None


def _is_ipv6(text: str) -> bool:
    from ipaddress import AddressValueError, IPv6Address  # rare

    try:
        IPv6Address(text.partition("%25")[0])
    except AddressValueError:
        return False
    return True


FORMATS: Mapping[str, Callable[[str], bool]] = {"uri": is_uri, "date-time": is_date_time}
