"""Faults in what rules are made of: policy sources, data, rule data."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mutants.catalogue import Kind, mutant
from mutants.replacement import change, replace

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

    @change(Host, "load")
    def load(original: Callable[..., Any], self: Any, policies: Any, data: Sequence[Path], **named: Any) -> Any:
        # The engine's host merges by itself: it gets copies of the directories in which nothing is there twice.
        return original(self, policies, _without_earlier(data), **named)


@mutant(
    "rule-data-of-objects-alone",
    "Rule data that isn't an object is no rule data.",
    Kind.SOURCES,
    "data-14 data-15",
)
def rule_data_of_objects_alone() -> None:
    from refimpl.policy import schema

    @change(schema, "_compact")
    def compact(original: Callable[..., Any], wanted: Any, value: Any) -> Any:
        shown = original(wanted, value)
        if isinstance(shown, dict) and not isinstance(shown.get("ruleData", {}), dict):
            del shown["ruleData"]
        return shown


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
    from refimpl.golang import yamltext

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

    @change(Workspace, "directories")
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
    from refimpl.commands import validate_image

    @change(validate_image, "create_evaluators")
    def create_evaluators(original: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return original(*arguments, **named)[:1]


@mutant(
    "fetched-for-each-mention",
    "A source is fetched as often as it is wanted.",
    Kind.SOURCES,
    "source-10 data-08",
)
def fetched_for_each_mention() -> None:
    from refimpl.policy.sources.fetcher import Fetcher

    @change(Fetcher, "fetch")
    def fetch(_: object, self: Any, url: str, kind: str) -> Any:
        return self._place(url, kind)

    @change(Fetcher, "fetch_all")
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

    @change(RuleSet, "_add_info")
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


@mutant(
    "folder-as-written",
    "A folder in a git URL is taken as it is written, percent signs and all.",
    Kind.SOURCES,
    "archive-60 archive-62 archive-63 archive-65 archive-68",
)
def folder_as_written() -> None:
    from refimpl.policy.sources import git

    replace(git, "_decode", lambda path: path)


@mutant(
    "pinned-without-folder",
    "The pinned URL loses a folder that stands behind the revision.",
    Kind.SOURCES,
    "archive-74 archive-75 archive-76 archive-77 archive-78 archive-79 archive-80",
)
def pinned_without_folder() -> None:
    from refimpl.policy.sources import git

    @change(git, "fetch")
    def fetch(original: Any, url: str, destination: Any, **named: Any) -> str:
        pinned = str(original(url, destination, **named))
        return pinned if "//" in url.partition("://")[2].partition("?")[0] else re.sub(r"//[^?]*", "", pinned)


@mutant(
    "options-passed-over",
    "Options of a git URL that aren't known are passed over.",
    Kind.SOURCES,
    "archive-82 archive-83",
)
def options_passed_over() -> None:
    from refimpl.policy.sources.git import GitURL

    original = GitURL.parse

    def parse(url: str) -> Any:
        return original(re.sub(r"(?:checksum|archive)=[^&]*&?", "", url))

    replace(GitURL, "parse", staticmethod(parse))


@mutant(
    "layer-twice-refused",
    "An artifact that lists a layer twice is refused.",
    Kind.SOURCES,
    "archive-89",
)
def layer_twice_refused() -> None:
    from refimpl.errors import PolicyError
    from refimpl.policy.sources import bundle

    @change(bundle, "_store_layer")
    def store(
        original: Any, title: str, layer: Any, reference: Any, destination: Any, registry: Any, stored: Any
    ) -> None:
        if destination / title in stored.digests:
            raise PolicyError(f"{title}: duplicate name")
        original(title, layer, reference, destination, registry, stored)


@mutant(
    "names-as-on-windows",
    "Backslashes separate, and colons are refused, on every system.",
    Kind.SOURCES,
    "archive-90 archive-91 archive-92",
)
def names_as_on_windows() -> None:
    from refimpl.policy.sources import bundle, checkout, unpacking

    for module in (unpacking, bundle, checkout):

        @change(module, "inside")
        def inside(original: Any, root: Any, name: str) -> Any:
            return None if ":" in name else original(root, name.replace("\\", "/"))


@mutant(
    "checksum-passed-over",
    "A checksum in the URL of a file isn't compared.",
    Kind.SOURCES,
    "archive-93",
)
def checksum_passed_over() -> None:
    from refimpl.policy.sources.web_archive import _Checksum

    replace(_Checksum, "of", classmethod(lambda cls, _url: cls("", "")))
