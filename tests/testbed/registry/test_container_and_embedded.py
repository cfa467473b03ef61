"""What scenarios rely on must be the same whichever registry is behind the gate."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from sessions import BROKEN, Session, ask

from ec_acceptance.testbed.fixtures.images import OLM_LABEL, Image, Index, Layer, filler, publish
from ec_acceptance.testbed.gate.gate import Gate
from ec_acceptance.testbed.gate.rules import Answer, Barrier, Close, FlipBit, Hold, Reset, ShortLength
from ec_acceptance.testbed.registry import container
from ec_acceptance.testbed.registry.choice import open_backend
from ec_acceptance.testbed.registry.digests import digest_of
from ec_acceptance.testbed.registry.embedded import EmbeddedRegistry
from ec_acceptance.testbed.registry.errors import UnavailableError
from ec_acceptance.testbed.registry.remote import Remote
from ec_acceptance.testbed.registry.repository import Repository, UnexpectedAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ec_acceptance.testbed.registry.backend import Backend

WAIT = 60.0


@pytest.fixture(scope="module", params=["embedded", "container", "url"])
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    behind = None
    try:
        if request.param == "url":
            behind = EmbeddedRegistry()
        chosen = open_backend(behind.url if behind else request.param)
    except UnavailableError as error:
        pytest.skip(str(error))
    assert chosen.kind == request.param
    yield chosen
    chosen.close()
    if behind:
        behind.close()


@pytest.fixture
def gate(backend: Backend) -> Iterator[Gate]:
    with Gate(backend) as gate:
        yield gate
        assert not gate.failures


def get(gate: Gate, path: str) -> tuple[int, bytes]:
    answer = ask("GET", f"{gate.url}{path}")
    return answer.status_code, answer.content


def test_an_image_is_pushed_and_pulled_over_http(gate: Gate) -> None:
    layer = Layer.of({"manifests/a.yaml": b"a: 1\n"}, filler_size=3 << 20, seed="x")
    image = Image.of([layer], labels={OLM_LABEL: "manifests/"})
    published = publish(image, Repository.at(gate.url, "acceptance/good"), "v1")
    there = gate.repository("acceptance/good")
    assert there.tags() == ["v1"]
    for reference in ("v1", image.digest):
        assert there.manifest(reference) == (image.media_type, image.manifest)
    assert get(gate, f"/v2/acceptance/good/blobs/{layer.digest}") == (200, layer.data)
    assert published.pinned(gate.address) == f"{gate.address}/acceptance/good@{image.digest}"
    gate.log.complete()
    [pull] = gate.log.requests(method="GET", kind="blob")
    assert (pull.repository, pull.reference, pull.status) == ("acceptance/good", layer.digest, 200)
    assert (pull.sent, pull.state) == (layer.size, "done")
    uploads = gate.log.requests(kind="upload")
    assert {upload.repository for upload in uploads} == {"acceptance/good"}
    assert [upload.status for upload in uploads] == [202, 201, 202, 201]


def test_an_index_is_pushed_with_its_images(gate: Gate) -> None:
    images = [Image.of([Layer.of({"f": b"f"})], platform=("linux", arch)) for arch in ("amd64", "arm64")]
    index = Index.of(images)
    publish(index, gate.repository("multi"), "v1")
    for digest in (index.digest, *(image.digest for image in images)):
        assert gate.repository("multi").manifest(digest)[1]


def test_head_brings_digest_type_and_length(gate: Gate) -> None:
    image = Image.of([Layer.of({"f": b"f"})])
    publish(image, gate.repository("a"), "v1")
    with Session() as session:
        for _ in range(2):
            answer = session.ask("HEAD", f"{gate.url}/v2/a/manifests/v1", headers={"Accept": image.media_type})
            assert answer.content == b""
            assert answer.headers["Docker-Content-Digest"] == image.digest
            assert answer.headers["Content-Type"] == image.media_type
            assert answer.headers["Content-Length"] == str(len(image.manifest))


def test_equal_names_of_two_gates_are_two_repositories(gate: Gate, backend: Backend) -> None:
    with Gate(backend) as other, Gate(backend, namespace=gate.namespace) as same:
        gate.repository("name").put_blob(b"one")
        other.repository("name").put_blob(b"two")
        assert get(gate, f"/v2/name/blobs/{digest_of(b'one')}") == (200, b"one")
        assert get(same, f"/v2/name/blobs/{digest_of(b'one')}") == (200, b"one")
        assert get(other, f"/v2/name/blobs/{digest_of(b'one')}")[0] == 404
        assert get(gate, f"/v2/name/blobs/{digest_of(b'two')}")[0] == 404


def test_no_answer_shows_the_namespace(gate: Gate, backend: Backend) -> None:
    image = Image.of([Layer.of({"f": b"f"})])
    publish(image, gate.repository("some/name"), "v1")
    absent = digest_of(b"absent")
    session = Session()
    seen = []
    for method, path in [
        ("GET", "/v2/some/name/tags/list"),
        ("GET", "/v2/some/name/manifests/none"),
        ("GET", f"/v2/some/name/manifests/{absent}"),
        ("GET", f"/v2/some/name/blobs/{absent}"),
        ("GET", f"/v2/some/name/referrers/{absent}"),
        ("GET", "/v2/none/tags/list"),
        ("GET", "/v2/_catalog"),
        ("POST", "/v2/some/name/blobs/uploads/"),
        ("POST", f"/v2/other/blobs/uploads/?mount={image.config_digest}&from=some%2Fname"),
        ("PUT", "/v2/some/name/manifests/v2"),
    ]:
        answer = session.ask(method, gate.url + path)
        seen += [(path, value.encode()) for value in answer.headers.values()] + [(path, answer.content)]
        if "mount" in path:
            assert answer.status_code == 201
            assert answer.headers["Location"].startswith("/v2/other/")
    session.close()
    for path, text in seen:
        assert gate.namespace.encode() not in text, path
        assert backend.url.partition("//")[2].encode() not in text, path
    tags = get(gate, "/v2/some/name/tags/list")[1]
    assert b'"some/name"' in tags


def test_what_was_pushed_can_be_deleted(gate: Gate) -> None:
    repository = gate.repository("a")
    image = Image.of([Layer.of({"f": b"f"})])
    publish(image, repository, "v1")
    repository.delete_manifest(image.digest)
    repository.delete_blob(image.layers[0].digest)
    for check in (lambda: repository.manifest("v1"), lambda: repository.blob(image.layers[0].digest)):
        with pytest.raises(UnexpectedAnswerError) as caught:
            check()
        assert caught.value.status == 404


def test_a_body_is_held_in_its_middle_and_released(gate: Gate) -> None:
    data = filler("held", 2 << 20)
    digest = gate.repository("a").put_blob(data)
    rule = gate.add(Hold(1 << 20), kind="blob", reference=digest)
    with ThreadPoolExecutor(1) as pool:
        fetched = pool.submit(get, gate, f"/v2/a/blobs/{digest}")
        [number] = rule.wait_held(timeout=WAIT)
        [held] = gate.held()
        assert (held.number, held.sent, held.state, held.status) == (number, 1 << 20, "held", 200)
        assert not fetched.done()
        rule.release()
        assert fetched.result(WAIT) == (200, data)
    assert gate.held() == ()
    assert get(gate, f"/v2/a/blobs/{digest}") == (200, data)


def test_requests_meet_at_a_barrier(gate: Gate) -> None:
    digest = gate.repository("a").put_blob(b"data")
    rule = gate.add(Barrier(3), kind="blob", reference=digest)
    with ThreadPoolExecutor(3) as pool:
        early = [pool.submit(get, gate, f"/v2/a/blobs/{digest}") for _ in range(2)]
        rule.wait_held(2, timeout=WAIT)
        assert not any(one.done() for one in early)
        late = pool.submit(get, gate, f"/v2/a/blobs/{digest}")
        assert [one.result(WAIT) for one in (*early, late)] == [(200, b"data")] * 3
    gate.log.complete()
    exchanges = gate.log.requests(method="GET", kind="blob")
    last_arrival = max(exchange.started for exchange in exchanges)
    assert all(exchange.answered is not None and exchange.answered >= last_arrival for exchange in exchanges)


@pytest.mark.parametrize("verb", [Reset(1 << 20), Close(1 << 20)])
def test_a_broken_transfer_is_seen_broken_and_the_next_is_whole(gate: Gate, verb: Reset | Close) -> None:
    data = filler("broken", 2 << 20)
    digest = gate.repository("a").put_blob(data)
    gate.add(verb, kind="blob", reference=digest, nth=1)
    with pytest.raises(BROKEN):
        get(gate, f"/v2/a/blobs/{digest}")
    assert get(gate, f"/v2/a/blobs/{digest}") == (200, data)
    gate.log.complete()
    assert [one.state for one in gate.log.requests(method="GET", kind="blob")] == ["cut", "done"]


def test_a_flipped_bit_is_all_that_differs(gate: Gate) -> None:
    data = filler("flipped", 3 << 20)
    digest = gate.repository("a").put_blob(data)
    gate.add(FlipBit(-1, bit=7), kind="blob", reference=digest)
    assert get(gate, f"/v2/a/blobs/{digest}") == (200, data[:-1] + bytes([data[-1] ^ 128]))


def test_a_short_length_looks_whole(gate: Gate) -> None:
    digest = gate.repository("a").put_blob(b"0123456789")
    gate.add(ShortLength(4), kind="blob", reference=digest)
    assert get(gate, f"/v2/a/blobs/{digest}") == (200, b"0123")


def test_a_made_up_answer_is_given_as_often_as_asked(gate: Gate) -> None:
    digest = gate.repository("a").put_blob(b"data")
    gate.add(Answer(503), kind="blob", reference=digest, nth=range(1, 3))
    assert [get(gate, f"/v2/a/blobs/{digest}")[0] for _ in range(3)] == [503, 503, 200]


def test_closing_the_gate_frees_a_held_request(backend: Backend) -> None:
    gate = Gate(backend)
    digest = gate.repository("a").put_blob(filler("freed", 1 << 20))
    rule = gate.add(Hold(1000), kind="blob")
    with ThreadPoolExecutor(1) as pool:
        fetched = pool.submit(get, gate, f"/v2/a/blobs/{digest}")
        rule.wait_held(timeout=WAIT)
        gate.close()
        assert isinstance(fetched.exception(WAIT), BROKEN)
    assert not [one.name for one in threading.enumerate() if one.name == f"gate:{gate.address.rpartition(':')[2]}"]


def test_large_blobs_pass_with_little_work(gate: Gate) -> None:
    """A bound far below what is usual, so that a byte-wise path is noticed; in the processor's time, ours alone."""
    data = bytes(64 << 20)
    digest = gate.repository("a").put_blob(data)
    begun = time.process_time()
    with Session() as session, session.get(f"{gate.url}/v2/a/blobs/{digest}", stream=True, timeout=WAIT) as answer:
        got = sum(map(len, answer.iter_content(1 << 20)))
    assert got == len(data)
    assert got / (time.process_time() - begun) > 30e6


