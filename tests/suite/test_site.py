"""The site can be built, tells of everything that it should, and reads well on wide and narrow screens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import traceability

from ec_acceptance.conformance.suite import Suite
from mutants.catalogue import all_mutants

_ROOT = Path(__file__).parents[2]


_BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
_PAGES = ["index.html", "reports.html", "pullers.html", "contract/40-layer-cache.html", "traceability.html"]
_MEASURE = """() => ({
  overflow: document.documentElement.scrollWidth - innerWidth,
  outside: [...document.querySelectorAll('article :is(p, li, h1, h2, img)')]
    .filter(one => !one.closest('.md-typeset__scrollwrap') && one.getBoundingClientRect().right > innerWidth)
    .map(one => one.textContent),
  pictures: [...document.images].filter(one => !one.naturalWidth).map(one => one.src),
})"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a link that leads nowhere is an error."""
    pytest.importorskip("material", reason="mkdocs-material isn't installed (extra site)")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    answer = subprocess.run(command, cwd=_ROOT, env=environ, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return folder


def test_the_site_has_pages_that_are_made_from_the_source(site: Path) -> None:
    made = (site / "traceability.html").read_text(encoding="utf-8")
    assert "@happy-01" in made
    assert "successes-doubled" in made


@pytest.mark.skipif(_BROWSER is None, reason="there is no Chromium")
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_the_site_reads_well_in_a_browser(site: Path, width: int, scheme: str) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
    with playwright.sync_playwright() as started:
        short = {**os.environ, "TMPDIR": "/tmp"}  # noqa: S108  # it makes a socket there, whose path mustn't be long
        browser = started.chromium.launch(executable_path=_BROWSER, args=["--no-sandbox"], env=short)
        shown = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        shown.set_default_timeout(120_000)
        errors: list[str] = []
        shown.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        shown.on("pageerror", lambda error: errors.append(str(error)))
        shown.on("request", lambda one: None if one.url.startswith(("file:", "data:")) else errors.append(one.url))
        for name in _PAGES:
            shown.goto((site / name).as_uri())
            measured = shown.evaluate(_MEASURE)
            assert measured["overflow"] <= 0, f"{name} is wider than the screen"
            assert measured["outside"] == [], name
            assert measured["pictures"] == [], name
        plain = browser.new_page(java_script_enabled=False)
        plain.set_default_timeout(120_000)
        plain.goto((site / "index.html").as_uri())
        assert plain.get_by_role("link", name="Read a report").first.is_visible()
        browser.close()
    assert errors == []


def test_traceability_tells_of_every_scenario_and_mutant() -> None:
    page = traceability.page()
    identities = {one.id for one in Suite.installed().scenarios()}
    assert {identity for identity in identities if f"| `@{identity}` |" not in page} == set()
    told = traceability.mutants_by_tag(all_mutants().values())
    assert {name for names in told.values() for name in names if f"`{name}`" not in page} == set()


def test_the_navigation_names_pages_that_are_there() -> None:
    names = re.findall(r"([\w/-]+\.md)$", (_ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert "tutorial.md" in names
    assert [
        name
        for name in names
        if name not in {"traceability.md", "results.md"} and not (_ROOT / "docs" / name).is_file()
    ] == []
