from __future__ import annotations

import shutil
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Never

import pytest

from ec_acceptance.testbed.servers.certificates import Authority
from ec_acceptance.testbed.servers.http import Request, Response, Server
from refimpl.errors import PolicyError
from refimpl.policy.sources import local
from refimpl.policy.sources.fetcher import Fetcher, source_id
from refimpl.policy.sources.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from refimpl.oci.client import Registry


@pytest.fixture
def work(tmp_path: Path) -> Path:
    path = tmp_path / "work"
    path.mkdir()
    return path


@pytest.fixture
def serve(tmp_path: Path, work: Path, unused_registry: Registry) -> Iterator[Callable[..., tuple[Fetcher, str]]]:
    authority = Authority()
    stack = ExitStack()

    def start(handler: Callable[[Request], Response]) -> tuple[Fetcher, str]:
        server = stack.enter_context(Server(handler, tls=authority.server))
        environ = {"SSL_CERT_FILE": str(authority.write(tmp_path / "ca.pem"))}
        fetcher = stack.enter_context(Fetcher(work, registry=unused_registry, environ=environ))
        return fetcher, server.url

    with stack:
        yield start


@pytest.fixture
def unused_registry() -> Registry:
    class Unused:
        def __getattr__(self, name: str) -> Never:
            raise AssertionError(name)

    return Unused()


def test_identifiers_are_those_of_the_contract() -> None:
    assert (source_id("./pol/in"), source_id("file::./pol/in")) == ("fd32cf27b", "27ff2c834")


def test_a_source_lies_below_its_kind_by_its_pinned_url(work: Path, tmp_path: Path, unused_registry: Registry) -> None:
    (tmp_path / "pol").mkdir()
    (tmp_path / "pol" / "a.rego").write_text("package a")
    fetcher = Fetcher(work, registry=unused_registry, environ={})
    fetched = fetcher.fetch(f"{tmp_path}/pol", "policy")
    assert fetched.pinned == f"file::{tmp_path}/pol"
    assert fetched.path == work / "policy" / source_id(fetched.pinned)
    assert (fetched.path / "a.rego").read_text() == "package a"


def test_the_pinned_url_is_not_fetched_again(work: Path, tmp_path: Path, unused_registry: Registry) -> None:
    (tmp_path / "pol").mkdir()
    fetcher = Fetcher(work, registry=unused_registry, environ={})
    first = fetcher.fetch(f"{tmp_path}/pol", "policy")
    shutil.rmtree(tmp_path / "pol")
    assert fetcher.fetch(first.pinned, "data") is first


def test_two_urls_of_equal_content_share_a_place(work: Path, tmp_path: Path, unused_registry: Registry) -> None:
    (tmp_path / "pol").mkdir()
    fetcher = Fetcher(work, registry=unused_registry, environ={})
    first = fetcher.fetch(f"{tmp_path}/pol", "policy")
    assert fetcher.fetch(f"file://{tmp_path}/pol", "policy") == first


def test_a_failure_is_remembered(work: Path, tmp_path: Path, unused_registry: Registry) -> None:
    fetcher = Fetcher(work, registry=unused_registry, environ={})
    for _ in range(2):
        with pytest.raises(PolicyError, match="source file does not exist"):
            fetcher.fetch(f"{tmp_path}/pol", "policy")
        (tmp_path / "pol").mkdir(exist_ok=True)


def test_many_who_ask_at_once_cause_one_download(serve: Callable[..., tuple[Fetcher, str]]) -> None:
    requests: list[str] = []
    askers = 8
    ready = threading.Barrier(askers)

    def handle(request: Request) -> Response:
        requests.append(request.path)
        return Response(200, (), b"package a")

    fetcher, url = serve(handle)
    found = []

    def ask() -> None:
        ready.wait(60)
        found.append(fetcher.fetch(f"{url}/a.rego", "policy"))

    threads = [threading.Thread(target=ask) for _ in range(askers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert requests == ["/a.rego"]
    assert len(found) == askers
    assert len(set(found)) == 1


def test_different_sources_are_fetched_at_the_same_time(serve: Callable[..., tuple[Fetcher, str]]) -> None:
    meeting = threading.Barrier(3)

    def handle(request: Request) -> Response:
        meeting.wait(60)  # broken unless all three are on their way
        return Response(200, (), request.path.encode())

    fetcher, url = serve(handle)
    wanted = [(f"{url}/{name}", "data") for name in ("a", "b", "c", "a")]
    fetched = fetcher.fetch_all(wanted)
    assert [(source.path / name[-1]).read_text() for name, source in fetched.items()] == ["/a", "/b", "/c"]


def test_the_first_error_in_order_counts_whichever_comes_first(serve: Callable[..., tuple[Fetcher, str]]) -> None:
    second_done = threading.Event()

    def handle(request: Request) -> Response:
        if request.path == "/first":
            second_done.wait(60)
            return Response(500, ())
        second_done.set()
        return Response(404, ())

    fetcher, url = serve(handle)
    with pytest.raises(PolicyError, match="received non-200 response code: 500"):
        fetcher.fetch_all([(f"{url}/first", "policy"), (f"{url}/second", "data")])
    assert second_done.is_set()


def test_a_download_that_nobody_waits_for_leaves_nothing(
    tmp_path: Path, unused_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, removed = threading.Event(), threading.Event()
    threads = []

    def fetch(url: str, destination: Path, *, home: str) -> str:  # noqa: ARG001 - as the real one
        if url != "./late":
            assert writing.wait(60)
            raise PolicyError("no such source")
        threads.append(threading.current_thread())
        writing.set()
        removed.wait(60)
        (destination / "rules").mkdir(parents=True)
        return "pinned"

    monkeypatch.setattr(local, "fetch", fetch)
    with (
        Workspace({"TMPDIR": str(tmp_path)}) as workspace,
        workspace.fetcher(unused_registry) as fetcher,
        pytest.raises(PolicyError, match="no such source"),
    ):
        fetcher.fetch_all([("./first", "policy"), ("./late", "policy")])
    assert not workspace.path.exists()
    removed.set()
    for thread in threads:
        thread.join(60)
    assert not workspace.path.exists()


def test_a_download_that_ends_late_leaves_what_a_run_still_needs(
    tmp_path: Path, unused_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()
    threads = []

    def fetch(url: str, destination: Path, *, home: str) -> str:  # noqa: ARG001 - as the real one
        threads.append(threading.current_thread())
        return url

    monkeypatch.setattr(local, "fetch", fetch)
    with Workspace({"TMPDIR": str(tmp_path)}) as workspace:
        clear_up = workspace._clear_up
        monkeypatch.setattr(workspace, "_clear_up", lambda: (done.wait(60), clear_up()))
        with workspace.fetcher(unused_registry) as fetcher:
            fetched = fetcher.fetch_all([("./first", "policy"), ("./second", "policy")])
        done.set()
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(60)
        assert all(source.path.is_dir() for source in fetched.values())
