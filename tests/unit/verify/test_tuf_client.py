"""What following a TUF mirror loads, and that python-tuf is whole for others in the process."""

from __future__ import annotations

import subprocess
import sys

import pytest

_LOADS_NOTHING = """
import sys
import refimpl.verify.tuf_mirror
assert not [name for name in sys.modules if name.startswith("urllib3")], "urllib3 is loaded"
"""

_OTHERS = """
import refimpl.verify.tuf_mirror
from tuf.ngclient import FetcherInterface, Urllib3Fetcher, Updater
from tuf.ngclient.urllib3_fetcher import Urllib3Fetcher as Own
assert isinstance(Urllib3Fetcher(socket_timeout=5), Own)
assert Urllib3Fetcher(socket_timeout=5).socket_timeout == 5
assert isinstance(Urllib3Fetcher(), FetcherInterface)
from refimpl.verify import tuf_client
assert tuf_client.Updater is Updater
"""

_BEFORE = """
from tuf.ngclient import Urllib3Fetcher
import refimpl.verify.tuf_mirror
from tuf.ngclient.urllib3_fetcher import Urllib3Fetcher as Own
assert Urllib3Fetcher is Own
"""


@pytest.mark.parametrize("program", [_LOADS_NOTHING, _OTHERS, _BEFORE], ids=["alone", "others after", "others before"])
def test_loading(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
