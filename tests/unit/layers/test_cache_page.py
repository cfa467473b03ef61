"""The example of docs/cache.md does what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ec_acceptance.testbed.fixtures.images import Layer

if TYPE_CHECKING:
    import pytest
    from layers_testbed import LayersTestbed

PAGE = Path(__file__).parents[3] / "docs" / "cache.md"
LAYERS = [Layer.of({"a": b"a"}, filler_size=1 << 20), Layer.of({"b": b"b"})]


def test_ten_lines(testbed: LayersTestbed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(example.splitlines()) <= 10
    ref = testbed.image(*LAYERS)
    monkeypatch.setenv("XDG_CACHE_HOME", str(testbed.home))
    monkeypatch.delenv("EC_CACHE", raising=False)
    code = example.replace("registry.example/acme/app:v1", f"{ref.repository}:v1")
    assert code != example
    for _ in range(2):
        exec(compile(code, str(PAGE), "exec"), {})  # noqa: S102  # our own page
        assert capsys.readouterr().out.splitlines() == [f"{layer.digest} {layer.size}" for layer in LAYERS]
    assert [testbed.gets(layer) for layer in LAYERS] == [1, 1]
