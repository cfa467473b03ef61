from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from programs import STRING_TO_ANY

from refimpl.errors import HostError
from refimpl.rego.builtin import Builtin
from refimpl.rego.channel import Channel
from refimpl.rego.host import Host, executable

if TYPE_CHECKING:
    from pathlib import Path

posix = pytest.mark.skipif(sys.platform == "win32", reason="scripts and signals of POSIX")


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_host_is_found_beside_the_module_first(tmp_path: Path) -> None:
    built = executable({"EC_REF_REGO_HOST": str(tmp_path / "other")})
    assert built.parent.name == "_bin"
    assert os.access(built, os.X_OK)


@posix
def test_host_is_found_by_the_environment(tmp_path: Path) -> None:
    other = script(tmp_path / "other", "")
    assert executable({"EC_REF_REGO_HOST": str(other)}, tmp_path / "nowhere") == other


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, r"the policy engine is missing: there is no .*nowhere.ec-rego-host.*; install the package again"),
        ({"EC_REF_REGO_HOST": "/no/such"}, r"EC_REF_REGO_HOST names /no/such, which doesn't exist$"),
    ],
)
def test_missing_host_is_one_clear_error(tmp_path: Path, environ: dict[str, str], message: str) -> None:
    with pytest.raises(HostError, match=message):
        executable(environ, tmp_path / "nowhere")


def test_host_that_cannot_be_started(tmp_path: Path) -> None:
    (tmp_path / "broken").write_bytes(b"\0")
    with pytest.raises(HostError, match=r"the policy engine .*broken can't be started: "):
        Channel(tmp_path / "broken")


@posix
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import sys; sys.exit('kaput\\ntwice')", r"^the policy engine ended with status 1: kaput\ntwice$"),
        ("", r"^the policy engine ended with status 0$"),
        (
            "import sys; sys.exit('fatal error: out of memory\\n\\ngoroutine 1:\\nmain.go:1')",
            r"^the policy engine ended with status 1: fatal error: out of memory$",
        ),
        ("print('hi', flush=True); input(); input()", r"^the policy engine is another program: it answered b'hi\\n'$"),
        (
            'print(\'{"id":0,"hello":{"protocol":99}}\', flush=True); input(); input()',
            r"^the policy engine is of another version: it speaks protocol 99, not 2; install the package again$",
        ),
        (
            'print(\'{"id":0,"hello":{"protocol":2}}\\nnonsense\', flush=True); input(); input()',
            r"^the policy engine answered b'nonsense\\n'$",
        ),
    ],
)
def test_program_that_is_no_host(tmp_path: Path, text: str, message: str) -> None:
    channel = Channel(script(tmp_path / "other", text))
    for _ in range(2):  # whoever comes later is told the same
        with pytest.raises(HostError, match=message):
            channel.request({"op": "inspect"})
    channel.close()


@posix
@pytest.mark.parametrize(
    "frame", ['{"id":1,"size":-1}', '{"id":1,"size":1073741825}', '{"id":"1"}', "[1]", '{"id":1,"size":2}\n"x', "{}"]
)
def test_frames_that_are_none(tmp_path: Path, frame: str) -> None:
    said = '{"id":0,"hello":{"protocol":2}}\n' + frame
    channel = Channel(script(tmp_path / "other", f"input(); print({said!r}, flush=True); input()"))
    with pytest.raises(HostError, match=r"^the policy engine answered "):
        channel.request({"op": "inspect"})
    channel.close()


@posix
def test_death_of_the_host_is_told_to_all_who_wait(tmp_path: Path) -> None:
    host = Host.start()
    meeting = threading.Barrier(3, timeout=60)
    killed = threading.Event()

    def call(*_: Any) -> str:
        meeting.wait()
        killed.wait(60)
        return "late"

    (tmp_path / "a.rego").write_text('package a\ndeny contains x if x := ec.f("x")')
    program = host.load([tmp_path], [], builtins=[Builtin("ec.f", STRING_TO_ANY, call)])
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(program.evaluate, ["a"], b"{}") for _ in range(2)]
        meeting.wait()
        os.kill(host.pid, signal.SIGKILL)
        killed.set()
        for future in futures:
            with pytest.raises(HostError, match=r"^the policy engine was killed by signal 9$"):
                future.result(timeout=60)
    with pytest.raises(HostError, match="signal 9"):
        host.inspect(tmp_path)
    host.close()


def test_last_words_are_told(tmp_path: Path) -> None:
    host = Host.start()
    (tmp_path / "a.rego").write_text('package a\ndeny contains "x"')
    program = host.load([tmp_path], [])
    with pytest.raises(HostError, match=r"^the policy engine ended with status 1: not a request: "):
        program._channel.request({"op": "evaluate", "input": {}})
    host.close()


def test_closed_host_says_so(tmp_path: Path) -> None:
    host = Host.start()
    host.close()
    with pytest.raises(HostError, match=r"^the policy engine is closed$"):
        host.inspect(tmp_path)


def test_waiting_requests_end_with_the_host(tmp_path: Path) -> None:
    host = Host.start()
    inside = threading.Event()
    closed = threading.Event()

    def call(*_: Any) -> str:
        inside.set()
        closed.wait(60)
        return "late"

    (tmp_path / "a.rego").write_text('package a\ndeny contains x if x := ec.f("x")')
    program = host.load([tmp_path], [], builtins=[Builtin("ec.f", STRING_TO_ANY, call)])
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(program.evaluate, ["a"], b"{}")
        assert inside.wait(60)
        host.close()
        closed.set()
        with pytest.raises(HostError, match="closed"):
            future.result(timeout=60)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only here the end of another's child can be waited for")
def test_no_orphan_stays_when_the_parent_is_killed(tmp_path: Path) -> None:
    parent = """
import sys
from pathlib import Path
from refimpl.rego.builtin import Builtin
from refimpl.rego.host import Host

def call(*_):
    print(host.pid, flush=True)
    sys.stdin.read()

host = Host.start()
Path(sys.argv[1], "a.rego").write_text('package a\\ndeny contains "x" if ec.f("x")')
declared = {"type": "function", "args": [{"type": "string"}], "result": {"type": "any"}}
program = host.load([Path(sys.argv[1])], [], builtins=[Builtin("ec.f", declared, call)])
program.evaluate(["a"], b"{}")
"""
    with subprocess.Popen(
        [sys.executable, "-P", "-c", parent, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        descriptor = os.pidfd_open(child)
        process.kill()
        try:
            ended, _, _ = select.select([descriptor], [], [], 20)
            if not ended:
                os.kill(child, signal.SIGKILL)
            assert ended, "the host outlived its parent"
        finally:
            os.close(descriptor)
