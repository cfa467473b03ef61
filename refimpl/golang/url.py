"""URLs as the validators read them: by the rules of Go's ``net/url`` (RFC 3986, more leniently), in one place.

Whatever comes from outside and is to be asked is parsed here, so that what can't be read is one kind of error.
"""

from __future__ import annotations

import base64
import functools
import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

from refimpl.errors import UnreachableError
from refimpl.golang.quoting import quote
from refimpl.record import record, replace
from refimpl.redaction import without_secrets

Origin = tuple[str, str, int]
"""Scheme, host in lower case without brackets, port."""

_PORTS = {"http": 80, "https": 443}
_LARGEST_PORT = 65535
_KEPT = 256

# Sets of characters, not regular expressions: those take 4 ms to compile.
_DIGITS = frozenset("0123456789")
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_SCHEME = _LETTERS | _DIGITS | set("+-.")
_USER = _LETTERS | _DIGITS | set("-._:~!$&'()*+,;=%@")
_PATH = _LETTERS | _DIGITS | set("-._~!$&'()*+,;=:@%/[]")
_HOST_SAFE = "!$&'()*+,;=:[]<>\""
_HOST = _LETTERS | _DIGITS | set(_HOST_SAFE + "-_.~%")
_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")
_QUERY_SAFE = "!$&'()*+,;=:@/?%[]\"<>\\^`{|}"
# Nearly every URL that is asked: none of its characters has another meaning than itself.
_PLAIN = re.compile(r"(https?)://([a-z0-9.-]+(?::[0-9]+)?)(/[A-Za-z0-9._~:@/-]*)")


class UnreadableURLError(UnreachableError):
    """The text is no URL, or none that a request can be sent to: ``parse "http://[": missing ']' in host``."""

    def __init__(self, text: str, reason: str) -> None:
        up_to_host = r"(?s)(://[^/?#:@\[]*):(?!\d*(?:[/?#]|\Z)).*@"  # whatever is in it: blanks, too
        safe = without_secrets(re.sub(up_to_host, r"\1:***@", text, count=1))
        super().__init__(f"parse {quote(safe)}: {reason}")
        self.reason = reason
        self.text = safe


@record
class URL:
    """A URL, absolute or not.

    Attributes:
        scheme: in lower case; empty in a relative one.
        user: what stands before the ``@``, as given; None without one.
        host: with a port, decoded, as given.
        path: encoded, ready for a request.
        query: as given, with what no request line can hold encoded; None without a ``?``.
        fragment: as given.
        opaque: what follows the scheme when that isn't a ``/``.
    """

    scheme: str
    user: str | None
    host: str
    path: str
    query: str | None
    fragment: str
    opaque: str

    @property
    def hostname(self) -> str:
        """The host without port and brackets, as given."""
        if self.host.startswith("["):
            return self.host[1:].partition("]")[0]
        return self.host.partition(":")[0]

    @property
    def origin(self) -> Origin:
        """Where requests go.

        Raises:
            UnreadableURLError: it isn't http or https, has no host, or a port that is none.
        """
        default = _PORTS.get(self.scheme)
        hostname = self.hostname.lower()
        if default is None:
            raise UnreadableURLError(str(self), f"unsupported protocol scheme {quote(self.scheme)}")
        if not hostname:
            raise UnreadableURLError(str(self), "no Host in request URL")
        given = self.host.rpartition("]")[2].partition(":")[2]
        digits = given.lstrip("0") or given[-1:]
        if len(digits) > len(str(_LARGEST_PORT)) or (digits and int(digits) > _LARGEST_PORT):
            raise UnreadableURLError(str(self), "invalid port")
        if not hostname.isascii():
            hostname = self._ascii(hostname)
        return self.scheme, hostname, int(digits) if digits else default

    def _ascii(self, hostname: str) -> str:
        try:
            name = hostname.encode("idna").decode("ascii")
        except UnicodeError:
            name = ""
        if not name or not _NAME.issuperset(name):
            raise UnreadableURLError(str(self), f"invalid URL host {quote(hostname)}")
        return name

    @property
    def target(self) -> str:
        """Path and query, as they stand in a request's first line."""
        return (self.path or "/") + ("" if self.query is None else f"?{self.query}")

    @property
    def authorization(self) -> str:
        """What user and password before the ``@`` are in a request's ``Authorization``; empty without them."""
        if not self.user:
            return ""
        name, _, password = self.user.partition(":")
        pair = unquote_to_bytes(name) + b":" + unquote_to_bytes(password)
        return "Basic " + base64.b64encode(pair).decode("ascii")

    def join(self, reference: str) -> URL:
        """What a reference, such as the value of ``Location``, leads to from here (RFC 3986 §5.2).

        Raises:
            UnreadableURLError: it cannot be read.
        """
        there = parse(reference)
        if there.scheme or there.host or there.user is not None:
            path = there.path if there.opaque else _resolve("", there.path)
            return replace(there, scheme=there.scheme or self.scheme, path=path)
        query = self.query if not there.path and there.query is None else there.query
        fragment = there.fragment or ("" if there.path or there.query is not None else self.fragment)
        return replace(self, path=_resolve(self.path, there.path), query=query, fragment=fragment)

    def __str__(self) -> str:
        text = f"{self.scheme}:" if self.scheme else ""
        if self.opaque:
            text += self.opaque
        elif self.scheme or self.host or self.user is not None:
            user = "" if self.user is None else f"{self.user}@"
            text += f"//{user}{_percent_encode(self.host, safe=_HOST_SAFE)}"
        path = f"/{self.path}" if self.host and self.path and not self.path.startswith("/") else self.path
        query = "" if self.query is None else f"?{self.query}"
        return f"{text}{path}{query}" + (f"#{self.fragment}" if self.fragment else "")


