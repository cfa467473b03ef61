from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from ec_acceptance.testbed.fixtures.images import Image, Index, Layer, publish
from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.gate.rules import Answer, Close, FlipBit, Hold, Replace, Reset, SetHeaders, Stall
from ec_acceptance.testbed.registry.auth import Basic, Bearer
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.registry.repository import Repository
from ec_acceptance.testbed.servers.certificates import Authority
from ec_acceptance.testbed.servers.http import Request, Response, Server
from refimpl.deadline import Deadline
from refimpl.errors import (
    DeniedError,
    DigestMismatchError,
    LimitExceededError,
    MalformedError,
    MissingChildError,
    NoPlatformError,
    NotFoundError,
    RegistryError,
    SizeMismatchError,
    StatusError,
    TimeoutExceededError,
    TransferError,
    UnreachableError,
)
from refimpl.http.retry import Retry
from refimpl.oci.client import MANIFEST_LIMIT, Client, connect
from refimpl.oci.descriptor import Descriptor
from refimpl.oci.reference import Reference, parse
from refimpl.record import replace

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 20.0
QUICK = Retry(max_wait=0.05, max_retry=2, duration=0.001)
LAYER = Layer.of({"a": b"a"}, filler_size=5000)
IMAGE = Image.of([LAYER])
CONFIG = Descriptor("", IMAGE.config_digest, len(IMAGE.config))
JSON = "application/json"

Connect = Callable[..., Client]


@pytest.fixture
def client_of() -> Iterator[Connect]:
    made: list[Client] = []

    def make(environ: dict[str, str] | None = None, seconds: float | None = SECONDS, retry: Retry = QUICK) -> Client:
        made.append(connect(deadline=Deadline(seconds), retry=retry, environ=environ or {}))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def gate() -> Iterator[Gate]:
    with closing(Gate(EmbeddedRegistry())) as made:
        publish(IMAGE, made.repository("acme/app"), "v1")
        yield made


def ref_at(address: str, what: str = ":v1") -> Reference:
    return parse(f"{address}/acme/app{what}")


def test_reads_an_image_with_few_requests(gate: Gate, client_of: Connect) -> None:
    client = client_of()
    ref = ref_at(gate.address)
    head = client.head(ref)
    assert (head.digest, head.size, head.media_type) == (IMAGE.digest, len(IMAGE.manifest), IMAGE.media_type)
    pinned = ref.at(head.digest)
    for _ in range(3):
        assert client.manifest(pinned).raw == IMAGE.manifest
        assert client.image(pinned).layers[0].digest == LAYER.digest
        assert client.head(pinned) == client.head(ref)
        assert client.blob(ref.repository, CONFIG) == IMAGE.config
        assert client.referrers(pinned) == ()
    with client.open_blob(ref.repository, client.image(pinned).layers[0]) as stream:
        assert b"".join(iter(lambda: stream.read(1000), b"")) == LAYER.data
    asked = [(exchange.method, exchange.kind) for exchange in gate.log.requests() if exchange.method in {"GET", "HEAD"}]
    assert asked == [
        ("GET", "ping"),
        ("HEAD", "manifest"),
        ("GET", "manifest"),
        ("GET", "blob"),
        ("GET", "referrers"),
        ("GET", "blob"),
    ]


def test_connections_are_kept(client_of: Connect) -> None:
    registry = EmbeddedRegistry()
    connections: set[str] = set()

    def handle(request: Request) -> Response:
        connections.add(threading.current_thread().name)
        return registry.handle(request)

    with closing(registry), Server(handle) as server:
        ref = ref_at(server.address)
        client = client_of()
        for number in range(5):
            with pytest.raises(NotFoundError):
                client.manifest(ref.tagged(f"t{number}"))
            with pytest.raises(NotFoundError):
                client.head(ref.tagged(f"t{number}"))
    assert len(connections) == 1


def test_a_kept_connection_that_the_server_closed_is_no_error(gate: Gate, client_of: Connect) -> None:
    client = client_of()
    ref = ref_at(gate.address)
    client.head(ref)
    gate.add(Close(at=None), kind="manifest", method="GET", nth=1)
    assert client.manifest(ref).raw == IMAGE.manifest


