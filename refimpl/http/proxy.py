"""Which proxy a request goes through: ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY`` as Go reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from refimpl.errors import UnreachableError
from refimpl.golang.quoting import quote
from refimpl.golang.url import URL, UnreadableURLError, parse
from refimpl.record import record
from refimpl.redaction import without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    return any(_matches(host.lower(), port, rule.strip().lower()) for rule in rules.split(","))


def _matches(host: str, port: int, rule: str) -> bool:
    if not rule:
        return False
    if rule == "*":
        return True
    if "/" in rule:
        import ipaddress

        try:
            return ipaddress.ip_address(host) in ipaddress.ip_network(rule, strict=False)
        except ValueError:
            return False
    name, colon, given = rule.rpartition(":")
    if colon and (":" not in name or name.endswith("]")):
        if given.lstrip("0") != str(port):
            return False
        rule = name
    rule = rule.strip("[]").removeprefix("*")
    if rule.startswith("."):
        return host.endswith(rule)
    return host == rule or host.endswith(f".{rule}")
