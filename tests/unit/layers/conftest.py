from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from layers_testbed import LayersTestbed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def testbed(tmp_path: Path) -> Iterator[LayersTestbed]:
    layers_testbed = LayersTestbed(tmp_path / "home")
    yield layers_testbed
    layers_testbed.close()
