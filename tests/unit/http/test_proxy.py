from __future__ import annotations

import pytest

from refimpl.errors import UnreachableError
from refimpl.http.proxy import Proxy, is_loopback, proxy_for
from refimpl.oci.session import is_local

BOTH = {"HTTP_PROXY": "http://plain:3128", "HTTPS_PROXY": "secure:3129"}


@pytest.mark.parametrize(
    ("scheme", "environ", "proxy"),
    [
        ("http", BOTH, Proxy("http", "plain", 3128)),
        ("https", BOTH, Proxy("http", "secure", 3129)),
        ("https", {"https_proxy": "http://low"}, Proxy("http", "low", 80)),
        ("https", {"HTTP_PROXY": "http://plain:3128"}, None),
        ("http", {**BOTH, "REQUEST_METHOD": "GET"}, None),
        ("http", {"http_proxy": "http://u%40:p@h:1"}, Proxy("http", "h", 1, b"u@", b"p")),
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
        ("quay.io:0443", False),
        ("quay.io:", True),
        ("*quay.io", False),
        ("[quay.io]:443", True),
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


@pytest.mark.parametrize(
    ("host", "rules", "direct"),
    [
        ("fd00::1", "fd00:0:0:0:0:0:0:1", True),
        ("fd00:0::1", "fd00::1", True),
        ("fd00::1", "[fd00::1]:443", True),
        ("fd00::1", "[fd00::1]:80", False),
        ("fd00::1", "[fd00::1]", False),
        ("fd00::1", "fd00::/8", True),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("::ffff:10.0.0.1", "10.0.0.0/8", True),
        ("::ffff:10.0.0.1", "::/0", False),
        ("10.1.2.3", "::ffff:10.0.0.0/104", True),
        ("10.0.0.1", "10.0.0.0/255.0.0.0", False),
        ("10.0.0.1", "0.1", False),
        ("10.0.0.1", ".0.1", False),
        ("fe80::1%eth0", "fe80::1", True),
        ("xn--mnchen-3ya.test", "m\u00fcnchen.test", True),
        ("a.xn--mnchen-3ya.test", ".m\u00fcnchen.test", True),
    ],
)
def test_exemptions_are_read_as_go_reads_them(host: str, rules: str, direct: bool) -> None:  # noqa: FBT001
    assert (proxy_for("https", host, 443, {**BOTH, "NO_PROXY": rules}) is None) is direct


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_loopback_is_never_proxied(host: str) -> None:
    assert is_loopback(host)
    assert proxy_for("http", host, 80, BOTH) is None


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ("https://h", Proxy("https", "h", 443)),
        ("socks5://u:p@h", Proxy("socks5", "h", 1080, b"u", b"p")),
        ("socks5h://[::1]:9", Proxy("socks5h", "::1", 9)),
        ("h", Proxy("http", "h", 80)),
        ("h:8080", Proxy("http", "h", 8080)),
        ("u:p@h:8080", Proxy("http", "h", 8080, b"u", b"p")),
        ("10.1.2.3:8080", Proxy("http", "10.1.2.3", 8080)),
    ],
)
def test_kinds_of_proxies(text: str, proxy: Proxy) -> None:
    assert proxy_for("https", "quay.io", 443, {"HTTPS_PROXY": text}) == proxy


@pytest.mark.parametrize(
    "text", ["ftp://h", "http://", "http://[", "http://h:port", f"http://h:{'9' * 5000}", "http://u:secret word@h"]
)
def test_what_is_no_proxy_is_told_without_its_password(text: str) -> None:
    with pytest.raises(UnreachableError, match=r"^invalid proxy address ") as caught:
        proxy_for("https", "quay.io", 443, {"HTTPS_PROXY": text})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("rule", ["quay.io:²", f"quay.io:{'9' * 5000}", ":443", "[", "quay.io:443:443"])
def test_odd_exemptions_exempt_nothing(rule: str) -> None:
    assert proxy_for("https", "quay.io", 443, {**BOTH, "NO_PROXY": rule}) is not None


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
