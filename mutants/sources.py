"""Faults in what rules are made of: policy sources, data, rule data."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacing import changed, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__: list[str] = []

_DATA = frozenset({".json", ".yaml", ".yml"})


@mutant(
    "data-last-wins",
    "When two data sources have the same key, the later one's value is all there is.",
    Kind.SOURCES,
    "data-01 data-02 data-03",
)
def data_last_wins() -> None:
    from refimpl.rego.host import Host

    @changed(Host, "load")
    def load(original: Callable[..., Any], self: Any, policies: Any, data: Sequence[Path], **named: Any) -> Any:
        # The engine's host merges by itself: it gets copies of the directories in which nothing is there twice.
        return original(self, policies, _without_earlier(data), **named)


def _without_earlier(data: Sequence[Path]) -> list[Path]:
    """The directories, copied, and without the members of files that later directories have too."""
    folder = Path(tempfile.mkdtemp(dir=data[0].parent.parent))
    copies = [folder / str(number) for number in range(len(data))]
    later: set[str] = set()
    for directory, copy in reversed(list(zip(data, copies, strict=True))):
        shutil.copytree(directory, copy)
        own: set[str] = set()
        for path in sorted(copy.rglob("*")):
            document = _members(path)
            own.update(document)
            if not later.isdisjoint(document):
                left = {key: value for key, value in document.items() if key not in later}
                path.unlink()
                path.with_suffix(".json").write_text(json.dumps(left), encoding="utf-8")
        later |= own
    return copies


def _members(path: Path) -> dict[str, Any]:
    """What a data file has; nothing for what the engine's host will complain of."""
    if path.suffix not in _DATA or not path.is_file():
        return {}
    from refimpl import yamltext

    document = None
    with suppress(ValueError):
        document = yamltext.loads(path.read_bytes())
    return document if isinstance(document, dict) else {}


@mutant(
    "rule-data-of-the-first",
    "Every source group has the rule data of the first one.",
    Kind.SOURCES,
    "data-07",
)
def rule_data_of_the_first() -> None:
    from refimpl.policy.sources.workspace import Workspace
    from refimpl.record import replace as but

    first: list[Any] = []

    @changed(Workspace, "directories")
    def directories(original: Callable[..., Any], self: Any, group: Any, *rest: Any) -> Any:
        first.append(group.rule_data)
        return original(self, but(group, rule_data=first[0]), *rest)


@mutant(
    "first-group-only",
    "Only the first source group of a policy is looked at.",
    Kind.SOURCES,
    "selection-21 source-10",
)
def first_group_only() -> None:
    from refimpl import validate

    @changed(validate, "evaluators")
    def evaluators(original: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return original(*arguments, **named)[:1]


@mutant(
    "fetched-for-each-mention",
    "A source is fetched as often as it is wanted.",
    Kind.SOURCES,
    "source-10 data-08",
)
def fetched_for_each_mention() -> None:
    from refimpl.policy.sources.fetcher import Fetcher

    @changed(Fetcher, "fetch")
    def fetch(_: object, self: Any, url: str, kind: str) -> Any:
        return self._place(url, kind)

    @changed(Fetcher, "fetch_all")
    def fetch_all(_: object, self: Any, wanted: Iterable[tuple[str, str]]) -> dict[str, Any]:
        return {url: self.fetch(url, kind) for url, kind in wanted}


@mutant(
    "second-rule-wins",
    "Of two rules with one code the later one counts.",
    Kind.SOURCES,
    "loading-12 source-16",
)
def second_rule_wins() -> None:
    from refimpl.evaluation.rules import RuleSet

    @changed(RuleSet, "_add_info")
    def add_info(original: Callable[..., None], self: Any, info: Any) -> None:
        self.annotated.pop(info.code, None)
        original(self, info)


@mutant(
    "any-value-is-a-result",
    "Rules that say neither texts nor objects are taken as they are.",
    Kind.SOURCES,
    "loading-06 loading-07 loading-08",
)
def any_value_is_a_result() -> None:
    from refimpl.evaluation import rules

    replace(rules, "check_values", lambda _: None)


@mutant(
    "rules-may-ask-the-world",
    "Rules may send requests and look at the machine.",
    Kind.SOURCES,
    "loading-13 loading-14 loading-15 evaluator-04",
)
def rules_may_ask_the_world() -> None:
    from refimpl.rego import host

    replace(host, "WITHHELD", ())
