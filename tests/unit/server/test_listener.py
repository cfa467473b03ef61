"""How the server is told to end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from refimpl.server.limits import LIMITS
from refimpl.server.listener import listen, serve

if TYPE_CHECKING:
    from refimpl.server.messages import Request, Response


async def _answer(request: Request, _: object) -> Response:
    raise AssertionError(request)  # nobody asks


async def _end_by(number: signal.Signals) -> int:
    """Serve until a signal comes; the descriptor that wakes the loop meanwhile, -1 for none."""
    serving = asyncio.create_task(serve(listen("127.0.0.1", 0), _answer, LIMITS))
    await asyncio.sleep(0)
    waking = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(waking)
    os.kill(os.getpid(), number)
    await asyncio.wait_for(serving, 20)
    return waking


@pytest.mark.skipif(sys.platform == "win32", reason="there signals are another matter")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_even_when_the_loop_is_about_to_sleep(number: signal.Signals) -> None:
    """Nothing but the descriptor wakes the loop then: that moment is too short for a test."""
    before = signal.signal(number, lambda *_: None)
    try:
        handler = signal.getsignal(number)
        assert asyncio.run(_end_by(number)) != -1
        assert signal.getsignal(number) is handler
    finally:
        signal.signal(number, before)
