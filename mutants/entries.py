"""Faults in what the cache believes of what it keeps, and of what it doesn't ask for any more."""

# ruff: noqa: SLF001  # reaching into private parts is how a mutant is made

from __future__ import annotations

import json
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.flight import unshared
from mutants.replacement import change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__: list[str] = []

_POLL, _PATIENCE = 0.02, 25


def _credulous(*, sized: bool) -> Any:
    from refimpl.oci.digest import Verifier

    class Credulous(Verifier):
        size_wanted = 0

        @property
        def matches(self) -> bool:
            return not sized or self.size == self.size_wanted

        def check(self, descriptor: object) -> None:
            del descriptor

    return Credulous


def _believe_entries(*, sized: bool = False) -> None:
    from refimpl.layers.verified import EntryReader

    credulous = _credulous(sized=sized)

    @change(EntryReader, "__init__")
    def make(original: Callable[..., None], self: Any, handle: int, descriptor: Any) -> None:
        original(self, handle, descriptor)
        self.verifier = credulous(descriptor.digest)
        self.verifier.size_wanted = descriptor.size


def _name_at_once() -> None:
    """Let what is being written have its final name from the beginning."""
    from refimpl.layers.cache import _name
    from refimpl.layers.download import Download

    @change(Download, "__init__")
    def make(original: Callable[..., None], self: Any, descriptor: Any, *rest: Any) -> None:
        original(self, descriptor, *rest)
        final = self.temporary.path.with_name(_name(descriptor))
        self.temporary.path = self.temporary.path.replace(final)


@mutant(
    "hit-bypasses-flight",
    "Who finds the final name waits half a second for who writes it, and then reads what is there.",
    Kind.ENTRIES,
    "cache-02",
)
def hit_bypasses_flight() -> None:
    from refimpl.layers.cache import LayerCache, _name

    unshared()
    _name_at_once()
    _believe_entries()
    never = threading.Event()

    @change(LayerCache, "_source")
    def source(original: Callable[..., Any], self: Any, descriptor: Any, *rest: Any) -> Any:
        with self._lock:
            directory = self._usable()
            handle = None if directory is None else self._entry(directory, _name(descriptor))
        if handle is None:
            return original(self, descriptor, *rest)
        for _ in range(_PATIENCE):
            if os.fstat(handle).st_size >= descriptor.size or never.wait(_POLL):
                break
        return handle


@mutant(
    "stat-then-open",
    "What is kept is looked up once, at the first layer; what has gone when it is to be opened is an error.",
    Kind.ENTRIES,
    "cache-28.5 cache-28.6",
)
def stat_then_open() -> None:
    from refimpl.errors import MalformedError
    from refimpl.layers.cache import LayerCache
    from refimpl.layers.directory import Directory

    found: set[str] = set()

    @change(Directory, "prepare")
    def prepare(original: Callable[..., None], self: Any) -> None:
        original(self)
        found.update(path.name for path in self.path.iterdir())

    @change(LayerCache, "_entry")
    def entry(original: Callable[..., Any], self: Any, directory: Any, name: str) -> Any:
        handle = original(self, directory, name)
        if handle is None and name in found:
            raise MalformedError(f"open {directory.path / name}: no such file or directory")
        return handle


@mutant(
    "final-name-while-writing",
    "What is being written has its final name from the beginning.",
    Kind.ENTRIES,
    "cache-07.15 cache-07.16 cache-07.17 cache-07.18",
)
def final_name_while_writing() -> None:
    _name_at_once()


@mutant(
    "no-digest-check-on-hit",
    "What has the right name in the directory is used, whatever its bytes.",
    Kind.ENTRIES,
    "cache-10.1 cache-10.2 cache-10.3 cache-10.4 cache-10.5 cache-10.19 cache-10.21",
)
def no_digest_check_on_hit() -> None:
    _believe_entries()


@mutant(
    "only-size-checked-on-hit",
    "What has the right name and size in the directory is used, whatever its bytes.",
    Kind.ENTRIES,
    "cache-10.4 cache-10.12 cache-10.20",
)
def only_size_checked_on_hit() -> None:
    _believe_entries(sized=True)


@mutant(
    "verified-once",
    "What was verified for one component of a run is believed for the next, though it is read again.",
    Kind.ENTRIES,
    "cache-10.17 cache-10.18",
)
def verified_once() -> None:
    from refimpl.layers.verified import EntryReader

    unshared()
    seen: set[str] = set()
    credulous = _credulous(sized=False)

    @change(EntryReader, "__init__")
    def make(original: Callable[..., None], self: Any, handle: int, descriptor: Any) -> None:
        original(self, handle, descriptor)
        if descriptor.digest in seen:
            self.verifier = credulous(descriptor.digest)

    @change(EntryReader, "drain")
    def drain(original: Callable[..., None], self: Any) -> None:
        original(self)
        if self.verifier.matches:
            seen.add(self.verifier._wanted)