def test_auto_says_why_it_took_the_embedded_one() -> None:
    with mock.patch.object(container, "_provide", side_effect=UnavailableError("no Docker daemon answers: off")):
        chosen = open_backend("auto")
    assert (chosen.kind, chosen.reason) == ("embedded", "no Docker daemon answers: off")
    chosen.close()


def test_auto_takes_the_container_where_it_can_be_had() -> None:
    stand_in = Remote("http://127.0.0.1:1", reason="a Docker daemon answers")
    with mock.patch.object(container.ContainerRegistry, "start", return_value=stand_in):
        assert open_backend("auto") is stand_in


def test_a_daemon_that_is_not_there_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(UnavailableError, match="no Docker daemon answers: "):
        open_backend("container")


def test_an_image_that_cannot_be_had_is_one_clear_error(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    if backend.kind != "container":
        pytest.skip("needs the Docker daemon once")
    monkeypatch.setattr(container, "_PULL_SECONDS", 3.0)
    image = "127.0.0.1:1/no/such:image"
    with pytest.raises(UnavailableError, match=f"the image {image} (cannot be pulled|wasn't pulled)"):
        open_backend("container", image=image)


def test_a_container_goes_even_if_nobody_closes_it(backend: Backend) -> None:
    if backend.kind != "container":
        pytest.skip("needs the Docker daemon once")
    program = (
        "from ec_acceptance.testbed.registry.choice import open_backend; print(open_backend('container').url); 1 / 0"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert "ZeroDivisionError" in done.stderr
    with pytest.raises(UnavailableError):
        open_backend(done.stdout.strip())


def test_a_pull_ends_in_time() -> None:
    stop, pulled = threading.Event(), []
    client = mock.Mock()
    client.images.pull = lambda _: pulled.append(stop.wait(WAIT))
    with pytest.raises(UnavailableError, match="the image x wasn't pulled within 20 s"):
        container._pull(client, "x", time.monotonic() + 0.1)
    assert not pulled
    stop.set()


def test_a_url_without_a_registry_is_one_clear_error() -> None:
    with pytest.raises(UnavailableError, match=r"no registry answers at http://127\.0\.0\.1:1"):
        open_backend("http://127.0.0.1:1")


@pytest.mark.parametrize("choice", ["", "docker", "127.0.0.1:5000"])
def test_an_unknown_choice_is_refused(choice: str) -> None:
    with pytest.raises(ValueError, match="auto, container, embedded, or a URL"):
        open_backend(choice)
