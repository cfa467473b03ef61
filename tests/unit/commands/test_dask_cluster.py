"""The cluster that is made for a run, and what there is without Dask."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from refimpl.command_line.options import Options
from refimpl.commands import dispatch
from refimpl.deadline import Deadline
from refimpl.errors import Error, NotSupportedError

if TYPE_CHECKING:
    from pathlib import Path

_TLS = "DASK_DISTRIBUTED__COMM__TLS__"
_STRANGER = """
import gc, os, sys
from pathlib import Path
from refimpl.command_line.options import Options
from refimpl.commands.dask.cluster import connect
from refimpl.deadline import Deadline

if __name__ == "__main__":
    with connect(Options(engine="dask", processes=1), Path(sys.argv[1]), Deadline(None)) as workers:
        from distributed import Client

        gc.disable()  # a client that is collected while another one starts waits for a lock that this one has
        print(workers.scheduler, *workers.find())
        for address in (workers.scheduler, workers.scheduler.replace("tls", "tcp")):
            try:
                Client(address, timeout=1, set_as_default=False)
            except Exception as error:
                print("refused")
    sys.stdout.flush()
    os._exit(0)
"""


def test_without_dask_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(NotSupportedError) as failure:
        dispatch.validate(Options(engine="dask"), {})
    assert str(failure.value) == ("--engine dask needs Dask, which isn't installed: pip install 'ec-acceptance[dask]'")


def test_dask_is_loaded_only_when_it_is_chosen() -> None:
    code = (
        "import sys; import refimpl.cli, refimpl.commands.dispatch, refimpl.commands.stream, refimpl.library; "
        "print(sorted({'dask', 'distributed', 'tornado', 'refimpl.commands.dask'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout == "[]\n"


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="the extra isn't installed")
def test_strangers_on_this_machine_cannot_speak_to_the_cluster(tmp_path: Path) -> None:
    script = tmp_path / "stranger.py"
    script.write_text(_STRANGER)
    words = [sys.executable, str(script), str(tmp_path / "work")]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    address, *refused = ended.stdout.splitlines()
    assert address.startswith("tls://127.0.0.1:"), ended.stderr
    assert address.endswith(" 0")
    assert refused == ["refused", "refused"]


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="the extra isn't installed")
@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            {},
            f"TLS needs certificates, whose files are named by {_TLS}CA_FILE and {_TLS}CLIENT__CERT",
        ),
        (
            {"ca-file": "here.pem", "client.cert": "here.pem", "client.key": "none.pem"},
            f"{_TLS}CLIENT__KEY: open none.pem: no such file or directory",
        ),
        (
            {"ca-file": "here.pem"},
            f"TLS needs certificates, whose files are named by {_TLS}CLIENT__CERT",
        ),
    ],
)
def test_of_tls_without_its_files_the_error_says_which_is_missing(
    files: dict[str, str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dask.config

    from refimpl.commands.dask.cluster import connect

    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.pem").touch()
    settings = {f"distributed.comm.tls.{name}": path for name, path in files.items()}
    options = Options(engine="dask", scheduler="tls://127.0.0.1:1")
    with dask.config.set(settings), pytest.raises(Error) as failure, connect(options, tmp_path, Deadline(None)):
        pass
    assert str(failure.value) == f"unable to reach Dask's scheduler at tls://127.0.0.1:1: {words}"
