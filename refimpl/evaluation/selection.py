"""Which rules, and so which packages, an image calls for (specification 11 §7.4 and §8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from refimpl.evaluation.specificity import CriteriaMatcher, criterion_texts
from refimpl.record import record
from refimpl.result import plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from refimpl.evaluation.rules import RuleInfo, RuleSet


@record
class Selection:
    """The rules that are *in* for an image.

    Attributes:
        include: the items for the image that it was made by.
        codes: theirs, annotated or not.
        passing: those that may succeed: *in* by their annotation, whatever a rule without annotation has of the code.
        namespaces: the packages to evaluate, sorted; empty when all of the engine's are.
        texts: all that the rules with the wanted intention answer to, *in* or not.
        passing_texts: likewise, by their annotation; they count as soon as a rule of an evaluated package passes.
    """

    include: tuple[str, ...]
    codes: frozenset[str]
    passing: frozenset[str]
    namespaces: tuple[str, ...]
    texts: frozenset[str]
    passing_texts: frozenset[str]


def intention(rule_data: Any) -> frozenset[str]:
    """The pipeline intentions that rule data asks for: a string, also an empty one, or a list of strings (11 §8).

    Rule data that isn't an object asks for none.
    """
    value = rule_data.get("pipeline_intention") if isinstance(rule_data, dict) else None
    if isinstance(value, list):
        return frozenset(item for item in value if plain_text(item) is not None)
    text = plain_text(value)
    return frozenset() if text is None else frozenset((text,))


def select(
    rules: RuleSet, include: Sequence[str], exclude: Sequence[str], intentions: frozenset[str] | None
) -> Selection:
    """Weigh each rule of the group, without terms.

    Args:
        rules: of the group.
        include: items for the image, without a component's.
        exclude: likewise.
        intentions: those wanted; None when intentions don't count.
    """
    matcher = CriteriaMatcher(include, exclude)
    anything = tuple(include) in ((), ("*",))
    seen: set[str] = set()

    def is_wanted(code: str, info: RuleInfo | None) -> bool:
        if intentions is not None and not _matches_intention(info, intentions):
            return False
        texts = criterion_texts(code, (), info.collections if info else ())
        seen.update(texts)
        included, excluded = matcher.totals(texts)
        return included > excluded or (anything and not excluded)

    codes = frozenset(code for code, info in rules.codes.items() if is_wanted(code, info))
    texts = frozenset(seen)
    passing = frozenset(code for code, info in rules.annotated.items() if is_wanted(code, info))
    namespaces = sorted({code.partition(".")[0] for code in codes})
    return Selection(tuple(include), codes, passing, tuple(namespaces), texts, frozenset(seen))


def _matches_intention(info: RuleInfo | None, intentions: frozenset[str]) -> bool:
    own = info.pipeline_intention if info else ()
    return not intentions.isdisjoint(own) if intentions else not own