@pytest.mark.parametrize("method", ["HEAD", "GET"])
@pytest.mark.parametrize("fault", [Reset(at=None), Close(at=None)], ids=repr)
def test_one_break_before_the_answer_is_repeated_at_once(
    gate: Gate, client_of: Connect, method: str, fault: Any
) -> None:
    gate.add(fault, kind="manifest", method=method, nth=1)
    client = client_of()
    ref = ref_at(gate.address)
    assert (client.head(ref).digest if method == "HEAD" else client.manifest(ref).digest) == IMAGE.digest


def test_a_lasting_break_is_an_error(gate: Gate, client_of: Connect) -> None:
    gate.add(Reset(at=None), kind="manifest", method="GET")
    with pytest.raises(TransferError, match=r'^Get "http://127.0.0.1:\d+/v2/acme/app/manifests/v1": '):
        client_of().manifest(ref_at(gate.address))


@pytest.mark.parametrize("status", [400, 403, 404, 418])
def test_head_texts(gate: Gate, client_of: Connect, status: int) -> None:
    gate.add(Answer(status), kind="manifest", method="HEAD")
    phrases = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 418: "I'm a Teapot"}
    with pytest.raises(StatusError) as caught:
        client_of().head(ref_at(gate.address))
    assert str(caught.value) == (
        f"HEAD {gate.url}/v2/acme/app/manifests/v1: unexpected status code {status} {phrases[status]} "
        "(HEAD responses have no body, use GET for details)"
    )
    assert caught.value.status == status
    assert isinstance(caught.value, {403: DeniedError, 404: NotFoundError}.get(status, StatusError))
    assert len(gate.log.requests(method="HEAD")) == 1


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"errors":[{"code":"DENIED","message":"no"}]}', "DENIED: no"),
        (b'{"errors":[{"code":"A","message":"b","detail":"c"}]}', "A: b; c"),
        (
            b'{"errors":[{"code":"A","message":"b","detail":{"y":[1,null,true,1.5],"x":"z"}}]}',
            "A: b; map[x:z y:[1 <nil> true 1.5]]",
        ),
        (
            b'{"errors":[{"code":"A","message":"b"},{"code":"C","message":"d"}]}',
            "multiple errors returned: A: b; C: d",
        ),
        (b'{"errors":[]}', 'unexpected status code 403 Forbidden: {"errors":[]}'),
        (b"plain", "unexpected status code 403 Forbidden: plain"),
        (b"", "unexpected status code 403 Forbidden"),
        (b"[" * 60_000, "unexpected status code 403 Forbidden: " + "[" * 60_000),
        (b"[" * 100_000, "unexpected status code 403 Forbidden: body exceeds 65536 byte limit"),
        (b'{"Errors":[{"CODE":"A","message":5},7]}', "multiple errors returned: A: ; : "),
        (
            b'{"errors":[{"code":"A","detail":[%s,1e400,1234567,0.5]}]}' % (b"1" * 400),
            "A: ; [<nil> <nil> 1.234567e+06 0.5]",
        ),
        (b'{"errors":[{"code":"A","message":"\\ud800\\u001b[2J"}]}', "A: ?\\x1b[2J"),
        (b"\xff\x9b2J", "unexpected status code 403 Forbidden: \ufffd\ufffd2J"),
    ],
)
def test_get_texts(gate: Gate, client_of: Connect, body: bytes, text: str) -> None:
    gate.add(Answer(403, body=body), kind="manifest")
    with pytest.raises(DeniedError) as caught:
        client_of().manifest(ref_at(gate.address))
    assert str(caught.value) == f"GET {gate.url}/v2/acme/app/manifests/v1: {text}"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_retries(gate: Gate, client_of: Connect, status: int) -> None:
    client = client_of()
    gate.add(Answer(status), kind="manifest", nth=range(1, 3))
    assert client.manifest(ref_at(gate.address)).digest == IMAGE.digest
    assert len(gate.log.requests(method="GET", kind="manifest")) == 3
    gate.add(Answer(status), kind="manifest")
    with pytest.raises(StatusError):
        client.manifest(ref_at(gate.address).tagged("other"))
    assert len(gate.log.requests(method="GET", reference="other")) == 3


