"""Which proxy a request goes through: ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY`` as Go reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from refimpl.errors import UnreachableError
from refimpl.golang.quoting import quote
from refimpl.golang.url import URL, UnreadableURLError, parse
from refimpl.record import record
from refimpl.redaction import without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAPPED_BITS = 96  # of an IPv6 address before the IPv4 one that it stands for (RFC 4291 §2.5.5.2)
_LONGEST_BITS = 8
_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


@record
class Proxy:
    """A proxy: `scheme` is ``http``, ``https``, ``socks5`` or ``socks5h``; `user` is empty without credentials."""

    scheme: str
    host: str
    port: int
    user: bytes = b""
    password: bytes = b""


def proxy_for(scheme: str, host: str, port: int, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy for a request to ``scheme://host:port``; None for a direct one. Loopback is never proxied.

    Raises:
        UnreachableError: the environment names something that is no proxy.
    """
    if scheme == "https":
        text = environ.get("HTTPS_PROXY") or environ.get("https_proxy")
    elif environ.get("REQUEST_METHOD"):  # in a CGI program HTTP_PROXY may be a request's header
        text = environ.get("http_proxy")
    else:
        text = environ.get("HTTP_PROXY") or environ.get("http_proxy")
    if not text or is_loopback(host) or _exempt(host, port, environ.get("NO_PROXY") or environ.get("no_proxy") or ""):
        return None
    return parse_proxy(text)


def is_loopback(host: str) -> bool:
    """Whether `host` (without brackets) is ``localhost`` or a loopback address."""
    if host == "localhost":
        return True
    if not (host[:1].isdigit() or ":" in host):
        return False
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_proxy(text: str) -> Proxy:
    """The proxy at a URL; without a scheme it is http's.

    Raises:
        UnreachableError: it isn't one.
    """
    url = _url(text)
    default = _PORTS.get(url.scheme)
    if default is None:
        raise UnreachableError(
            f"invalid proxy address {quote(without_secrets(text))}: unknown scheme {quote(url.scheme)}"
        )
    try:
        _, host, port = URL("http", None, url.host, "", None, "", "").origin
    except UnreadableURLError as error:
        raise UnreachableError(f"invalid proxy address {quote(error.text)}: {error.reason}") from None
    name, _, password = (url.user or "").partition(":")
    given = url.host.rpartition("]")[2].partition(":")[2]
    return Proxy(url.scheme, host, port if given else default, unquote_to_bytes(name), unquote_to_bytes(password))


def _url(text: str) -> URL:
    """A proxy's URL; one without a scheme is http's."""
    try:
        url = parse(text)
        if (url.scheme and url.host) or "://" in text:
            return url
    except UnreadableURLError as error:
        if "://" in text:
            raise UnreachableError(f"invalid proxy address {quote(error.text)}: {error}") from None
    try:
        return parse(f"http://{text}")
    except UnreadableURLError as error:
        raise UnreachableError(f"invalid proxy address {quote(error.text)}: {error}") from None


def _exempt(host: str, port: int, rules: str) -> bool:
    address = _address(host.partition("%")[0])
    return any(_matches(host.lower(), address, str(port), rule.strip().lower()) for rule in rules.split(","))


def _matches(host: str, address: Any, port: str, rule: str) -> bool:
    """Whether a rule of ``NO_PROXY`` is about a host, whose `address` is None if it is a name, and a port."""
    if rule in {"", "*"}:
        return rule == "*"
    if "/" in rule and (network := _network(rule)) is not None:
        return address is not None and address in network
    name, given = _split(rule)
    if not name:
        return False
    its_port = given in {"", port}
    if (named := _address(name)) is not None:
        return named == address and its_port
    if address is not None:
        return False
    ending = name.removeprefix("*") if name.startswith("*.") else name
    also = not ending.startswith(".")
    ending = _ascii(f".{ending}" if also else ending)
    return its_port and (host.endswith(ending) or (also and host == ending[1:]))


def _split(rule: str) -> tuple[str, str]:
    """Name and port of a rule (Go's ``SplitHostPort``); of one that isn't both, the whole is the name."""
    name, colon, port = rule.rpartition(":")
    if not colon:
        return rule, ""
    if name.startswith("[") and name.endswith("]"):
        return name[1:-1], port
    return (rule, "") if ":" in name or set("[]") & set(rule) else (name, port)


def _address(text: str) -> Any:
    """The address that a text is; IPv6 ones that stand for IPv4 are those. None if it is none."""
    if not (text[:1].isdigit() or ":" in text) or "%" in text:
        return None
    import ipaddress

    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _network(rule: str) -> Any:
    """The network of ``address/bits``; None if it is none."""
    text, _, bits = rule.partition("/")
    address = _address(text)
    if address is None or not (bits.isascii() and bits.isdecimal()) or len(bits) > _LONGEST_BITS:
        return None
    import ipaddress

    size = int(bits) - (_MAPPED_BITS if ":" in text and address.version == 4 else 0)
    try:
        return ipaddress.ip_network((str(address), size), strict=False)
    except ValueError:
        return None


def _ascii(name: str) -> str:
    """A name as it is asked for; what can't be asked for matches nothing."""
    if name.isascii():
        return name
    try:
        return "." + name.strip(".").encode("idna").decode("ascii")
    except UnicodeError:
        return name
