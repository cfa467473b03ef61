"""A validator that answers requests over HTTP (`validate input --server`), and its clients."""

from __future__ import annotations

import json
import re
import shutil
import signal
from typing import TYPE_CHECKING

from behave import given, step, then, use_step_matcher, when

from ec_acceptance.testbed.gate.rules import Answer, Hold, Rule
from ec_acceptance.testbed.scenario.behave_context import Context, arguments, pairs
from ec_acceptance.testbed.validator.service import JUDGED, Reply, Service, request, reserve_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_MEBIBYTE = 1 << 20


def _service(context: Context) -> Service:
    service = context.world.service
    if service is None:
        raise LookupError("the scenario has no server yet")
    return service


def _start(context: Context, flags: Sequence[str]) -> Service:
    world = context.world
    reservation = reserve_port()
    port = reservation.getsockname()[1]
    running = world.runs.start(["validate", "input", "--server", "--server-port", str(port), *flags])
    service = world.service = Service(running, reservation, world.injector.limit)
    world.servers.extra_servers.append(service)
    return service


def _last(context: Context) -> Reply:
    return _service(context).replies[-1]


def _keep(context: Context, reply: Reply) -> None:
    _service(context).replies.append(reply)


def _bytes(text: str) -> bytes:
    r"""What a scenario writes as lines, with ``\r\n`` between them, and escapes such as ``\xff``."""
    return text.replace("\n", "\r\n").encode().decode("unicode_escape").encode("latin-1")


# The server.


@step("the server begins to start with")
def begins_to_start(context: Context) -> None:
    _start(context, arguments(context))


@when("the server is started with")
def is_started(context: Context) -> None:
    """It is ready then."""
    _start(context, arguments(context)).wait_until_ready()


@when("the server becomes ready")
def becomes_ready(context: Context) -> None:
    _service(context).wait_until_ready()


@then("the server isn't ready")
def is_not_ready(context: Context) -> None:
    assert not _service(context).is_ready(), "the server says that it is ready"


@when("the server gets {number}")
def gets_a_signal(context: Context, number: str) -> None:
    _service(context).running.send(signal.Signals[number])


@then("no new request is taken any more")
def no_new_request(context: Context) -> None:
    service = _service(context)
    service.wait_for(lambda: not service.is_ready(), "the end of listening")


@then("the server still runs")
def still_runs(context: Context) -> None:
    assert _service(context).running.alive, "the server has ended"


@when("the server ends")
def ends(context: Context) -> None:
    world = context.world
    world.runs.finish("", world.injector.limit)


@given('every manifest of "{image}" is held')
def manifests_are_held(context: Context, image: str) -> None:
    world = context.world
    world.held = world.servers.gate.add(Hold(None), kind="manifest", repository=image, method=None)


def _held(context: Context) -> Rule:
    if context.world.held is None:
        raise LookupError("nothing is held")
    return context.world.held


@when('the registry is asked for the manifest of "{image}"')
def the_registry_is_asked(context: Context, image: str) -> None:
    _service(context).wait_for(lambda: bool(_held(context).held), f"a request for {image}")


@step("the registry answers again")
def the_registry_answers_again(context: Context) -> None:
    context.world.servers.gate.remove(_held(context))


# Requests.

use_step_matcher("re")


@when(r'the server is asked to judge(?P<kind> "[^"]*")?')
def asked_to_judge(context: Context, kind: str | None) -> None:
    """The text is the body, its content type JSON unless another one is named."""
    content_type = "application/json" if kind is None else kind.strip(' "')
    _keep(context, _service(context).judge(context.world.text(context.text).encode(), content_type))


@when(r'client "(?P<name>\w+)" begins to ask the server to judge')
def begins_to_ask(context: Context, name: str) -> None:
    service = _service(context)
    body = context.world.text(context.text).encode()
    service.begin_to_ask(name, lambda: service.judge(body))


@then(r'client "(?P<name>\w+)" still waits')
def still_waits(context: Context, name: str) -> None:
    assert _service(context).is_asking(name), f"client {name} waits no more"


@when(r'client "(?P<name>\w+)" is answered')
def is_answered(context: Context, name: str) -> None:
    _keep(context, _service(context).asked(name))


@when(r'the server is asked "(?P<method>[A-Z]+) (?P<path>[^"]*)"')
def asked_for(context: Context, method: str, path: str) -> None:
    body = b'{"bad": 1}' if method in {"POST", "PUT"} else b""
    _keep(context, _service(context).ask(method, path, "application/json" if body else "", body))


use_step_matcher("parse")