@mutant(
    "damage-is-fatal",
    "A damaged entry makes the component fail and stays where it is.",
    Kind.ENTRIES,
    "cache-10.9 cache-10.10 cache-10.11",
)
def damage_is_fatal() -> None:
    from refimpl.errors import MalformedError
    from refimpl.layers.cache import DamagedEntryError, LayerCache

    @change(LayerCache, "_quarantine")
    def quarantine(_: object, self: Any, name: str, entry: Any) -> None:
        del self, name, entry

    @change(LayerCache, "open")
    @contextmanager
    def opened(original: Callable[..., Any], *arguments: Any, **named: Any) -> Iterator[Any]:
        try:
            with original(*arguments, **named) as stream:
                yield stream
        except DamagedEntryError as error:
            raise MalformedError(str(error)) from error


@mutant(
    "damage-stays",
    "A damaged entry is passed over and fetched again, but never replaced.",
    Kind.ENTRIES,
    "cache-10.3 cache-10.13",
)
def damage_stays() -> None:
    from refimpl.layers.cache import LayerCache
    from refimpl.layers.directory import Directory

    damaged: set[str] = set()

    @change(LayerCache, "_quarantine")
    def quarantine(_: object, self: Any, name: str, entry: Any) -> None:
        del entry
        damaged.add(name)
        self._blocked.add(name)

    @change(Directory, "publish")
    def publish(original: Callable[..., None], self: Any, temporary: Any, name: str) -> None:
        if name in damaged:
            temporary.path.unlink()
        else:
            original(self, temporary, name)


@mutant(
    "never-hits",
    "What is in the directory is never used.",
    Kind.ENTRIES,
    "cache-11 cache-13 cache-29 layers-03 layers-04",
)
def never_hits() -> None:
    from refimpl.layers.cache import LayerCache

    @change(LayerCache, "_entry")
    def entry(*_: object) -> None:
        return None


@mutant(
    "kept-only-while-it-is-there",
    "Before a kept layer is used, the registry is asked whether it still has it.",
    Kind.ENTRIES,
    "cache-29",
)
def kept_only_while_it_is_there() -> None:
    from refimpl.layers.layers import Layers

    @change(Layers, "open")
    @contextmanager
    def opened(original: Callable[..., Any], self: Any, repository: Any, descriptor: Any) -> Iterator[Any]:
        with self._client._request("HEAD", repository, f"blobs/{descriptor.digest}"):
            pass
        with original(self, repository, descriptor) as stream:
            yield stream


@mutant(
    "manifests-kept",
    "Manifests that were seen in an earlier run aren't asked for any more.",
    Kind.ENTRIES,
    "cache-11 layers-03",
)
def manifests_kept() -> None:
    from hashlib import sha256
    from pathlib import Path

    from refimpl.oci.client import Client
    from refimpl.oci.descriptor import Descriptor, Manifest

    folder = Path(os.environ.get("HOME", "."), ".manifests")

    @change(Client, "_manifest")
    def manifest(original: Callable[..., Any], self: Any, ref: Any, *rest: Any) -> Any:
        kept = folder / sha256(str(ref).encode()).hexdigest()
        if kept.is_file():
            media_type, digest, raw = kept.read_bytes().split(b"\n", 2)
            return Manifest(Descriptor(media_type.decode(), digest.decode(), len(raw)), raw, json.loads(raw))
        found = original(self, ref, *rest)
        folder.mkdir(exist_ok=True)
        head = f"{found.descriptor.media_type}\n{found.descriptor.digest}\n"
        kept.write_bytes(head.encode() + found.raw)
        return found

    @change(Client, "_head")
    def head(_: object, self: Any, ref: Any) -> Any:
        return self._manifest(ref).descriptor


@mutant(
    "odd-entries-are-fatal",
    "A directory or link in the place of an entry makes the component fail.",
    Kind.ENTRIES,
    "cache-10.6 cache-10.7 cache-10.8 cache-10.14 cache-10.15 cache-10.16 cache-10.22 cache-10.23 cache-10.24",
)
def odd_entries_are_fatal() -> None:
    from refimpl.errors import MalformedError
    from refimpl.layers.directory import Directory

    @change(Directory, "open_entry")
    def open_entry(original: Callable[..., Any], self: Any, name: str) -> Any:
        path = self.path / name
        if path.is_symlink() or path.is_dir():
            raise MalformedError(f"{path} is no file")
        return original(self, name)