def test_retry_after_beyond_the_longest_wait(gate: Gate, client_of: Connect) -> None:
    gate.add(Answer(429, (("Retry-After", "3600"),)), kind="manifest", nth=1)
    with pytest.raises(StatusError, match="429"):
        client_of().manifest(ref_at(gate.address))
    assert len(gate.log.requests(method="GET", kind="manifest")) == 1


def test_retry_after_zero_or_a_past_date(gate: Gate, client_of: Connect) -> None:
    gate.add(Answer(429, (("Retry-After", "0"),)), kind="manifest", nth=1)
    gate.add(Answer(429, (("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"),)), kind="manifest", nth=2)
    slow = Retry(max_wait=3600, duration=3600)
    assert client_of(retry=slow).manifest(ref_at(gate.address)).digest == IMAGE.digest


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("9" * 5000, None),
        ("-1", None),
        ("1.5", None),
        ("Fri, 99 Foo 2026 25:61:61 GMT", None),
        ("Fri, 31 Dec 999999999 00:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -9999", None),
        ("x" * 100_000, None),
        ("", None),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_retry_after_says(client_of: Connect, text: str, seconds: float | None) -> None:
    def handle(request: Request) -> Response:
        del request
        return Response(503, (("Retry-After", text),))

    with Server(handle) as server, pytest.raises(StatusError) as caught:
        client_of(retry=Retry(max_wait=0, max_retry=0)).head(ref_at(server.address))
    assert caught.value.retry_after == seconds


def test_a_pause_ends_with_the_deadline(gate: Gate, client_of: Connect) -> None:
    gate.add(Answer(503), kind="manifest")
    with pytest.raises(TimeoutExceededError):
        client_of(seconds=0.3, retry=Retry(max_wait=3600, duration=3600)).manifest(ref_at(gate.address))


@pytest.mark.parametrize("fault", [Stall(at=None), Stall(at=10)], ids=repr)
@pytest.mark.parametrize("kind", ["ping", "manifest"])
def test_a_stall_ends_with_the_deadline(gate: Gate, client_of: Connect, kind: Any, fault: Any) -> None:
    gate.add(fault, kind=kind)
    if kind == "ping" and fault.at:
        gate.add(Replace(b"x" * 100), kind="ping")
    with pytest.raises(TimeoutExceededError, match="time of 500ms"):
        client_of(seconds=0.5).manifest(ref_at(gate.address))


def test_closing_wakes_readers(gate: Gate, client_of: Connect) -> None:
    gate.add(Stall(at=10), kind="manifest")
    client = client_of(seconds=None)
    outcome: list[BaseException] = []

    def read() -> None:
        try:
            client.manifest(ref_at(gate.address))
        except RegistryError as error:
            outcome.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    gate.log.wait_until(lambda: bool(gate.held()), timeout=SECONDS)
    client.close()
    thread.join(SECONDS)
    assert [type(error) for error in outcome] == [TransferError]


def test_wrong_bytes(gate: Gate, client_of: Connect) -> None:
    ref = ref_at(gate.address)
    gate.add(FlipBit(at=20), kind="manifest", reference=IMAGE.digest)
    gate.add(FlipBit(at=20), kind="blob")
    client = client_of()
    with pytest.raises(DigestMismatchError, match="does not match requested digest"):
        client.manifest(ref.at(IMAGE.digest))
    with pytest.raises(DigestMismatchError, match="error verifying sha256 checksum"):
        client.blob(ref.repository, CONFIG)


def test_the_digest_that_a_registry_gives_with_a_tag_is_not_believed(gate: Gate, client_of: Connect) -> None:
    gate.add(SetHeaders((("Docker-Content-Digest", f"sha256:{'1' * 64}"),)), kind="manifest", method="GET")
    assert client_of().manifest(ref_at(gate.address)).digest == IMAGE.digest


