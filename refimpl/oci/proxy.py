"""Which proxy a request goes through: ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY`` as Go reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.errors import NotSupportedError
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Proxy", "is_loopback", "proxy_for"]


@record
class Proxy:
    """A plain-http proxy; `authorization` is the value of Proxy-Authorization, or empty."""

    host: str
    port: int
    authorization: str = ""


def proxy_for(scheme: str, host: str, port: int, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy for a request to ``scheme://host:port``; None for a direct one. Loopback is never proxied.

    Raises:
        NotSupportedError: the proxy speaks something else than http.
    """
    if scheme == "https":
        text = environ.get("HTTPS_PROXY") or environ.get("https_proxy")
    elif environ.get("REQUEST_METHOD"):  # in a CGI program HTTP_PROXY may be a request's header
        text = environ.get("http_proxy")
    else:
        text = environ.get("HTTP_PROXY") or environ.get("http_proxy")
    if not text or is_loopback(host) or _exempt(host, port, environ.get("NO_PROXY") or environ.get("no_proxy") or ""):
        return None
    return _parsed(text)


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


def _parsed(text: str) -> Proxy:
    from urllib.parse import unquote, urlsplit

    split = urlsplit(text if "://" in text else f"http://{text}")
    if split.scheme != "http" or not split.hostname:
        raise NotSupportedError(f"proxy {split.scheme}://{split.hostname} is not supported: only http proxies are")
    authorization = ""
    if split.username is not None:
        import base64

        pair = f"{unquote(split.username)}:{unquote(split.password or '')}"
        authorization = "Basic " + base64.b64encode(pair.encode()).decode()
    return Proxy(split.hostname, split.port or 80, authorization)


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
    name, colon, wanted_port = rule.rpartition(":")
    if colon and wanted_port.isdigit() and (name.count(":") == 0 or name.endswith("]")):
        if int(wanted_port) != port:
            return False
        rule = name
    rule = rule.strip("[]").removeprefix("*")
    if rule.startswith("."):
        return host.endswith(rule)
    return host == rule or host.endswith(f".{rule}")
