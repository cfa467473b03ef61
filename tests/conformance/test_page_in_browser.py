"""The page in a real browser: on wide and narrow screens, in light and dark."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from ec_acceptance.conformance.outcome import About, Outcome, ScenarioResult
from ec_acceptance.conformance.page import page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

playwright = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
_BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
_LONG = "x" * 500
_MEASURE = """() => {
  const luminance = color => {
    const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const canvas = matchMedia('(prefers-color-scheme: dark)').matches ? 'rgb(18, 18, 18)' : 'rgb(255, 255, 255)'
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor
      if (color !== 'rgba(0, 0, 0, 0)') return color
    }
    return canvas
  }
  const contrast = element => {
    const [one, two] = [getComputedStyle(element).color, behind(element)].map(luminance).sort((a, b) => b - a)
    return (one + 0.05) / (two + 0.05)
  }
  const picture = document.querySelector('svg').getBoundingClientRect()
  return {
    overflow: document.documentElement.scrollWidth - innerWidth,
    contrast: Math.min(...[...document.querySelectorAll('h1, p, pre, td, th, span:not(:empty)')].map(contrast)),
    picture: [picture.width, picture.height],
    bars: document.querySelectorAll('svg rect').length,
    size: Math.min(...[...document.querySelectorAll('p, pre, td')].map(e => parseFloat(getComputedStyle(e).fontSize))),
  }
}"""

pytestmark = pytest.mark.skipif(_BROWSER is None, reason="there is no Chromium")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with a failure that has all that there is to show, and text without a place to break it."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "a-01").mkdir()
    request = {
        "server": "registry",
        "asked": f"GET /v2/{_LONG}/blobs/sha256:{'0' * 64}",
        "agent": "",
        "status": 200,
        "state": "done",
        "started": 0.5,
        "ended": 1.5,
        "holds": [[0.7, 1.0]],
        "sent": 7,
    }
    run = {"command": ["it", _LONG], "status": 1, "timed_out": False, "started": 0.0, "ended": 2.0}
    seen = {"groups": [{"runs": [run], "requests": [request, {**request, "status": 404, "holds": []}]}]}
    (folder / "a-01" / "seen.json").write_text(json.dumps(seen))
    message = f"differs:\n--- snapshot\n+++ output\n a\n-{_LONG}\n+{_LONG}y\n"
    results = [
        ScenarioResult("features/a.feature:3", "A", _LONG, ("a-01",), status, 0.5, "Then", message, evidence="a-01")
        for status in ("failed", "hung", "undecided", "passed")
    ]
    about = About("suite 1", 4, 4, f"./it {_LONG}", "v1", "embedded", {"core": "what all need"}, frozenset({"core"}))
    path = folder / "page.html"
    path.write_bytes(page(Outcome(about, tuple(results)), [folder]))
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, without a window."""
    with playwright.sync_playwright() as started:
        short = {**os.environ, "TMPDIR": "/tmp"}  # noqa: S108  # it makes a socket there, whose path mustn't be long
        browser = started.chromium.launch(executable_path=_BROWSER, args=["--no-sandbox"], env=short)
        yield browser
        browser.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_reads_well(browser: Any, written: Path, width: int, scheme: str) -> None:
    shown = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    shown.set_default_timeout(120_000)
    errors: list[str] = []
    shown.on("console", lambda message: errors.append(message.text))
    shown.on("pageerror", lambda error: errors.append(str(error)))
    shown.on("request", lambda request: None if request.url.startswith("file:") else errors.append(request.url))
    shown.goto(written.as_uri())
    measured = shown.evaluate(_MEASURE)
    shown.close()
    assert errors == []
    assert measured["overflow"] <= 0, "the page is wider than the screen"
    assert measured["contrast"] >= 4.5, "WCAG 2.2, 1.4.3"
    assert measured["picture"][0] >= 600, "the picture scrolls where it doesn't fit"
    assert measured["bars"] >= 4
    assert measured["size"] >= 12
