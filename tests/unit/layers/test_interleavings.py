"""Random interleavings of what several processes do with one directory, against a model of it.

A reader that needs bytes fetches them itself, so no step here waits for another one, and a single thread can play all
parts. Steps that end a download wait until its file is in place.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from refimpl.deadline import Deadline
from refimpl.errors import MismatchError, NotFoundError, RegistryError, TransferError
from refimpl.layers import download, verified
from refimpl.layers.cache import DEFAULT_BUDGET, DamagedEntryError, LayerCache
from refimpl.layers.directory import Directory
from refimpl.layers.download import SharedDownloadError
from refimpl.oci.descriptor import Descriptor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from refimpl.layers.stream import Stream

CHUNK = 16
FLIPPED = bytes(byte ^ 1 for byte in range(256))
BLOBS = [b"", b"exactly 16 bytes", bytes(range(100))]
DESCRIPTORS = [Descriptor("", f"sha256:{hashlib.sha256(blob).hexdigest()}", len(blob)) for blob in BLOBS]
NAMES = [descriptor.digest.replace(":", "-") for descriptor in DESCRIPTORS]
numbers = st.integers(0, len(BLOBS) - 1)
places = st.integers(0, 5)


@dataclass(frozen=True)
class Fault:
    """What is wrong with one transfer; `at` is a byte's number, modulo the blob's size."""

    kind: str
    at: int


faults = st.builds(Fault, st.sampled_from(["break", "short", "long", "flip", "missing"]), st.integers(0, 200))


class Source:
    """One transfer."""

    def __init__(self, data: bytes, fault: Fault | None) -> None:
        at = fault.at % max(1, len(data)) if fault else 0
        self._breaks = fault is not None and fault.kind == "break"
        if fault is not None:
            data = {
                "break": data[:at],
                "short": data[:at],
                "long": data + b"more",
                "flip": data[:at] + data[at : at + 1].translate(FLIPPED) + data[at + 1 :],
            }.get(fault.kind, data)
        self._data = data
        self._at = 0

    def read(self, size: int) -> bytes:
        data = self._data[self._at : self._at + min(size, CHUNK)]
        self._at += len(data)
        if not data and self._breaks:
            raise TransferError("broken")
        return data


@dataclass
class Process:
    cache: LayerCache
    readers: list[Reader] = field(default_factory=list)


@dataclass
class Reader:
    """An open context; `shares` what others of its process read already, `troubles` of the blob when it began."""

    number: int
    manager: AbstractContextManager[Stream]
    stream: Stream
    shares: bool
    troubles: int
    seen: bytes = b""
    failure: Exception | None = None

    def read(self, size: int) -> None:
        try:
            self.seen += self.stream.read(size)
        except RegistryError as error:
            self.failure = error

    def leave(self, error: BaseException | None) -> BaseException | None:
        """End the context, with this error from within; give what came out of it."""
        error = error or self.failure
        try:
            swallowed = self.manager.__exit__(type(error) if error else None, error, None)
        except BaseException as raised:  # noqa: BLE001  # looked at by the caller
            return raised
        return None if swallowed else error


class Interleavings(RuleBasedStateMachine):
    """The model: which entries are whole, which faults were met, and how often the registry was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="interleavings-"))
        self.place = self.folder / "images"
        self.processes: list[Process] = []
        self.dead: list[Process] = []  # kept, so that nothing of them is tidied up by the way
        self.faults: dict[int, list[Fault]] = {}
        self.fetches: Counter[int] = Counter()
        self.troubles: Counter[int] = Counter()  # faults met and damage done, by blob
        self.damaged: set[int] = set()  # blobs whose entry we have damaged or removed, and that wasn't whole since
        self.warnings: list[str] = []
        self.handler = logging.Handler(logging.WARNING)
        self.handler.emit = lambda record: self.warnings.append(record.getMessage())  # type: ignore[method-assign]  # no class for one line
        logging.getLogger("refimpl.layers").addHandler(self.handler)
        self.patches = pytest.MonkeyPatch()
        self.patches.setattr(download, "_CHUNK", CHUNK)
        self.patches.setattr(verified, "_CHUNK", CHUNK)
        self.patches.setattr(os, "fsync", lambda _: None)  # nothing here survives the machine, and disks are slow

    def teardown(self) -> None:
        try:
            self._ends_well()
        finally:
            self.patches.undo()
            logging.getLogger("refimpl.layers").removeHandler(self.handler)
            for process in self.processes:
                for temporary in self._temporaries_of(process):
                    temporary.close()
            shutil.rmtree(self.folder)

    def _ends_well(self) -> None:
        """Whatever happened: the next run is right, asks at most once for each, and the one after it not at all."""
        for process in list(self.processes):
            for reader in list(process.readers):
                self._left(process, reader, None)
            self._close(process)
        self.faults.clear()
        for most in (1, 0):
            self.fetches.clear()
            self._start()
            process = self.processes[-1]
            for number in range(len(BLOBS)):
                assert self._read_again(process, number) == BLOBS[number]
            self._close(process)
            assert all(count <= most for count in self.fetches.values())
        assert {path.name: path.read_bytes() for path in self.place.iterdir()} == dict(zip(NAMES, BLOBS, strict=True))

    def _read_again(self, process: Process, number: int) -> bytes:
        """Read as `Layers.read` does: once more after a damaged entry."""
        for _ in range(2):
            reader = self._open_entry(process, number, "last")
            while not reader.failure and (before := len(reader.seen)) >= 0:
                reader.read(7)
                if len(reader.seen) == before:
                    break
            process.readers.remove(reader)
            raised = reader.leave(None)
            settle()
            if raised is None:
                return reader.seen
            assert isinstance(raised, DamagedEntryError)
        raise AssertionError("not repaired")

    @initialize()
    def first(self) -> None:
        self._start()

    @rule()
    @precondition(lambda self: len(self.processes) < 3)
    def start(self) -> None:
        self._start()

    def _start(self) -> None:
        cache = LayerCache(Directory(self.place), budget=DEFAULT_BUDGET, deadline=Deadline(None))
        self.processes.append(Process(cache))

    @rule(which=places, number=numbers, origin=st.sampled_from(["a", "b"]), fault=st.none() | faults)
    @precondition(lambda self: self.processes)
    def open(self, which: int, number: int, origin: str, fault: Fault | None) -> None:
        """Begin to read; the fault is that of the next transfer of this blob, whoever begins it."""
        process = self.processes[which % len(self.processes)]
        if fault is not None:
            self.faults.setdefault(number, []).append(fault)
        if len(process.readers) < 6:
            self._open_entry(process, number, origin)

    def _open_entry(self, process: Process, number: int, origin: str) -> Reader:
        before = self.fetches[number]
        whole = self._is_whole(number)
        busy = any(reader.number == number for reader in process.readers)
        manager = process.cache.open(DESCRIPTORS[number], lambda: self._fetch(number), origin=origin)
        stream = manager.__enter__()
        reader = Reader(number, manager, stream, shares=busy, troubles=self.troubles[number])
        process.readers.append(reader)
        if whole and not busy:
            reader.read(CHUNK)
            assert self.fetches[number] == before, "a whole entry is used"
        return reader

    @contextlib.contextmanager
    def _fetch(self, number: int) -> Iterator[Stream]:
        self.fetches[number] += 1
        planned = self.faults.get(number)
        fault = planned.pop(0) if planned else None
        if fault is not None:
            self.troubles[number] += 1
            if fault.kind == "missing":
                raise NotFoundError("missing", 404)
        yield Source(BLOBS[number], fault)

    def _reader(self, which: int) -> tuple[Process, Reader] | None:
        pairs = [(process, reader) for process in self.processes for reader in process.readers]
        return pairs[which % len(pairs)] if pairs else None

    @rule(which=st.integers(0, 30), size=st.integers(1, 40), times=st.integers(1, 8))
    def read(self, which: int, size: int, times: int) -> None:
        pair = self._reader(which)
        for _ in range(times):
            if pair is not None and pair[1].failure is None:
                pair[1].read(size)

    @rule(which=st.integers(0, 30))
    def close_reader(self, which: int) -> None:
        pair = self._reader(which)
        if pair is not None:
            self._left(*pair, None)

    @rule(which=st.integers(0, 30))
    def fail_reader(self, which: int) -> None:
        pair = self._reader(which)
        if pair is not None:
            self._left(*pair, LookupError("the reader's own"))

    @rule(which=st.integers(0, 30))
    def interrupt_reader(self, which: int) -> None:
        pair = self._reader(which)
        if pair is not None:
            self._left(*pair, KeyboardInterrupt())

    def _left(self, process: Process, reader: Reader, error: BaseException | None) -> None:
        process.readers.remove(reader)
        raised = reader.leave(error)
        settle()
        number = reader.number
        if isinstance(error, KeyboardInterrupt):
            assert raised is error
            return
        if isinstance(raised, DamagedEntryError):
            assert self.troubles[number]
        elif isinstance(raised, RegistryError):
            assert isinstance(raised, MismatchError | TransferError | NotFoundError)
            assert reader.shares or self.troubles[number] > reader.troubles, f"{raised} out of nothing"
        else:
            assert raised is error
            assert BLOBS[number].startswith(reader.seen), "what was verified is right"
            assert self._is_whole(number) or number in self.damaged, "what was read is kept"
        assert not self.warnings

    @rule(which=places)
    @precondition(lambda self: self.processes)
    def end_process(self, which: int) -> None:
        process = self.processes[which % len(self.processes)]
        for reader in list(process.readers):
            self._left(process, reader, None)
        self._close(process)

    def _close(self, process: Process) -> None:
        process.cache.close()
        self.processes.remove(process)

    @rule(which=places)
    @precondition(lambda self: self.processes)
    def kill(self, which: int) -> None:
        """Take a process away: its handles are closed, and nothing else of it happens."""
        process = self.processes[which % len(self.processes)]
        for temporary in self._temporaries_of(process):
            temporary.close()
        self.processes.remove(process)
        self.dead.append(process)

    @staticmethod
    def _temporaries_of(process: Process) -> list[Any]:
        return [running.temporary for running in process.cache._downloads.values()]  # what a kill closes

    @rule(number=numbers, how=st.sampled_from(["cut", "flip", "grow", "remove", "directory", "link"]))
    def damage(self, number: int, how: str) -> None:
        path = self.place / NAMES[number]
        if not path.is_file() or path.is_symlink():
            return
        data = path.read_bytes()
        self.damaged.add(number)
        self.troubles[number] += 1
        if how in {"remove", "directory", "link"}:
            path.unlink()
            if how == "directory":
                path.mkdir()
            elif how == "link":
                path.symlink_to("nowhere")
        else:  # in place: those who have it open see it too
            path.write_bytes({"cut": data[:-1], "flip": data[:1].translate(FLIPPED) + data[1:]}.get(how, data + b"x"))

    def _is_whole(self, number: int) -> bool:
        path = self.place / NAMES[number]
        return path.is_file() and not path.is_symlink() and path.read_bytes() == BLOBS[number]

    @invariant()
    def only_whole_entries(self) -> None:
        settle()  # a step that read the last bytes doesn't wait until they are in place, and one looks twice here
        if not self.place.is_dir():
            return
        for number, name in enumerate(NAMES):
            path = self.place / name
            if self._is_whole(number):
                self.damaged.discard(number)
            elif path.is_file() and not path.is_symlink():
                assert number in self.damaged, f"{name} was published with other bytes"
        strange = [path.name for path in self.place.iterdir() if path.name not in NAMES]
        assert all(name.startswith(".ec-ref-") for name in strange)


def settle() -> None:
    """Wait for the threads that put files in place."""
    for thread in threading.enumerate():
        if thread.name.startswith("layer "):
            thread.join(60)


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=100, stateful_step_count=40)


def test_a_reader_of_another_origin_is_told_to_read_again(tmp_path: Path) -> None:
    cache = LayerCache(Directory(tmp_path / "images"), budget=DEFAULT_BUDGET, deadline=Deadline(20.0))

    @contextlib.contextmanager
    def broken() -> Iterator[Stream]:
        yield Source(BLOBS[2], Fault("break", 20))

    with (
        pytest.raises(TransferError) as first,
        cache.open(DESCRIPTORS[2], broken, origin="a"),
        pytest.raises(SharedDownloadError),
        cache.open(DESCRIPTORS[2], broken, origin="b"),
    ):
        pass
    assert type(first.value) is TransferError
    cache.close()