@pytest.mark.parametrize(("change", "kind"), [(-1, SizeMismatchError), (1, SizeMismatchError)])
def test_wrong_sizes(gate: Gate, client_of: Connect, change: int, kind: type[Exception]) -> None:
    ref = ref_at(gate.address)
    client = client_of()
    wrong = Descriptor("", CONFIG.digest, CONFIG.size + change)
    with pytest.raises(kind):
        client.blob(ref.repository, wrong)
    client.blob(ref.repository, CONFIG)
    with pytest.raises(kind):
        client.blob(ref.repository, wrong)


def test_limits(gate: Gate, client_of: Connect) -> None:
    ref = ref_at(gate.address)
    client = client_of()
    with pytest.raises(LimitExceededError):
        client.blob(ref.repository, CONFIG, limit=CONFIG.size - 1)
    gate.add(Replace(b" " * (MANIFEST_LIMIT + 1)), kind="manifest")
    with pytest.raises(LimitExceededError):
        client.manifest(ref)


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b"{", b"[" * 100_000, b"\xff"])
def test_no_manifest(gate: Gate, client_of: Connect, body: bytes) -> None:
    gate.add(Replace(body), kind="manifest")
    gate.add(SetHeaders(drop=("Docker-Content-Digest",)), kind="manifest")
    with pytest.raises(MalformedError):
        client_of().manifest(ref_at(gate.address))


@pytest.mark.parametrize("name", ["Content-Type", "Docker-Content-Digest"])
def test_head_needs_its_fields(gate: Gate, client_of: Connect, name: str) -> None:
    gate.add(SetHeaders(drop=(name,)), kind="manifest", method="HEAD")
    with pytest.raises(MalformedError, match=f"did not include {name} header"):
        client_of().head(ref_at(gate.address))


def test_head_that_lies(gate: Gate, client_of: Connect) -> None:
    gate.add(SetHeaders((("Docker-Content-Digest", f"sha256:{'0' * 64}"),)), kind="manifest", method="HEAD")
    with pytest.raises(DigestMismatchError):
        client_of().head(ref_at(gate.address, f"@{IMAGE.digest}"))


def test_children_of_indexes(gate: Gate, client_of: Connect) -> None:
    arm = Image.of([LAYER], platform=("linux", "arm64"))
    repository = gate.repository("acme/app")
    both = publish(Index.of([arm, IMAGE]), repository, "both")
    one = publish(Index.of([arm]), repository, "one")
    client = client_of()
    assert client.manifest(parse(both.tagged(gate.address))).is_index
    assert client.image(parse(both.pinned(gate.address))).digest == IMAGE.digest
    with pytest.raises(NoPlatformError, match=r"no child with platform linux/amd64 in index 127.0.0.1:\d+/acme/app@"):
        client.image(parse(one.pinned(gate.address)))


def test_a_child_without_a_platform_is_taken_and_indexes_may_be_nested(gate: Gate, client_of: Connect) -> None:
    repository = gate.repository("acme/app")
    amd64 = {"os": "linux", "architecture": "amd64"}
    media_type = "application/vnd.oci.image.index.v1+json"

    def put(*entries: dict[str, Any]) -> Descriptor:
        body = json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": entries}).encode()
        return Descriptor(media_type, repository.put_manifest(body, media_type), len(body))

    inner = put(IMAGE.descriptor())
    outer = put({"mediaType": media_type, "digest": inner.digest, "size": inner.size, "platform": amd64})
    wrong = put({"mediaType": media_type, "digest": inner.digest, "size": inner.size + 1, "platform": amd64})
    client = client_of()
    ref = ref_at(gate.address)
    assert client.image(ref.at(outer.digest)).digest == IMAGE.digest
    with pytest.raises(SizeMismatchError, match="its index says"):
        client.image(ref.at(wrong.digest))


def test_a_sparse_index(gate: Gate, client_of: Connect) -> None:
    index = publish(Index.of([IMAGE]), gate.repository("acme/app"), "sparse")
    gate.add(Answer(404), kind="manifest", reference=IMAGE.digest)
    with pytest.raises(MissingChildError):
        client_of().image(parse(index.pinned(gate.address)))


