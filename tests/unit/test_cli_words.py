"""Whatever the command line says: a document, or one clear error. Nothing that nobody expected."""

from __future__ import annotations

import io
import sys
import time
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from refimpl.cli import main
from refimpl.command_line import commands
from refimpl.golang.utf8 import SURROGATES

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from refimpl.command_line.flags import Command

_ODD = (
    *(
        "",
        ".",
        "-1",
        "1e999",
        "9" * 5000,
        "null",
        "[]",
        "{}",
        "{",
        "\n",
        "\x01",
        "\udcff",
        "a\udcffb",
        "é",
        "\U0001f600",
    ),
    *("127.0.0.1:1/x:y", "127.0.0.1:1/x@sha256:" + "0" * 64, "./local.tar", "a..b/app:v1", "reg\udcff/x:y"),
    *("http://[::1", "http://\udcff/", "git::https://\udcff", "oci::\udcff/x:y", "file::\udcff", "k8s://a/b/c"),
    *("env://A=B", "awskms://", "pkcs11:x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
    '{"publicKey": "\\ud800"}',
    '{"sources": [{"policy": ["\\ud800"], "data": ["\udcff"]}]}',
    '{"components": [{"name": "\\ud800", "containerImage": "127.0.0.1:1/x:y"}]}',
    *("!!python/object:os.system {}", "&a [*a]", "---\n---\n", "a: [\t", "key=\udcff", 'a=b,c="d'),
    *("text?x=%zz", "json=\udcff/x", "json=/dev/null?show-successes=\udcff", "2020-01-01", "20\udcff"),
)
_LEFT_OUT = {"timeout", "retry-max-retry", "retry-duration", "retry-max-wait", "logfile", "dest", "help"}
_LONG = (commands.VALIDATE_IMAGE, commands.VALIDATE_INPUT, commands.INSPECT_POLICY, commands.INSPECT_POLICY_DATA)
_PATIENCE = 20.0  # seconds
_values = st.sampled_from(_ODD) | st.text(st.characters(exclude_characters="\0"), max_size=20)


@st.composite
def _lines(draw: st.DrawFn) -> list[str]:
    command: Command = draw(st.sampled_from(_LONG))
    flags = [flag for flag in command.flags() if flag.name not in _LEFT_OUT]
    words = command.path.split()[1:]
    for flag in draw(st.lists(st.sampled_from(flags), max_size=6)):
        words.append(f"--{flag.name}={draw(_values)}" if draw(st.integers(0, 4)) else f"--{flag.name}")
    if command is commands.VALIDATE_IMAGE:
        words += [f"--{name}={draw(_values)}" for name in ("image", "policy", "public-key")]
    words += draw(st.lists(_values, max_size=1))
    return [*words, "--timeout=5s", "--retry-max-retry=0"]


@settings(max_examples=60)
@given(_lines())
def test_each_line_ends_in_a_document_or_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: list[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.chdir(tmp_path)
        for name in ("HOME", "TMPDIR"):
            patch.setenv(name, str(tmp_path))
        streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors=SURROGATES) for _ in range(2)]
        patch.setattr(sys, "stdout", streams[0])
        patch.setattr(sys, "stderr", streams[1])
        status = main(line)
        streams[1].flush()
        said = streams[1].buffer.getvalue().decode("utf-8", "replace")
    assert "internal error" not in said
    assert "Traceback" not in said
    assert status == 0 or (status == 1 and "Error: " in said)
    until = time.monotonic() + _PATIENCE
    while list(tmp_path.glob("ec-work-*")):  # a download that nobody waits for removes what it has made at its own end
        assert time.monotonic() < until, "a working directory stays"
        time.sleep(0.01)
