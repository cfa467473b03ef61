"""MkDocs' hooks: pages that are made from the source, pages that the navigation doesn't name, links out of the site."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]

_LINK = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+[^)#]+)(?:#[^)]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Name the pages that the navigation doesn't."""
    docs = Path(config.docs_dir)
    named = set(_name_of(config.nav))
    others = sorted(path.relative_to(docs).as_posix() for path in docs.rglob("*.md"))
    more = [name for name in others if name not in named]
    if more and config.nav is not None:
        config.nav.append({"More": more})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made from scenarios, mutants and stored results."""
    sys.path.append(str(ROOT / "tests" / "suite"))
    import published
    import traceability

    files.append(File.generated(config, "results.md", content=published.page()))
    files.append(File.generated(config, "traceability.md", content=traceability.page()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Show where a link leads that leaves the site: to a file of the source, or to another page."""
    docs = Path(config.docs_dir).resolve()
    here = docs / Path(page.file.src_uri).parent

    def show(link: re.Match[str]) -> str:
        target = (here / link[2]).resolve()
        inside = target.is_relative_to(docs)
        return link[0] if inside or files.get_file_from_path(link[2]) else f"{link[1]} (`{_name(target)}`)"

    return _LINK.sub(show, markdown)


def _name(target: Path) -> str:
    return target.relative_to(ROOT.resolve()).as_posix() if target.is_relative_to(ROOT.resolve()) else target.name


def _name_of(entries: Any) -> Iterator[str]:
    if isinstance(entries, str):
        yield entries
    elif isinstance(entries, dict):
        for inside in entries.values():
            yield from _name_of(inside)
    elif isinstance(entries, list):
        for one in entries:
            yield from _name_of(one)