def test_content_in_the_descriptor_is_verified_and_not_fetched(gate: Gate, client_of: Connect) -> None:
    gate.add(Answer(404))
    client, repository = client_of(), ref_at(gate.address).repository
    inline = replace(CONFIG, data=IMAGE.config)
    assert client.blob(repository, inline) == IMAGE.config
    with client.open_blob(repository, inline) as stream:
        assert stream.read(len(IMAGE.config) + 1) == IMAGE.config
    for data, kind in ((b"", SizeMismatchError), (b"x" * CONFIG.size, DigestMismatchError)):
        with pytest.raises(kind):
            client.blob(repository, replace(CONFIG, data=data))


def test_a_child_in_its_index(gate: Gate, client_of: Connect) -> None:
    media_type = "application/vnd.oci.image.index.v1+json"

    def put(data: bytes) -> Reference:
        entry = {**IMAGE.descriptor(), "data": base64.b64encode(data).decode()}
        body = json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": [entry]}).encode()
        return ref_at(gate.address).at(gate.repository("acme/app").put_manifest(body, media_type))

    client = client_of()
    assert client.image(put(IMAGE.manifest)).digest == IMAGE.digest
    assert not gate.log.requests(reference=IMAGE.digest)
    with pytest.raises(DigestMismatchError):
        client.image(put(IMAGE.manifest[:-1] + b" "))


@pytest.mark.parametrize("api", [True, False])
def test_referrers(client_of: Connect, api: bool) -> None:  # noqa: FBT001  # a table's column
    with closing(EmbeddedRegistry(referrers=api)) as registry, closing(Gate(registry)) as gate:
        repository = gate.repository("acme/app")
        publish(IMAGE, repository, "v1")
        ref = ref_at(gate.address, f"@{IMAGE.digest}")
        assert client_of().referrers(ref) == ()
        bundle = Image.of([], extra={"subject": IMAGE.descriptor(), "artifactType": "application/x"})
        publish(bundle, repository, None)
        found = client_of().referrers(ref)
        assert [(one.digest, one.artifact_type) for one in found] == [(bundle.digest, "application/x")]


def referrers_page(digit: str, *links: str) -> Answer:
    body = {"manifests": [{"mediaType": "m", "digest": f"sha256:{digit * 64}", "size": 1}]}
    headers = [("Content-Type", "application/vnd.oci.image.index.v1+json")]
    return Answer(200, (*headers, *(("Link", link) for link in links)), json.dumps(body).encode())


REFERRERS = f"/v2/acme/app/referrers/{IMAGE.digest}"


@pytest.mark.parametrize(
    "links",
    [
        [f'<{REFERRERS}?n=1&last=a>; rel="next"'],
        [f"<{REFERRERS}?n=1&last=a>; REL=next"],
        ['<?n=1&last=a>; rel="prev next"'],
        [f'<./{IMAGE.digest}?n=1&last=a>; rel="next"'],
        ['</first>; rel="first", <?n=1&last=a>; rel="next"'],
        ['</first>; rel="first"', '<?n=1&last=a>; rel="next"'],
        [f'<http://internal.test:8080/prefix{REFERRERS}?n=1&last=a>; rel="next"'],
        [f'<https://u:p@127.0.0.1:1{REFERRERS}?n=1&last=a>; rel="next"'],
    ],
    ids=str,
)
def test_referrers_over_several_pages(gate: Gate, client_of: Connect, links: list[str]) -> None:
    ref = ref_at(gate.address, f"@{IMAGE.digest}")
    gate.add(referrers_page("1", *links), kind="referrers", nth=1)
    gate.add(referrers_page("2"), kind="referrers", nth=2)
    assert [one.digest[7:8] for one in client_of().referrers(ref)] == ["1", "2"]
    assert gate.log.requests(kind="referrers")[1].query == "n=1&last=a"


@pytest.mark.parametrize("link", ["http://[", "/v2/acme/other/referrers/x?n=1", "http://evil.test/x", "//x[/"])
def test_a_next_page_elsewhere_is_told(
    gate: Gate, client_of: Connect, link: str, caplog: pytest.LogCaptureFixture
) -> None:
    gate.add(referrers_page("1", f'<{link}>; rel="next"'), kind="referrers")
    assert len(client_of().referrers(ref_at(gate.address, f"@{IMAGE.digest}"))) == 1
    assert "not all referrers" in caplog.text


