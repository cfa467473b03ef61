"""python-tuf's client without the fetcher of its own, which is never used here and loads urllib3: 30 ms of CPU time.

Whoever uses python-tuf in the same process finds it as ever: its fetcher is loaded when it is first made.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FetcherInterface", "Updater"]

_NAME = "tuf.ngclient.urllib3_fetcher"


class Urllib3Fetcher:
    """Stands in for python-tuf's own fetcher: who makes one gets a real one."""

    def __new__(cls, *given: Any, **named: Any) -> Any:
        from tuf.ngclient.urllib3_fetcher import Urllib3Fetcher as Real

        return Real(*given, **named)


@contextmanager
def _standing_in() -> Iterator[None]:
    """Have python-tuf's client find the stand-in as long as this lasts, unless the module is loaded already."""
    if _NAME in sys.modules:
        yield
        return
    module = ModuleType(_NAME)
    module.__dict__["Urllib3Fetcher"] = Urllib3Fetcher
    sys.modules[_NAME] = module
    try:
        yield
    finally:
        del sys.modules[_NAME]


with _standing_in():
    from tuf.ngclient import FetcherInterface, Updater
