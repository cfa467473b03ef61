"""A validator that answers requests: what it believes of clients, and what one of them can do to others."""

from __future__ import annotations

import asyncio
import math
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__: list[str] = []


def _limited(**limits: Any) -> None:
    """Have the server go by other limits."""
    from refimpl.commands import serve_input
    from refimpl.record import replace as with_changes
    from refimpl.server.limits import LIMITS

    replace(serve_input, "LIMITS", with_changes(LIMITS, **limits))


@mutant(
    "bodies-without-end",
    "A body may have any size.",
    Kind.SERVER,
    "server-20 server-21",
)
def bodies_without_end() -> None:
    _limited(body=1 << 40)


@mutant(
    "bodies-one-at-a-time",
    "A client's body is waited for while no other one is read.",
    Kind.SERVER,
    "server-22.2",
)
def bodies_one_at_a_time() -> None:
    from refimpl.server.connection import Connection

    turn = asyncio.Lock()

    @change(Connection, "_body")
    async def body(original: Callable[..., Awaitable[bytes]], *arguments: Any) -> bytes:
        async with turn:
            return await original(*arguments)


@mutant(
    "heads-one-at-a-time",
    "A client's first request is waited for while no other one is read.",
    Kind.SERVER,
    "server-22.1 server-23",
)
def heads_one_at_a_time() -> None:
    from refimpl.server.connection import Connection

    turn = asyncio.Lock()

    @change(Connection, "_exchange")
    async def exchange(original: Callable[..., Awaitable[bool]], *arguments: Any) -> bool:
        async with turn:
            return await original(*arguments)


@mutant(
    "first-come-only-served",
    "When all places are taken, new clients are turned away, whatever the others do with theirs.",
    Kind.SERVER,
    "server-23",
)
def first_come_only_served() -> None:
    from refimpl.server import listener

    replace(listener.Clients, "_make_way", lambda _: False)


@mutant(
    "paths-resolved",
    "A path is decoded and its dots are followed before it is looked up.",
    Kind.SERVER,
    "server-24",
)
def paths_resolved() -> None:
    import posixpath
    from urllib.parse import unquote

    from refimpl.server import connection

    @change(connection, "_path")
    def path(original: Callable[..., str], head: Any) -> str:
        return posixpath.normpath(unquote(original(head)).partition(";")[0].lower()).replace("//", "/")


@mutant(
    "fragments-left-out",
    "A path ends before a number sign.",
    Kind.SERVER,
    "server-24.10",
)
def fragments_left_out() -> None:
    from refimpl.server import connection

    @change(connection, "_path")
    def path(original: Callable[..., str], head: Any) -> str:
        return original(head).partition("#")[0]


@mutant(
    "any-method-judges",
    "A request is judged whatever its method is.",
    Kind.SERVER,
    "server-25",
)
def any_method_judges() -> None:
    from refimpl.server import routes

    every = ("GET", "HEAD", "POST", "PUT", "DELETE")
    replace(routes, "_METHODS", dict.fromkeys(routes._METHODS, every))  # noqa: SLF001 - what a mutant is made of


@mutant(
    "content-types-unread",
    "Whatever a body is said to be, it is judged by what it looks like.",
    Kind.SERVER,
    "server-26.1",
)
def content_types_unread() -> None:
    from refimpl.server import body

    replace(body, "_media_type", lambda _: "")


@mutant(
    "any-yaml-judged",
    "YAML needn't be a mapping: any text is YAML.",
    Kind.SERVER,
    "server-26.2 server-26.5",
)
def any_yaml_judged() -> None:
    from refimpl.server import body

    replace(body, "_yaml", lambda content: body._parse(content, "yaml"))  # noqa: SLF001 - what a mutant is made of


@mutant(
    "half-bodies-judged",
    "Of a body that can't be read to its end, nothing is judged, and nothing is what passes.",
    Kind.SERVER,
    "server-26.3 server-26.4 server-26.6 server-27",
)
def half_bodies_judged() -> None:
    from refimpl.server import body, judge

    @change(judge, "documents")
    def documents(original: Callable[..., Any], request: Any) -> Any:
        try:
            return original(request)
        except body.BodyError:
            return ()


@mutant(
    "nothing-passes",
    "A request without a body is judged as an empty input.",
    Kind.SERVER,
    "server-26.7",
)
def nothing_passes() -> None:
    from refimpl.record import replace as with_changes
    from refimpl.server.routes import Routes

    @change(Routes, "_judge_request")
    async def judged(original: Callable[..., Awaitable[Any]], self: Any, request: Any, release: Any) -> Any:
        return await original(self, with_changes(request, body=request.body or b"{}"), release)


