"""HTTPS for sources: one pool of connections, the environment's roots and proxies, Go's words for what goes wrong."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import urllib3
from urllib3.exceptions import (
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    SSLError,
    TimeoutError,  # noqa: A004 - what urllib3 calls it
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from refimpl.deadline import Deadline

__all__ = ["FetchError", "Web"]

_TIMEOUT = 30.0
_MAX_REDIRECTS = 10


class FetchError(Exception):
    """A request that brought no answer; the text is what Go's HTTP client would say, such as ``Get "https://…": …``."""


class Web:
    """Sends requests over https, with connections kept open; may be used from several threads."""

    def __init__(self, environ: Mapping[str, str], deadline: Deadline | None = None) -> None:
        """Nothing is contacted, or read from disk, before the first request."""
        self._environ = environ
        self._deadline = deadline
        self._pools: dict[tuple[bool, str | None], urllib3.PoolManager] = {}

    @property
    def unverified_git(self) -> bool:
        """Whether the environment asks not to verify servers of git repositories."""
        return self._environ.get("GIT_SSL_NO_VERIFY") == "true"

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        verify: bool = True,
    ) -> tuple[urllib3.BaseHTTPResponse, str]:
        """Send a request and follow redirects of a GET; the answer, whose body is still to be read, and its final URL.

        Raises:
            FetchError: no answer, or a redirect that isn't followed.
        """
        for _ in range(_MAX_REDIRECTS):
            response = self._send(method, url, headers or {}, body, verify=verify)
            location = response.get_redirect_location() if method == "GET" else None
            if not location:
                return response, url
            response.drain_conn()
            previous, url = url, _joined(url, location)
            if not url.lower().startswith("https://"):
                raise FetchError(f'Get "{shown(url)}": redirected from {shown(previous)} to an insecure address')
            if headers and _origin(previous) != _origin(url):
                headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        raise FetchError(f'Get "{shown(url)}": stopped after {_MAX_REDIRECTS} redirects')

    def close(self) -> None:
        """Close idle connections."""
        for pool in self._pools.values():
            pool.clear()

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, *, verify: bool
    ) -> urllib3.BaseHTTPResponse:
        remaining = self._deadline.remaining() if self._deadline else None
        timeout = _TIMEOUT if remaining is None else min(_TIMEOUT, remaining)
        try:
            return self._pool(url, verify=verify).request(
                method,
                url,
                headers={"User-Agent": "ec-ref", **headers},
                body=body,
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=timeout,
            )
        except (HTTPError, ValueError) as error:
            if self._deadline:
                self._deadline.remaining()  # says so if this is the reason
            raise FetchError(f'{method.capitalize()} "{shown(url)}": {_cause(error, url)}') from error

    def _pool(self, url: str, *, verify: bool) -> urllib3.PoolManager:
        proxy = self._proxy(url)
        pool = self._pools.get((verify, proxy))
        if pool is None:
            context = self._context(verify=verify)
            pool = (
                urllib3.ProxyManager(proxy, ssl_context=context, maxsize=8)
                if proxy
                else urllib3.PoolManager(ssl_context=context, maxsize=8)
            )
            pool = self._pools.setdefault((verify, proxy), pool)
        return pool

    def _proxy(self, url: str) -> str | None:
        environ = self._environ
        proxy = environ.get("HTTPS_PROXY") or environ.get("https_proxy")
        if not proxy:
            return None
        host, port = _origin(url)
        if host == "localhost" or host.startswith("127.") or host == "::1":
            return None
        for entry in (environ.get("NO_PROXY") or environ.get("no_proxy") or "").split(","):
            name, _, only_port = entry.strip().lower().partition(":")
            if name == "*" or (name and (not only_port or only_port == str(port)) and _matches(host, name)):
                return None
        return proxy if "://" in proxy else f"http://{proxy}"

    def _context(self, *, verify: bool) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if not verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context
        file, directories = self._environ.get("SSL_CERT_FILE"), self._environ.get("SSL_CERT_DIR")
        if not file and not directories:
            context.load_default_certs()
            return context
        paths = [Path(file)] if file else []
        for directory in (directories or "").split(os.pathsep):
            if directory:
                with contextlib.suppress(OSError):
                    paths += sorted(Path(directory).iterdir())
        for path in paths:
            with contextlib.suppress(OSError, ssl.SSLError):  # what is no certificate counts for nothing
                context.load_verify_locations(path)
        return context


def shown(url: str) -> str:
    """The URL without a password."""
    parts = urllib3.util.parse_url(url)
    if not parts.auth or ":" not in parts.auth:
        return url
    return url.replace(f"{parts.auth}@", f"{parts.auth.partition(':')[0]}:***@", 1)


def _joined(url: str, location: str) -> str:
    from urllib.parse import urljoin

    return urljoin(url, location)


def _origin(url: str) -> tuple[str, int]:
    parts = urllib3.util.parse_url(url)
    return (parts.host or "").strip("[]").lower(), parts.port or 443


def _matches(host: str, name: str) -> bool:
    name = name.removeprefix("*")
    return host.endswith(name) if name.startswith(".") else host == name or host.endswith(f".{name}")


def _cause(error: Exception, url: str) -> str:
    if isinstance(error, MaxRetryError) and error.reason:
        error = error.reason
    if isinstance(error, ProxyError):
        return f"proxyconnect tcp: {error.original_error}"
    host, port = _origin(url)
    if isinstance(error, NameResolutionError):
        return f"dial tcp: lookup {host}: no such host"
    reason = error.__cause__
    if isinstance(error, NewConnectionError) and isinstance(reason, OSError):
        return f"dial tcp {_address(host, port)}: connect: {(reason.strerror or str(reason)).lower()}"
    if isinstance(error, TimeoutError):
        return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    if isinstance(error, SSLError):
        return _tls_cause(error)
    if isinstance(error, ProtocolError) and len(error.args) > 1 and isinstance(error.args[1], OSError):
        return "EOF" if "without response" in str(error) else f"read tcp: {str(error.args[1]).lower()}"
    return str(error)


def _tls_cause(error: SSLError) -> str:
    inner = error.args[0] if error.args else error
    if isinstance(inner, ssl.SSLCertVerificationError):
        words = {
            18: "certificate signed by unknown authority",
            19: "certificate signed by unknown authority",
            20: "certificate signed by unknown authority",
            21: "certificate signed by unknown authority",
            10: "certificate has expired or is not yet valid",
        }.get(inner.verify_code, inner.verify_message)
        return f"tls: failed to verify certificate: x509: {words}"
    if isinstance(inner, ssl.SSLError) and inner.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
        return "tls: first record does not look like a TLS handshake"
    return f"tls: {inner}"


def _address(host: str, port: int) -> str:
    try:
        info = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        host = str(info[0][4][0])
    except OSError:
        pass  # it was known a moment ago; its name will do
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