@when("the bytes are sent")
def bytes_are_sent(context: Context) -> None:
    """Lines end in CR LF, as HTTP has them; one answer is read."""
    connection = _service(context).connect()
    connection.send(_bytes(context.text))
    _keep(context, connection.reply())


@when("the bytes are sent, and {count:d} answers are read")
def several_answers(context: Context, count: int) -> None:
    connection = _service(context).connect()
    connection.send(_bytes(context.text))
    for _ in range(count):
        _keep(context, connection.reply())


@when("{count:d} clients connect and say nothing")
def silent_clients(context: Context, count: int) -> None:
    service = _service(context)
    for _ in range(count):
        service.connect()


@when("{count:d} clients send half a {what}")
def half_requests(context: Context, count: int, what: str) -> None:
    service = _service(context)
    whole = request("POST", JUDGED, "application/json", b'{"bad": 1}')
    half = whole[:40] if what == "head" else whole[:-5]
    for _ in range(count):
        service.connect().send(half)


@when("{count:d} clients ask the server to judge, and go away")
def clients_go_away(context: Context, count: int) -> None:
    service = _service(context)
    for _ in range(count):
        connection = service.connect()
        connection.send(request("POST", JUDGED, "application/json", b'{"bad": 1}'))
        connection.close()


@when("a client sends chunks without end")
def chunks_without_end(context: Context) -> None:
    service = _service(context)
    connection = service.connect()
    head = ["POST " + JUDGED + " HTTP/1.1", "Host: localhost", "Transfer-Encoding: chunked", "", ""]
    connection.send("\r\n".join(head).encode())
    chunk = b"%x\r\n%b\r\n" % (_MEBIBYTE, b" " * _MEBIBYTE)
    context.world.variables["SENT"] = str(connection.send_until_answered(chunk, 200 * _MEBIBYTE) // _MEBIBYTE)
    _keep(context, connection.reply())


@when("a client announces {size:d} bytes and sends none of them")
def announced(context: Context, size: int) -> None:
    connection = _service(context).connect()
    head = ["POST " + JUDGED + " HTTP/1.1", "Host: localhost", f"Content-Length: {size}", "", ""]
    connection.send("\r\n".join(head).encode())
    _keep(context, connection.reply())


@when("the server is asked to judge {count:d} {what}")
def asked_to_judge_many(context: Context, count: int, what: str) -> None:
    body = _BODIES[what](count)
    _keep(context, _service(context).judge(body, "application/yaml" if "alias" in what else "application/json"))


def _aliases(depth: int) -> bytes:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, depth)]
    return "\n".join(lines).encode()


_BODIES: Mapping[str, Callable[[int], bytes]] = {
    "nested lists": lambda count: b"[" * count + b"]" * count,
    "nested objects": lambda count: b'{"a":' * count + b"1" + b"}" * count,
    "numbers in a list": lambda count: b'{"a":[' + b"0," * (count - 1) + b"0]}",
    "aliases of aliases": _aliases,
}


# Answers.


@then("the answer's status is {status:d}")
def the_status(context: Context, status: int) -> None:
    assert _last(context).status == status, f"the answer is {_last(context)}"


@then("the answer is the error {status:d}")
def the_error(context: Context, status: int) -> None:
    """The text is the message; `…` stands for anything, in words of the validator's own."""
    reply = _last(context)
    assert reply.status == status, f"the answer is {reply}"
    assert reply.fields.get("content-type") == "application/json", f"the answer isn't JSON: {reply}"
    document = reply.document
    pattern = ".*".join(re.escape(part) for part in context.text.split("…"))
    assert document.keys() == {"error", "status"}, f"other members: {reply}"
    assert document["status"] == status, f"another status: {reply}"
    assert re.fullmatch(pattern, document["error"]), f"the error isn't {context.text!r}: {reply}"


@then('the answer\'s field "{name}" is "{value}"')
def the_field(context: Context, name: str, value: str) -> None:
    found = _last(context).fields.get(name.lower())
    assert found == value, f"the field {name} is {found!r}: {_last(context)}"


use_step_matcher("re")


@then(r'the answer\'s body is "(?P<text>.*)"')
def the_body(context: Context, text: str) -> None:
    wanted = text.replace("\\n", "\n").replace("'", '"')
    assert _last(context).body.decode() == wanted, f"the answer is {_last(context)}"


use_step_matcher("parse")


