"""What annotations and rule bodies tell of the rules of a source group (specification 11 §5.1-5.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from refimpl.errors import PolicyError
from refimpl.evaluation.crossref import replace_by_labels, replace_by_links
from refimpl.golang.printing import format_value
from refimpl.record import field, record
from refimpl.result import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from refimpl.rego.engine import Annotation, RuleEntry

_FAILURE = re.compile(r"(?:deny|violation)(?:_[0-9A-Za-z]+)*", re.ASCII)
_WARNING = re.compile(r"warn(?:_[0-9A-Za-z]+)*", re.ASCII)


def is_failure(name: str) -> bool:
    """Whether rules of this name report failures (specification 11 §5.3)."""
    return _FAILURE.fullmatch(name) is not None


def is_warning(name: str) -> bool:
    """Whether rules of this name report warnings (specification 11 §5.3)."""
    return _WARNING.fullmatch(name) is not None


@record
class RuleInfo:
    """One annotated rule; texts are empty where the annotation has none.

    Attributes:
        package: dotted path without ``data.``.
        code: ``<package>.<short name>``.
        title: as in the annotation.
        description: cross-references replaced by their labels.
        effective_on: as the report shows it; need not be a date.
        solution: cross-references replaced by URLs or labels.
        collections: names without ``@``.
        depends_on: codes.
        pipeline_intention: what ``--filter-type ec-policy`` selects by.
    """

    package: str
    code: str
    title: str = ""
    description: str = ""
    effective_on: str = ""
    solution: str = ""
    collections: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    pipeline_intention: tuple[str, ...] = ()

    @classmethod
    def of(cls, package: str, annotation: Annotation) -> RuleInfo | None:
        """The rule that an annotation describes; None when it has no short name."""
        info = cls.from_annotation(package, annotation)
        return info if info.short_name else None

    @classmethod
    def from_annotation(cls, package: str, annotation: Annotation) -> RuleInfo:
        """What an annotation tells, with or without a short name."""
        custom = annotation.custom
        short_name = format_value(custom["short_name"]) if "short_name" in custom else ""
        return cls(
            package=package,
            code=f"{package}.{short_name}",
            title=annotation.title,
            description=replace_by_labels(annotation.description),
            effective_on=replace_by_links(plain_text(custom.get("effective_on")) or ""),
            solution=replace_by_labels(replace_by_links(plain_text(custom.get("solution")) or "")),
            collections=_strings(custom.get("collections")),
            depends_on=_dependencies(custom),
            pipeline_intention=_strings(custom.get("pipeline_intention")),
        )

    @property
    def short_name(self) -> str:
        """The code without the package; empty for none."""
        return self.code.removeprefix(f"{self.package}.")

    def metadata(self) -> dict[str, Any]:
        """The members that are the annotation's own, without the empty ones."""
        members: dict[str, Any] = {
            "title": self.title,
            "effective_on": self.effective_on,
            "description": self.description,
            "solution": self.solution,
            "collections": list(self.collections),
            "depends_on": list(self.depends_on),
        }
        return {key: value for key, value in members.items() if value}


@record(frozen=False)
class RuleSet:
    """All rules of a source group; grows while its sources are inspected, then stays.

    Attributes:
        annotated: code → what its annotation tells (RULES in the specification).
        by_package: the same, by the package they are in.
        codes: those and the codes of rules without annotation (ALL). Of a code that has both, the one without
            annotation counts, so that its collections and intentions don't.
    """

    annotated: dict[str, RuleInfo] = field(default_factory=dict)
    by_package: dict[str, list[RuleInfo]] = field(default_factory=dict)
    codes: dict[str, RuleInfo | None] = field(default_factory=dict)

    def add(self, entries: Iterable[RuleEntry]) -> None:
        """Take the rules of one inspected source.

        Raises:
            PolicyError: a rule reports what can't be a result, or has the code of an earlier one.
        """
        entries = list(entries)
        check_values(entries)
        for entry in entries:
            for annotation in entry.chain:
                if not annotation.scope:
                    self._add_code(entry)
                elif info := RuleInfo.of(entry.package, annotation):
                    self._add_info(info)

    def _add_code(self, entry: RuleEntry) -> None:
        if _reports(entry.name) and "." in entry.code:
            self.codes[entry.code] = None

    def _add_info(self, info: RuleInfo) -> None:
        if info.code in self.annotated:
            raise PolicyError(f"found a second rule with the same code: `{info.code}`")
        self.annotated[info.code] = info
        self.codes.setdefault(info.code, info)
        self.by_package.setdefault(info.package, []).append(info)


def check_values(entries: Iterable[RuleEntry]) -> None:
    """Refuse rules that report what can't be a result (specification 11 §5.1).

    Raises:
        PolicyError: there is one.
    """
    for entry in entries:
        for annotation in entry.chain:
            if annotation.unsupported and is_kept(entry, annotation):
                raise PolicyError(annotation.unsupported)


def is_kept(entry: RuleEntry, annotation: Annotation) -> bool:
    """Whether a link of a rule's chain counts: without a block, only those of judging rules do."""
    return bool(annotation.scope) or _reports(entry.name)


def _reports(name: str) -> bool:
    return is_failure(name) or is_warning(name)


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(item for item in value if plain_text(item) is not None)


def _dependencies(custom: Mapping[str, Any]) -> tuple[str, ...]:
    if "depends_on" not in custom:
        return ()
    value = custom["depends_on"]
    return tuple(map(format_value, value)) if isinstance(value, list) else (format_value(value),)