@mutant(
    "any-number-of-values-sent",
    "A body may have any number of values, whatever memory they take.",
    Kind.SERVER,
    "server-27.4",
)
def any_number_of_values_sent() -> None:
    from refimpl.server import body

    replace(body, "MANY_VALUES", 1 << 62)


@mutant(
    "one-failure-ends-all",
    "Rules that fail for one input end the server, and with it all that it was judging.",
    Kind.SERVER,
    "server-28",
)
def one_failure_ends_all() -> None:
    import os

    from refimpl.errors import EvaluationError
    from refimpl.server.judge import Judge

    @change(Judge, "_outcomes")
    def outcomes(original: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return original(*arguments)
        except EvaluationError:
            os._exit(1)


@mutant(
    "failures-pass",
    "An input for which the rules fail has no violations.",
    Kind.SERVER,
    "server-28",
)
def failures_pass() -> None:
    from refimpl.errors import EvaluationError
    from refimpl.server.judge import Judge

    @change(Judge, "_outcomes")
    def outcomes(original: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return original(*arguments)
        except EvaluationError:
            return []


@mutant(
    "judged-one-after-another",
    "An input is judged when the one before it has its verdict.",
    Kind.SERVER,
    "server-07 server-28 server-29",
)
def judged_one_after_another() -> None:
    _limited(evaluations=1)


@mutant(
    "two-lengths-believed",
    "A body that has a length and chunks is read by one of them, and the next reader may go by the other.",
    Kind.SERVER,
    "server-30.2 server-30.9",
)
def two_lengths_believed() -> None:
    from refimpl.server import connection

    @change(connection, "_field")
    def field(original: Callable[..., str], head: Any, name: bytes) -> str:
        return "" if name == b"transfer-encoding" else original(head, name)


@mutant(
    "any-host-any-expectation",
    "Whatever a request has as its host, and expects, it is judged.",
    Kind.SERVER,
    "server-30.10 server-30.11",
)
def any_host_any_expectation() -> None:
    from refimpl.server import connection

    @change(connection, "_field")
    def field(original: Callable[..., str], head: Any, name: bytes) -> str:
        return "" if name in {b"host", b"expect"} else original(head, name)


@mutant(
    "malformed-requests-hang",
    "A request that can't be read gets no answer.",
    Kind.SERVER,
    "server-30.1 server-30.3 server-30.4 server-31",
)
def malformed_requests_hang() -> None:
    from refimpl.server.connection import Connection

    @change(Connection, "_refuse")
    async def refuse(original: Callable[..., Awaitable[None]], self: Any, response: Any) -> None:
        if response.status not in {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE}:
            await original(self, response)


@mutant(
    "heads-without-end",
    "A head may have any size.",
    Kind.SERVER,
    "server-31",
)
def heads_without_end() -> None:
    _limited(head=1 << 40)


@mutant(
    "bodies-left-on-the-way",
    "The rest of a request that was refused for its path is taken for the next request.",
    Kind.SERVER,
    "server-32",
)
def bodies_left_on_the_way() -> None:
    import h11

    from refimpl.server.connection import Connection

    original_body = Connection._body  # noqa: SLF001 - what a mutant is made of

    async def body(self: Any, head: Any) -> bytes:
        if head.target.startswith(b"/v1/"):
            return await original_body(self, head)
        rest, _ = self._protocol.trailing_data
        self._protocol = h11.Connection(h11.SERVER)
        self._protocol.receive_data(b"POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" + rest)
        self._protocol.next_event()
        self._protocol.next_event()
        return b""

    replace(Connection, "_body", body)


@mutant(
    "registries-remembered",
    "What a registry said for one request is what it says for all that come after.",
    Kind.SERVER,
    "server-33",
)
def registries_remembered() -> None:
    from refimpl.rego import builtins

    @change(builtins, "_call")
    def call(original: Callable[..., Any], alone: Any, module: str, function: str, _: object, *arguments: Any) -> Any:
        return original(_everlasting(alone), module, function, None, *arguments)

    kept: list[Any] = []

    def _everlasting(alone: Any) -> Any:
        from refimpl.deadline import Deadline
        from refimpl.oci.client import Client
        from refimpl.record import replace as with_changes

        if not kept:
            client = Client(deadline=Deadline(None), retry=_retry(), environ=alone.shared.environ)
            kept.append(builtins.ComponentContext(with_changes(alone.shared, client=client, deadline=Deadline(None))))
        return kept[0]

    def _retry() -> Any:
        from refimpl.command_line.options import Options

        return Options().retry


@mutant(
    "ready-from-the-start",
    "The server says that it is ready while its policies are still on their way.",
    Kind.SERVER,
    "server-10",
)
def ready_from_the_start() -> None:
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    from refimpl.commands import serve_input

    class Eager(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Length", "0")
            self.end_headers()

    @change(serve_input, "fetch_sources")
    def fetch_sources(original: Callable[..., Any], *arguments: Any) -> Any:
        import sys

        port = int(sys.argv[sys.argv.index("--server-port") + 1])
        eager = HTTPServer(("127.0.0.1", port), Eager)
        threading.Thread(target=eager.serve_forever, daemon=True).start()
        try:
            return original(*arguments)
        finally:
            eager.shutdown()
            eager.server_close()


@mutant(
    "ends-without-answering",
    "SIGTERM ends the server at once, and who waits for a verdict gets none.",
    Kind.SERVER,
    "server-08",
)
def ends_without_answering() -> None:
    from refimpl.server.listener import Clients

    @change(Clients, "finish")
    async def finish(original: Callable[..., Awaitable[None]], self: Any, _: float) -> None:
        for connection in list(self._open.values()):
            connection.abort()
        await original(self, 0.0)


@mutant(
    "silent-clients-waited-for",
    "The server ends when every client has closed its connection.",
    Kind.SERVER,
    "server-09",
)
def silent_clients_waited_for() -> None:
    from refimpl.server.connection import Connection

    _limited(head_seconds=math.inf)
    replace(Connection, "finish", lambda _: None)


@mutant(
    "loaded-for-each-request",
    "Policies are fetched anew for each request.",
    Kind.SERVER,
    "server-06",
)
def loaded_for_each_request() -> None:
    from refimpl.commands import serve_input
    from refimpl.policy.sources.fetcher import Fetcher
    from refimpl.server.judge import Judge

    made: list[tuple[Any, dict[str, Any]]] = []
    fetched: list[Any] = []

    @change(Fetcher, "__init__")
    def init(original: Callable[..., None], self: Any, path: Any, **named: Any) -> None:
        made.append((path, named))
        original(self, path, **named)

    @change(serve_input, "fetch_sources")
    def fetch_sources(original: Callable[..., Any], policy: Any, fetcher: Any) -> Any:
        fetched.append(lambda: original(policy, Fetcher(made[0][0] / "again", **made[0][1])))
        return original(policy, fetcher)

    @change(Judge, "judge")
    def judge(original: Callable[..., Any], *arguments: Any) -> Any:
        fetched[0]()
        return original(*arguments)


@mutant(
    "verdict-by-the-first-document",
    "Of a list, or of several documents, only the first one is judged.",
    Kind.SERVER,
    "server-03.6 server-04",
)
def verdict_by_the_first_document() -> None:
    from refimpl.server import judge

    @change(judge, "documents")
    def documents(original: Callable[..., Any], request: Any) -> Any:
        return original(request)[:1]


@mutant(
    "results-in-the-body-only",
    "The field that tells the result always says that the input passed.",
    Kind.SERVER,
    "server-02",
)
def results_in_the_body_only() -> None:
    from refimpl.server import routes

    @change(routes, "_respond")
    def report(original: Callable[..., Any], verdict: Any) -> Any:
        response = original(verdict)
        response.fields["X-Conforma-Result"] = "pass"
        return response


@mutant(
    "log-by-replacement",
    "What clients write goes into the log as it is.",
    Kind.SERVER,
    "server-35",
)
def log_by_replacement() -> None:
    from refimpl.server import log

    @change(log._JSONFormatter, "format")  # noqa: SLF001 - what a mutant is made of
    def format_line(original: Callable[..., str], *arguments: Any) -> str:
        return re.sub(r'\\"', '"', original(*arguments))


@mutant(
    "broken-rules-serve",
    "Rules that don't compile are found out when somebody asks.",
    Kind.SERVER,
    "server-11.1",
)
def broken_rules_serve() -> None:
    from refimpl.evaluation.evaluator import Evaluator

    replace(Evaluator, "wait_until_compiled", lambda _: None)