@then('the answer\'s violations are "{codes}"')
def the_violations(context: Context, codes: str) -> None:
    """Their codes, with spaces between them; `none` for a report without."""
    reply = _last(context)
    found = " ".join(reply.codes) or "none"
    assert found == codes, f"the violations are {found}: {reply}"
    passed = reply.fields.get("x-conforma-result")
    assert passed == ("pass" if codes == "none" else "fail"), f"X-Conforma-Result is {passed}: {reply}"
    assert reply.document["success"] is (codes == "none"), f"another verdict: {reply}"


@then('each answer\'s violations are "{codes}"')
def each_violations(context: Context, codes: str) -> None:
    for reply in _service(context).replies:
        assert " ".join(reply.codes) == codes, f"the answer is {reply}"


@then("the answer is the report")
def the_report(context: Context) -> None:
    """Without what differs from run to run: policy, version and time; JSON in the scenario."""
    reply = _last(context)
    assert reply.status == 200, f"the answer is {reply}"
    document = reply.document
    assert list(document) == ["success", "filepaths", "policy", "ec-version", "effective-time"], f"members: {reply}"
    shown = {name: document[name] for name in ("success", "filepaths")}
    assert shown == json.loads(context.text), f"the report is {json.dumps(shown)}"


@then("the client had to send less than {count:d} MiB")
def had_to_send(context: Context, count: int) -> None:
    sent = int(context.world.variables["SENT"])
    assert sent < count, f"the server took {sent} MiB"


@then("the log has a line of JSON with")
def a_line_of_json(context: Context) -> None:
    wanted = {name: context.world.text(value) for name, value in pairs(context.table)}
    lines = context.world.runs.last.err.splitlines()
    found = [json.loads(line) for line in lines if line.startswith("{")]
    assert any(wanted.items() <= {name: str(value) for name, value in line.items()}.items() for line in found), (
        f"no line has {wanted}:\n{context.world.runs.last.describe()}"
    )


@when('the folder "{name}" is taken away')
def taken_away(context: Context, name: str) -> None:
    shutil.rmtree(context.world.folders.work / name)


@when('the registry forgets "{image}"')
def the_registry_forgets(context: Context, image: str) -> None:
    world = context.world
    name = world.fixtures.full_name(image)
    for method in ("GET", "HEAD"):
        world.servers.gate.add(Answer(404), kind="manifest", repository=name, method=method)


@when("a client sends a head of 1 MiB")
def a_large_head(context: Context) -> None:
    connection = _service(context).connect()
    connection.send(b"GET /live HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * _MEBIBYTE + b"\r\n\r\n")
    _keep(context, connection.reply())


@then('the answers are "{first}", "{second}" and "{third}"')
def the_answers(context: Context, first: str, second: str, third: str) -> None:
    """The violations of a report, `none` without; else the status."""
    found = [
        " ".join(one.codes) or "none" if one.status == 200 else str(one.status) for one in _service(context).replies
    ]
    assert found == [first, second, third], f"the answers are {found}"


@then("the server doesn't start, with the error")
def does_not_start(context: Context) -> None:
    """`…` stands for anything, in words of a foreign library."""
    last = context.world.runs.last
    assert last.status == 1, f"the exit status isn't 1:\n{last.describe()}"
    assert not last.out, f"standard output isn't empty:\n{last.describe()}"
    said = "".join(line for line in last.err.splitlines(keepends=True) if not line.startswith(("{", 'time="')))
    wanted = context.world.text(context.text)
    pattern = ".*".join(re.escape(part) for part in f"Error: {wanted}\n".split("…"))
    assert re.fullmatch(pattern, said, re.DOTALL), f"the error isn't\n    {wanted}\n{last.describe()}"


@then('standard error has the warning "{text}"')
def has_the_warning(context: Context, text: str) -> None:
    last = context.world.runs.last
    assert f'level=warning msg="{text}"' in last.err, f"no such warning:\n{last.describe()}"


@then("standard error holds no trace")
def no_trace(context: Context) -> None:
    last = context.world.runs.last
    for trace in ("Traceback (most recent call last)", "panic: ", "Exception in"):
        assert trace not in last.err, f"a trace of the program's inside:\n{last.describe()}"


@then("the log has no line of JSON with")
def no_line_of_json(context: Context) -> None:
    unwanted = dict(pairs(context.table))
    lines = context.world.runs.last.err.splitlines()
    found = [json.loads(line) for line in lines if line.startswith("{")]
    assert found, f"no line of JSON at all:\n{context.world.runs.last.describe()}"
    assert not any(unwanted.items() <= line.items() for line in found), (
        f"a line has {unwanted}:\n{context.world.runs.last.describe()}"
    )
