"""Where VSAs are uploaded to, and that one place's failure costs no other one (specification 24 §14)."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

import pytest

from refimpl.errors import OutputError, TimeoutExceededError
from refimpl.vsa.storage import Backend, LocalStorage, StorageError, parse_backend, upload

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "kind", "url", "parameters"),
    [
        ("local@/srv/vsa", "local", "/srv/vsa", {}),
        ("LOCAL@./vsa", "local", "./vsa", {}),
        ("local", "local", "", {}),
        ("local?path=/x&path=/y&dir=", "local", "", {"path": "/x", "dir": ""}),
        ("rekor@https://log.test/x?retries=1", "rekor", "https://log.test/x", {"retries": "1"}),
        ("rekor@log.test", "rekor", "log.test", {}),
        ("rekor@", "rekor", "", {}),
        ("rekor@http://a@b", "rekor", "http://b", {}),
    ],
)
def test_places(text: str, kind: str, url: str, parameters: dict[str, str]) -> None:
    assert parse_backend(text) == Backend(kind, url, parameters)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "storage flag cannot be empty"),
        ("@x", "backend name cannot be empty"),
        ("?x", "backend name cannot be empty"),
        ("s3@x", "unsupported backend 's3'. Supported backends: rekor, local"),
        ("rekor@http://[", "invalid storage configuration format: "),
        ("local@\x7f", "invalid storage configuration format: "),
    ],
)
def test_what_is_no_place(text: str, said: str) -> None:
    with pytest.raises(StorageError) as raised:
        parse_backend(text)
    assert str(raised.value).startswith(said)


def test_a_folder_is_made_and_gets_files_that_only_the_user_may_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    storage = LocalStorage(Backend("local", "", {"directory": str(tmp_path / "a" / "b"), "odd": "1"}))
    assert storage.name == f"Local ({tmp_path}/a/b)"
    assert "ignoring unknown parameter 'odd'" in caplog.text
    storage.store(b"one")
    storage.store(b"two")
    found = sorted((tmp_path / "a" / "b").iterdir())
    assert sorted(path.read_bytes() for path in found) == [b"one", b"two"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o600}
    assert all(re.fullmatch(r"vsa-[-0-9T]{19}\.[0-9]{9}-[0-9a-f]{16}\.json", path.name) for path in found)


@pytest.mark.parametrize("name", ["file", "a\0b"])
def test_a_folder_that_cannot_be_made(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="failed to create storage directory"):
        LocalStorage(Backend("local", str(tmp_path / name), {}))


class _Storage:
    """Keeps what it gets, unless it fails."""

    name = "Rekor (test)"

    def __init__(self, failure: Exception | None = None) -> None:
        self.kept: list[bytes] = []
        self._failure = failure

    def store(self, envelope: bytes) -> None:
        if self._failure is not None:
            raise self._failure
        self.kept.append(envelope)


def test_each_place_gets_what_the_others_refuse(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def rekor(backend: Backend) -> _Storage:
        if backend.url == "http://no.test":
            raise StorageError("it can't be one")
        return _Storage(OutputError("full")) if backend.url == "http://full.test" else kept

    kept = _Storage()
    flags = ["s3@x", "rekor@http://no.test", "rekor@http://full.test", f"local@{tmp_path}/a", "rekor@http://good.test"]
    upload(b"one", flags, rekor=rekor)
    assert kept.kept == [b"one"]
    assert [path.read_bytes() for path in (tmp_path / "a").iterdir()] == [b"one"]
    assert [record.getMessage() for record in caplog.records] == [
        "invalid storage config 's3@x': unsupported backend 's3'. Supported backends: rekor, local",
        "failed to create rekor backend: it can't be one",
        "failed to upload to Rekor (test): full",
    ]


def test_a_time_out_ends_the_run() -> None:
    with pytest.raises(TimeoutExceededError):
        upload(b"one", ["rekor@x", "rekor@y"], rekor=lambda _: _Storage(TimeoutExceededError("too long")))
