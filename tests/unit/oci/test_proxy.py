from __future__ import annotations

import pytest

from refimpl.errors import NotSupportedError
from refimpl.oci.proxy import Proxy, is_loopback, proxy_for
from refimpl.oci.session import is_local

BOTH = {"HTTP_PROXY": "http://plain:3128", "HTTPS_PROXY": "secure:3129"}


@pytest.mark.parametrize(
    ("scheme", "environ", "proxy"),
    [
        ("http", BOTH, Proxy("plain", 3128)),
        ("https", BOTH, Proxy("secure", 3129)),
        ("https", {"https_proxy": "http://low"}, Proxy("low", 80)),
        ("https", {"HTTP_PROXY": "http://plain:3128"}, None),
        ("http", {**BOTH, "REQUEST_METHOD": "GET"}, None),
        ("http", {"http_proxy": "http://u%40:p@h:1"}, Proxy("h", 1, "Basic dUA6cA==")),
        ("http", {}, None),
    ],
)
def test_by_scheme(scheme: str, environ: dict[str, str], proxy: Proxy | None) -> None:
    assert proxy_for(scheme, "quay.io", 443, environ) == proxy


@pytest.mark.parametrize(
    ("rules", "direct"),
    [
        ("*", True),
        ("quay.io", True),
        ("io", True),
        (".io", True),
        ("*.io", True),
        ("QUAY.IO", True),
        ("quay.io:443", True),
        ("quay.io:80", False),
        (".quay.io", False),
        ("ay.io", False),
        ("other.io, quay.io", True),
        ("", False),
        ("10.0.0.0/8", False),
    ],
)
def test_exempt_names(rules: str, direct: bool) -> None:  # noqa: FBT001  # a table's column
    assert (proxy_for("https", "quay.io", 443, {**BOTH, "NO_PROXY": rules}) is None) is direct


@pytest.mark.parametrize(("rules", "direct"), [("10.0.0.0/8", True), ("10.1.2.3", True), ("192.168.0.0/16", False)])
def test_exempt_addresses(rules: str, direct: bool) -> None:  # noqa: FBT001  # a table's column
    assert (proxy_for("http", "10.1.2.3", 80, {**BOTH, "no_proxy": rules}) is None) is direct


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_loopback_is_never_proxied(host: str) -> None:
    assert is_loopback(host)
    assert proxy_for("http", host, 80, BOTH) is None


@pytest.mark.parametrize("text", ["https://h", "socks5://h"])
def test_other_proxies_are_refused(text: str) -> None:
    with pytest.raises(NotSupportedError, match="only http proxies"):
        proxy_for("https", "quay.io", 443, {"HTTPS_PROXY": text})


@pytest.mark.parametrize(
    ("registry", "local"),
    [
        ("localhost:5000", True),
        ("localhost", False),
        ("127.0.0.1", True),
        ("127.0.0.1:5000", True),
        ("[::1]", True),
        ("[::1]:5000", True),
        ("x.localhost", True),
        ("x.localhost:5000", True),
        ("registry.local", True),
        ("10.1.2.3:5000", True),
        ("172.16.0.1", True),
        ("172.31.0.1", True),
        ("172.32.0.1", False),
        ("192.168.1.1", True),
        ("quay.io", False),
        ("127.0.0.1.evil.com", False),
        ("10.evil.com", False),
        ("localhost.evil.com", False),
        ("8.8.8.8", False),
        ("[fe80::1]:5000", False),
    ],
)
def test_which_registries_may_speak_plain_http(registry: str, local: bool) -> None:  # noqa: FBT001  # a table's column
    assert is_local(registry) is local