def test_a_page_that_is_its_own_next_one(gate: Gate, client_of: Connect) -> None:
    gate.add(referrers_page("1", f'<{REFERRERS}>; rel="next"'), kind="referrers")
    assert len(client_of().referrers(ref_at(gate.address, f"@{IMAGE.digest}"))) == 1
    assert len(gate.log.requests(kind="referrers")) == 1


def test_referrers_without_end(client_of: Connect) -> None:
    asked: list[str] = []

    def handle(request: Request) -> Response:
        if "/referrers/" not in request.path:
            return Response(200)
        asked.append(request.raw_query)
        answer = referrers_page("1", f'<?page={len(asked)}>; rel="next"')
        return Response(200, answer.headers, answer.body or b"")

    with Server(handle) as server, pytest.raises(LimitExceededError, match="more than 100 pages"):
        client_of().referrers(ref_at(server.address, f"@{IMAGE.digest}"))
    assert len(asked) == 100


def test_referrers_that_are_too_large_together(client_of: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refimpl.oci.client.REFERRERS_LIMIT", 1000)

    def handle(request: Request) -> Response:
        answer = referrers_page("1", f'<?{request.raw_query}1>; rel="next"')
        return Response(200, answer.headers, answer.body or b"")

    with Server(handle) as server, pytest.raises(LimitExceededError, match="larger than"):
        client_of().referrers(ref_at(server.address, f"@{IMAGE.digest}"))


def test_referrers_refused(gate: Gate, client_of: Connect) -> None:
    gate.add(Answer(403), kind="referrers")
    with pytest.raises(DeniedError):
        client_of().referrers(ref_at(gate.address, f"@{IMAGE.digest}"))


def test_refused_connection(client_of: Connect) -> None:
    with Server(lambda _: Response(200)) as server:
        address = server.address
    with pytest.raises(UnreachableError) as caught:
        client_of().head(ref_at(address))
    refused = f"dial tcp {address}: connect: connection refused"
    assert str(caught.value) == f'Get "https://{address}/v2/": {refused}; Get "http://{address}/v2/": {refused}'


def test_unknown_host(client_of: Connect) -> None:
    with pytest.raises(UnreachableError) as caught:
        client_of().head(ref_at("nope.invalid"))
    assert str(caught.value) == 'Get "https://nope.invalid/v2/": dial tcp: lookup nope.invalid: no such host'


def test_ping_refused(gate: Gate, client_of: Connect) -> None:
    gate.add(Answer(403, body=b'{"errors":[{"code":"DENIED","message":"no way"}]}'), kind="ping")
    with pytest.raises(DeniedError) as caught:
        client_of().head(ref_at(gate.address))
    assert str(caught.value) == (
        f'Get "https://{gate.address}/v2/": tls: first record does not look like a TLS handshake; '
        f"GET {gate.url}/v2/: DENIED: no way"
    )


def test_ping_is_retried(gate: Gate, client_of: Connect) -> None:
    gate.add(Answer(503), kind="ping", nth=range(1, 3))
    assert client_of().head(ref_at(gate.address)).digest == IMAGE.digest


def config_file(folder: Path, document: object) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(document))
    return {"DOCKER_CONFIG": str(folder)}


@pytest.mark.parametrize(
    "guard",
    [Basic("user", "pass word"), Bearer("user", "pass word"), Bearer("user", "x", identity_token="identity")],
    ids=["basic", "bearer", "identity"],
)
def test_authentication(client_of: Connect, tmp_path: Path, guard: Any) -> None:
    with closing(EmbeddedRegistry()) as registry, closing(Gate(registry, guard=guard)) as gate:
        for name in ("acme/app", "acme/other"):
            publish(IMAGE, gate.repository(name), "v1")
        entry = {"auth": "dXNlcjpwYXNzIHdvcmQ="}
        if getattr(guard, "identity_token", None):
            entry = {"identitytoken": "identity"}
        client = client_of(config_file(tmp_path, {"auths": {gate.address: entry}}))
        refs = [parse(f"{gate.address}/{name}:v1") for name in ("acme/app", "acme/other")]
        for ref in refs:
            assert client.head(ref).digest == IMAGE.digest
            assert client.manifest(ref).digest == IMAGE.digest
            assert client.blob(ref.repository, CONFIG) == IMAGE.config
        tokens = gate.log.requests(kind="token")
        assert len(tokens) == (0 if isinstance(guard, Basic) else 2)
        with pytest.raises(DeniedError, match=r"^(HEAD|GET) http://127.0.0.1:\d+/"):
            client_of().head(refs[-1])


