from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from laboratory import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    laboratory = Lab(tmp_path / "home")
    yield laboratory
    laboratory.close()
