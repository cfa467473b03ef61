"""For all tests."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import HealthCheck, settings

_PLAIN = re.compile(r"[ -~]{0,80}")

# How long examples take depends on what else the machine does; fixtures that examples share are meant to be shared.
_UNTIMED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("untimed", deadline=None, suppress_health_check=_UNTIMED)
settings.load_profile("untimed")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A test's name mustn't hold keys or compressed bytes: processes that share the tests must agree on the names."""
    if isinstance(val, bytes):
        return argname
    return argname if isinstance(val, str) and not _PLAIN.fullmatch(val) else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Half as many again as there are processors, since many tests wait: for a time-out, or for other processes."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # xdist takes that
    return (os.cpu_count() or 1) * 3 // 2
