"""Connections, redirects, encodings, proxies and trusted certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


@mutant(
    "follows-to-plain-http",
    "A redirect leads from https to plain http, and back.",
    Kind.WIRE,
    "wire-36",
)
def follows_to_plain_http() -> None:
    from refimpl.http.transport import Transport

    @change(Transport, "exchange")
    def exchange(original: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return original(*arguments, **{**named, "in_the_clear": True})


@mutant(
    "forwards-authorization",
    "What one origin may know goes to all that it redirects to.",
    Kind.WIRE,
    "creds-39 creds-40",
)
def takes_authorization_along() -> None:
    from refimpl.http.transport import Transport

    known: dict[str, str] = {}

    @change(Transport, "_send")
    def send(original: Callable[..., Any], *arguments: Any) -> Any:
        *before, fields, body, connecting = arguments
        if "Authorization" in fields:
            known["Authorization"] = fields["Authorization"]
        return original(*before, {**known, **fields}, body, connecting)


@mutant(
    "follows-inside",
    "Redirects lead to loopback, link-local and private addresses.",
    Kind.WIRE,
    "wire-30 wire-31 wire-32 wire-33 wire-34 wire-35 wire-44 wire-45 wire-46 wire-47",
)
def follows_inside() -> None:
    from refimpl.http import transport

    replace(transport, "is_inside", lambda _: False)


@mutant(
    "trusts-common-names",
    "A certificate without alternative names is for whom its subject names.",
    Kind.WIRE,
    "wire-38",
)
def trusts_common_names() -> None:
    from refimpl.http import connection

    replace(connection, "names_a_host", lambda _: True)


@mutant(
    "one-bad-block-costs-all",
    "A block that is no certificate costs the others in its file their trust.",
    Kind.WIRE,
    "wire-11 wire-12",
)
def one_bad_block_costs_all() -> None:
    from refimpl.http.tls import Trust

    @change(Trust, "refine")
    def refine(*_: object) -> bool:
        return False


@mutant(
    "first-block-only",
    "Of a file of trusted certificates only the first block is read, whatever it is.",
    Kind.WIRE,
    "wire-11 wire-14",
)
def first_block_only() -> None:
    from refimpl.http import tls

    @change(tls, "certificates")
    def certificates(original: Callable[..., Any], data: bytes) -> Any:
        return original(data[: data.find(b"-----END") + 99])


@mutant(
    "takes-a-hint-for-the-answer",
    "An interim answer (1xx) is the answer.",
    Kind.WIRE,
    "wire-02 wire-03",
)
def takes_a_hint_for_the_answer() -> None:
    from refimpl.http import connection

    replace(connection, "_INFORMATIONAL", range(0))


@mutant(
    "short-is-whole",
    "A body that breaks off has ended.",
    Kind.WIRE,
    "wire-37",
)
def short_is_whole() -> None:
    from refimpl.errors import TransferError
    from refimpl.http.transport import Response

    @change(Response, "read")
    def read(original: Callable[..., bytes], self: Any, size: int) -> bytes:
        try:
            return original(self, size)
        except TransferError:
            return b""


@mutant(
    "decodes-nothing",
    "A body counts as it was sent, whatever its content coding.",
    Kind.WIRE,
    "wire-01",
)
def decodes_nothing() -> None:
    from refimpl.http import transport

    replace(transport, "decoder", lambda _, read: read)


@mutant(
    "encodes-nothing",
    "What no request line can hold stays in a path.",
    Kind.WIRE,
    "wire-06 wire-07 wire-10",
)
def encodes_nothing() -> None:
    from refimpl.golang import url

    class All:
        def issuperset(self, _: object) -> bool:
            return True

    replace(url, "_PATH", All())


@mutant(
    "encodes-twice",
    "What is encoded already is encoded once more.",
    Kind.WIRE,
    "wire-08",
)
def encodes_twice() -> None:
    from refimpl.golang import url

    replace(url, "unquote_to_bytes", lambda data: data)


@mutant(
    "few-fields",
    "Answers with more than a hundred header fields, or with a long one, are none.",
    Kind.WIRE,
    "wire-04 wire-05",
)
def few_fields() -> None:
    from refimpl.http import connection

    replace(connection, "HEAD_LIMIT", 1 << 13)


@mutant(
    "http-proxies-only",
    "Proxies that don't speak http are none.",
    Kind.WIRE,
    "wire-20 wire-21 wire-40",
)
def http_proxies_only() -> None:
    from refimpl.http import proxy

    replace(proxy, "_PORTS", {"http": 80})


@mutant(
    "no-proxy",
    "What the environment says of proxies is passed over.",
    Kind.WIRE,
    "wire-19 wire-20 wire-21 wire-40 wire-41 wire-42 wire-43",
)
def no_proxy() -> None:
    from refimpl.http import transport

    replace(transport, "proxy_for", lambda *_: None)


@mutant(
    "proxy-for-https-only",
    "What is asked for in the clear goes to its host at once, whatever the environment says of a proxy for it.",
    Kind.WIRE,
    "wire-41",
)
def proxy_for_https_only() -> None:
    from refimpl.http import transport
    from refimpl.http.proxy import proxy_for

    replace(transport, "proxy_for", lambda scheme, *rest: proxy_for(scheme, *rest) if scheme == "https" else None)


@mutant(
    "equal-fields-joined",
    "A header field that is there twice has both values, with a comma.",
    Kind.WIRE,
    "wire-39",
)
def equal_fields_joined() -> None:
    from refimpl.http.transport import Response

    @change(Response, "header")
    def header(_: object, self: Any, name: str) -> str:
        return ", ".join(self.headers(name))