def test_anonymous_tokens(client_of: Connect) -> None:
    with closing(EmbeddedRegistry()) as registry, closing(Gate(registry, guard=Bearer())) as gate:
        publish(IMAGE, gate.repository("acme/app"), "v1")
        assert client_of().head(ref_at(gate.address)).digest == IMAGE.digest


def test_a_token_that_is_too_old_is_renewed(client_of: Connect) -> None:
    guard = Bearer()
    with closing(EmbeddedRegistry()) as registry, closing(Gate(registry, guard=guard)) as gate:
        publish(IMAGE, gate.repository("acme/app"), "v1")
        client = client_of()
        client.head(ref_at(gate.address))
        guard._granted.clear()
        assert client.manifest(ref_at(gate.address)).digest == IMAGE.digest
        assert len(gate.log.requests(kind="token")) == 2


def test_a_ping_that_asks_for_nothing(gate: Gate, client_of: Connect, tmp_path: Path) -> None:
    guard = Basic("u", "p")
    environ = config_file(tmp_path, {"auths": {gate.address: {"username": "u", "password": "p"}}})
    with closing(EmbeddedRegistry()) as registry, closing(Gate(registry, guard=guard)) as guarded:
        publish(IMAGE, guarded.repository("acme/app"), "v1")
        guarded.add(Answer(200), kind="ping")
        environ = config_file(tmp_path, {"auths": {guarded.address: {"username": "u", "password": "p"}}})
        client = client_of(environ)
        client.head(ref_at(guarded.address))
        client.manifest(ref_at(guarded.address))
        statuses = [exchange.status for exchange in guarded.log.requests(kind="manifest") if exchange.method != "PUT"]
    assert statuses == [200, 200]


def test_a_registry_that_hides_what_it_has(client_of: Connect, tmp_path: Path) -> None:
    with closing(EmbeddedRegistry()) as registry:
        answers = Gate(registry).seed

        def handle(request: Request) -> Response:
            known = "Authorization" in request.headers or request.path == "/v2/"
            return answers(request) if known else Response(404)

        with Server(handle) as server:
            publish(IMAGE, Repository(answers, "acme/app"), "v1")
            environ = config_file(tmp_path, {"auths": {server.address: {"username": "u", "password": "p"}}})
            assert client_of(environ).manifest(ref_at(server.address)).digest == IMAGE.digest


def test_redirects_take_no_credentials_elsewhere(client_of: Connect, tmp_path: Path) -> None:
    seen: list[str] = []

    def elsewhere(request: Request) -> Response:
        seen.append(request.headers.get("Authorization", ""))
        return Response(200, (), IMAGE.config)

    with (
        Server(elsewhere) as other,
        closing(EmbeddedRegistry()) as registry,
        closing(Gate(registry, guard=Basic("u", "p"))) as gate,
    ):
        publish(IMAGE, gate.repository("acme/app"), "v1")
        gate.add(Answer(307, (("Location", f"{other.url}/x"),)), kind="blob")
        environ = config_file(tmp_path, {"auths": {gate.address: {"username": "u", "password": "p"}}})
        assert client_of(environ).blob(ref_at(gate.address).repository, CONFIG) == IMAGE.config
        assert gate.log.requests(kind="blob")[0].headers["Authorization"].startswith("Basic ")
    assert seen == [""]


def test_endless_redirects(gate: Gate, client_of: Connect) -> None:
    gate.add(Answer(302, (("Location", f"/v2/acme/app/blobs/{IMAGE.config_digest}"),)), kind="blob")
    with pytest.raises(UnreachableError, match="stopped after 10 redirects"):
        client_of().blob(ref_at(gate.address).repository, CONFIG)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://x/y"])
