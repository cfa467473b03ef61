"""Profiles: pprof's format as its own description has it, and what is in each kind."""

from __future__ import annotations

import gzip
import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from refimpl.cli import main
from refimpl.errors import OutputError
from refimpl.profiles import profile
from refimpl.profiles.calls import CallTrace
from refimpl.profiles.cpu import CpuProfile
from refimpl.profiles.memory import MemoryProfile
from refimpl.profiles.pprof import encode

if TYPE_CHECKING:
    from collections.abc import Iterator

_TITLES = {"mem": "memory profile", "cpu": "CPU profile", "perf": "performance trace"}


def _fields(message: bytes) -> dict[int, list[int | bytes]]:
    """The fields of a message of protobuf, by number."""
    found: dict[int, list[int | bytes]] = defaultdict(list)
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        value, place = _varint(message, place)
        if key & 7 == 2:
            found[key >> 3].append(message[place : place + value])
            place += value
        else:
            assert key & 7 == 0
            found[key >> 3].append(value)
    return found


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


def _numbers(packed: int | bytes) -> Iterator[int]:
    assert isinstance(packed, bytes)
    place = 0
    while place < len(packed):
        value, place = _varint(packed, place)
        yield value


def _read(profile: bytes) -> tuple[list[tuple[str, str]], dict[tuple[tuple[str, str, int], ...], tuple[int, ...]]]:
    """Kinds of values, and the values by stack."""
    fields = _fields(gzip.decompress(profile))
    texts = [text.decode() for text in fields[6] if isinstance(text, bytes)]
    assert texts[0] == ""

    def message(value: int | bytes) -> dict[int, list[int | bytes]]:
        assert isinstance(value, bytes)
        return _fields(value)

    def number(value: int | bytes) -> int:
        assert isinstance(value, int)
        return value

    kinds = [tuple(texts[number(message(kind)[n][0])] for n in (1, 2)) for kind in fields[1]]
    functions = {number(message(one)[1][0]): message(one) for one in fields[5]}
    places = {}
    for one in fields[4]:
        location = message(one)
        line = message(location[4][0])
        function = functions[number(line[1][0])]
        shown = texts[number(function[2][0])], texts[number(function[4][0])], number(line[2][0])
        places[number(location[1][0])] = shown
    samples = {}
    for one in fields[2]:
        sample = message(one)
        samples[tuple(places[id_] for id_ in _numbers(sample[1][0]))] = tuple(_numbers(sample[2][0]))
    return [(kind, unit) for kind, unit in kinds], samples


def test_what_is_written_is_read_again() -> None:
    stacks = {(("inner", "a.py", 300), ("outer", "b.py", 1)): [1, 2**40], (("outer", "b.py", 1),): [3, 0]}
    kinds = [("samples", "count"), ("cpu", "nanoseconds")]
    written = encode(stacks, kinds, started_ns=2**60, lasted_ns=5, period=("cpu", "nanoseconds", 10_000_000))
    found, samples = _read(written)
    assert found == kinds
    assert samples == {stack: tuple(values) for stack, values in stacks.items()}
    fields = _fields(gzip.decompress(written))
    assert (fields[9], fields[10], fields[12]) == ([2**60], [5], [10_000_000])


def _work_until(enough: threading.Event) -> int:
    count = 0
    while not enough.is_set():
        count += sum(range(1000))
    return count


def test_processor_time_is_that_of_the_thread_that_works() -> None:
    profile = CpuProfile()
    enough, idle = threading.Event(), threading.Event()
    waiting = threading.Thread(target=idle.wait)
    working = threading.Thread(target=_work_until, args=(enough,))
    waiting.start()
    working.start()
    begun = time.process_time_ns()
    while time.process_time_ns() - begun < 200_000_000:
        time.sleep(0.01)
    enough.set()
    idle.set()
    waiting.join()
    working.join()
    kinds, samples = _read(profile.end())
    assert kinds == [("samples", "count"), ("cpu", "nanoseconds")]
    spent: dict[str, int] = defaultdict(int)
    for stack, (count, nanoseconds) in samples.items():
        assert count >= 1
        for name in {name for name, _, _ in stack}:
            spent[name] += nanoseconds
    assert spent[f"{__name__}._work_until"] > 0.5 * sum(value for _, value in samples.values())


def test_memory_that_is_held_is_found_where_it_was_asked_for() -> None:
    profile = MemoryProfile()
    held = [bytearray(1 << 20) for _ in range(4)]
    kinds, samples = _read(profile.end())
    assert kinds == [("inuse_objects", "count"), ("inuse_space", "bytes")]
    here = [values for stack, values in samples.items() if stack[0][1] == __file__]
    assert max(size for _, size in here) >= len(held) << 20


def test_the_code_of_a_validation_is_loaded_before_memory_is_noted() -> None:
    program = (
        "import sys, tracemalloc; from refimpl.profiles.memory import MemoryProfile; MemoryProfile();"
        "held = tracemalloc.get_traced_memory()[0]; import refimpl.commands.validate_image, refimpl.verify.cosign;"
        "sys.exit(tracemalloc.get_traced_memory()[0] - held > 1 << 16)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0


def test_calls_that_take_a_while_are_in_the_trace(capsys: pytest.CaptureFixture[str]) -> None:
    profile = CallTrace()
    assert main(["validate", "image", "--public-key", "nosuch"]) == 1
    document = json.loads(profile.end())
    calls = [event for event in document["traceEvents"] if event["ph"] == "X"]
    assert "cli.main" in {call["name"] for call in calls}
    assert all(call["dur"] >= document["otherData"]["shortestMicroseconds"] for call in calls)
    assert [call["ts"] for call in calls] == sorted(call["ts"] for call in calls)
    assert {event["tid"] for event in calls} == {
        event["tid"] for event in document["traceEvents"] if event["ph"] == "M"
    }
    assert capsys.readouterr().err


@pytest.mark.parametrize("kinds", [("mem",), ("cpu",), ("perf",), ("perf", "mem", "cpu", "log")])
def test_a_run_tells_where_its_profiles_are(
    kinds: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert main(["validate", "image", f"--trace={','.join(kinds)}", "--public-key", "nosuch"]) == 1
    told = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("time=")]
    assert told[0].startswith("Error: ")
    wanted = [kind for kind in _TITLES if kind in kinds]
    assert [line.partition(" to: ")[0] for line in told[-len(wanted) :]] == [
        f"Wrote {_TITLES[kind]}" for kind in wanted
    ]
    paths = [Path(line.partition(" to: ")[2]) for line in told[-len(wanted) :]]
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    for path in paths:
        assert path.stat().st_size
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.suffix[1:].isdecimal()


def test_a_profile_that_cant_be_made_ends_the_run_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nosuch"))
    with pytest.raises(OutputError, match=r"could not create CPU profile: open .*/cpuprofile\.\d+: no such file"):
        profile({"cpu"}, lambda: pytest.fail("it began"))


def test_other_words_of_trace_write_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert profile({"log", "opa"}, lambda: 7) == 7
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_which_every_name_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(os, "urandom", bytes)
    (tmp_path / "cpuprofile.0").write_text("somebody else's")
    with pytest.raises(OutputError, match=r"could not create CPU profile: no free name in "):
        profile({"cpu"}, lambda: pytest.fail("the run has begun"))
    assert (tmp_path / "cpuprofile.0").read_text() == "somebody else's"