@functools.lru_cache(_KEPT)
def parse(text: str) -> URL:
    """Read a URL or a reference to one.

    Raises:
        UnreadableURLError: it is none; the text says why, in Go's words.
    """
    if plain := _PLAIN.fullmatch(text):
        return URL(plain[1], None, plain[2], plain[3], None, "", "")
    if not text.isprintable() and any(character < " " or character == "\x7f" for character in text):
        raise UnreadableURLError(text, "net/url: invalid control character in URL")
    rest, _, fragment = text.partition("#")
    if rest.startswith(":"):
        raise UnreadableURLError(text, "missing protocol scheme")
    scheme = ""
    before, colon, after = rest.partition(":")
    if colon and before[0] in _LETTERS and _SCHEME.issuperset(before):
        scheme, rest = before.lower(), after
    rest, mark, query = rest.partition("?")
    given = _percent_encode(query, safe=_QUERY_SAFE) if mark else None
    if scheme and not rest.startswith("/"):
        return URL(scheme, None, "", "", given, fragment, rest)
    if not scheme and ":" in rest.partition("/")[0]:
        raise UnreadableURLError(text, "first path segment in URL cannot contain colon")
    user: str | None = None
    host = ""
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, rest = rest[2:].partition("/")
        rest = slash + rest
        before, at, host = authority.rpartition("@")
        host = _host(text, host)
        if at:
            user = before
            if not _USER.issuperset(before):
                raise UnreadableURLError(text, "net/url: invalid userinfo")
            _check_escapes(text, before)
    _check_escapes(text, rest)
    path = rest if _PATH.issuperset(rest) else quote_from_bytes(unquote_to_bytes(encode(rest)), safe="$&+,/:;=@")
    return URL(scheme, user, host, path, given, fragment, "")


@functools.lru_cache(_KEPT)
def locate(text: str) -> tuple[URL, Origin]:
    """A URL and where it leads.

    Raises:
        UnreadableURLError: nowhere that can be asked.
    """
    url = parse(text)
    return url, url.origin


def unescape(text: str) -> str:
    """The text with percent-escapes decoded; bytes that aren't UTF-8 stand as surrogates (PEP 383).

    Raises:
        ValueError: something else behind a ``%``: ``invalid URL escape "%zz"``.
    """
    if "%" not in text:
        return text
    if wrong := re.search(r"(?s)%(?![0-9A-Fa-f]{2}).{0,2}", text):
        raise ValueError(f"invalid URL escape {quote(wrong[0])}")
    return unquote_to_bytes(encode(text)).decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """A text's bytes: those that weren't UTF-8 are themselves again, and what no text can hold is U+FFFD."""
    if not text.isprintable():
        text = re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", text)  # surrogates that don't stand for a byte
    return text.encode("utf-8", "surrogateescape")


def _host(text: str, host: str) -> str:
    """The host with its port, decoded (Go's ``parseHost``)."""
    opened = host.rfind("[")
    if opened > 0:
        raise UnreadableURLError(text, "invalid IP-literal")
    port = ""
    if opened == 0:
        _, closed, port = host.rpartition("]")
        if not closed:
            raise UnreadableURLError(text, "missing ']' in host")
    elif ":" in host:
        port = host[host.index(":") :]
    if port and not (port[0] == ":" and _DIGITS.issuperset(port[1:])):
        raise UnreadableURLError(text, f"invalid port {quote(port)} after host")
    _check_escapes(text, host)
    wrong = re.search(r"%(?!25)[0-7][0-9A-Fa-f]", host) if "%" in host and opened < 0 else None
    if wrong:
        raise UnreadableURLError(text, f"invalid URL escape {quote(wrong[0])}")
    odd = "" if _HOST.issuperset(host) else next((one for one in host if one.isascii() and one not in _HOST), "")
    if odd:
        raise UnreadableURLError(text, f"invalid character {quote(odd)} in host name")
    host = unquote_to_bytes(encode(host)).decode("utf-8", "replace")
    if opened == 0 and not _is_address(host[1:].partition("]")[0]):
        raise UnreadableURLError(text, "invalid IP-literal")
    return host


def _is_address(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _check_escapes(text: str, part: str) -> None:
    try:
        unescape(part)
    except ValueError as error:
        raise UnreadableURLError(text, str(error)) from None


def _percent_encode(text: str, *, safe: str) -> str:
    return text if text.isascii() and text.isalnum() else quote_from_bytes(encode(text), safe=safe)


def _resolve(base: str, path: str) -> str:
    """RFC 3986 §5.2.3 and §5.2.4."""
    full = path if path.startswith("/") else base[: base.rfind("/") + 1] + path if path else base
    if not full:
        return ""
    kept: list[str] = []
    steps = full.removeprefix("/").split("/")
    for step in steps:
        if step == "..":
            del kept[-1:]
        elif step != ".":
            kept.append(step)
    if steps[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