def test_redirects_to_other_schemes(gate: Gate, client_of: Connect, location: str) -> None:
    gate.add(Answer(302, (("Location", location),)), kind="blob")
    with pytest.raises(UnreachableError, match="unsupported protocol scheme"):
        client_of().blob(ref_at(gate.address).repository, CONFIG)


@pytest.mark.parametrize(
    "realm",
    [
        "http://127.0.0.2/token",
        "http://localhost/token",
        "http://10.0.0.1/t",
        "http://169.254.169.254/t",
        "http://[::1]/t",
        "http://127.0.0.1:1/t",
        "http://2130706433/t",
        "http://0x7f000001/t",
        "http://127.1/t",
        "http://[::ffff:127.0.0.1]/t",
        "http://localhost./t",
        "http://u:p@127.0.0.1/t",
    ],
)
def test_realms_inside_are_refused_to_registries_elsewhere(client_of: Connect, realm: str) -> None:
    def handle(request: Request) -> Response:
        del request
        return Response(401, (("WWW-Authenticate", f'Bearer realm="{realm}"'),))

    with Server(handle) as server, pytest.raises(UnreachableError, match="is a private or link-local address"):
        client_of().head(ref_at(server.address))


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_tls_with_a_private_authority(client_of: Connect, tmp_path: Path, variable: str) -> None:
    authority = Authority()
    path = authority.write(tmp_path / "ca.pem")
    environ = {variable: str(path if variable == "SSL_CERT_FILE" else tmp_path)}
    with closing(EmbeddedRegistry()) as registry, closing(Gate(registry, tls=authority.server)) as gate:
        publish(IMAGE, gate.repository("acme/app"), "v1")
        assert client_of(environ).manifest(ref_at(gate.address)).digest == IMAGE.digest
        (tmp_path / "empty").mkdir()
        nobody = {"SSL_CERT_DIR": str(tmp_path / "empty")}
        with pytest.raises(RegistryError, match="x509: certificate signed by unknown authority"):
            client_of(nobody).manifest(ref_at(gate.address))


def test_tls_with_the_wrong_name(client_of: Connect, tmp_path: Path) -> None:
    authority = Authority()
    environ = {"SSL_CERT_FILE": str(authority.write(tmp_path / "ca.pem"))}
    with (
        Server(lambda _: Response(200), tls=authority.server_for("elsewhere.test")) as server,
        pytest.raises(RegistryError, match="tls: failed to verify certificate: x509: "),
    ):
        client_of(environ).head(ref_at(server.address))


def test_a_proxy_for_other_hosts(client_of: Connect) -> None:
    targets: list[str] = []

    def handle(request: Request) -> Response:
        targets.append(request.headers["Host"])
        headers = (("Content-Type", IMAGE.media_type), ("Docker-Content-Digest", IMAGE.digest))
        return Response(200, headers, IMAGE.manifest)

    with Server(handle) as proxy:
        environ = {"HTTP_PROXY": proxy.url, "HTTPS_PROXY": "http://127.0.0.1:1"}
        assert client_of(environ).manifest(ref_at("registry.local")).digest == IMAGE.digest
        assert targets == ["registry.local"] * 2
        with pytest.raises(UnreachableError):
            client_of({**environ, "NO_PROXY": "registry.local"}).manifest(ref_at("registry.local"))
        assert len(targets) == 2


def test_many_threads_ping_once(gate: Gate, client_of: Connect) -> None:
    client = client_of()
    rule = gate.add(Hold(at=None), kind="ping")
    outcomes: list[object] = []

    def read(number: int) -> None:
        try:
            client.head(ref_at(gate.address, f":t{number}"))
        except NotFoundError as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=read, args=(number,), daemon=True) for number in range(8)]
    for thread in threads:
        thread.start()
    gate.log.wait_until(lambda: bool(gate.held()), timeout=SECONDS)
    rule.release()
    for thread in threads:
        thread.join(SECONDS)
    assert outcomes == [NotFoundError] * 8
    assert len(gate.log.requests(kind="ping")) == 1
