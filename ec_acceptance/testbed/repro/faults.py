"""The gate's rules as members of a document, and rules of such members."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, get_args

from ec_acceptance.testbed.gate.log import Match
from ec_acceptance.testbed.gate.rules import Verb
from ec_acceptance.testbed.registry.routes import Kind
from ec_acceptance.testbed.repro.document import BundleError, Member

if TYPE_CHECKING:
    from ec_acceptance.testbed.gate.rules import Rule
    from ec_acceptance.testbed.repro.archive import Blobs, Bundle

__all__ = ["describe_rule", "read_match", "read_nth", "read_verb"]

_VERBS: dict[str, type[Any]] = {verb.__name__: verb for verb in get_args(Verb)}
_KINDS = frozenset(get_args(Kind))


def describe_rule(rule: Rule, seen: int, blobs: Blobs) -> dict[str, Any]:
    """A rule, with how long it held what it held, and whether it was released.

    Args:
        rule: at the gate.
        seen: how many requests matched before the run.
        blobs: get the bodies that are sent in place of others.
    """
    values = {field.name: getattr(rule.verb, field.name) for field in fields(rule.verb)}
    for name, value in values.items():
        if isinstance(value, bytes):
            values[name] = {"content": blobs.add(value, f"the answer of {rule.match}")}
    match = {field.name: getattr(rule.match, field.name) for field in fields(Match)}
    nth = [rule.nth.start, rule.nth.stop] if isinstance(rule.nth, range) else rule.nth
    return {
        "verb": type(rule.verb).__name__,
        **values,
        "match": match,
        "nth": nth,
        "seen": seen,
        "released": rule.released,
        "held": round(rule.longest_hold, 3),
    }


def read_verb(rule: Member, bundle: Bundle) -> Verb:
    """The verb of a rule.

    Raises:
        BundleError: there is no such verb, or a value that it can't have.
    """
    name = rule["verb"].text()
    if name not in _VERBS:
        raise BundleError(f"{rule.place}: there is no verb {name[:80]!r}")
    values = {field.name: _value(rule.get(field.name), bundle) for field in fields(_VERBS[name])}
    wrong = [one for one, kind in _types(_VERBS[name]).items() if not _fits(values[one], kind)]
    if wrong:
        raise BundleError(f"{rule.place}.{wrong[0]} is nothing that {name} can have")
    verb: Verb = _VERBS[name](**values)
    return verb


def read_match(rule: Member) -> Match:
    """Which requests a rule is for."""
    match = rule["match"]
    found = {field.name: match.get(field.name) for field in fields(Match)}
    texts = {name: None if value is None else value.text() for name, value in found.items()}
    if texts["kind"] not in {None, *_KINDS}:
        raise BundleError(f"{match.place}.kind is no kind of request")
    return Match(**texts)  # type: ignore[arg-type]  # `kind` is one of them


def read_nth(rule: Member) -> int | range | None:
    """Which of these requests."""
    nth = rule.get("nth")
    if nth is None or isinstance(nth.value, int):
        return None if nth is None else nth.integer()
    first, last = (one.integer() for one in nth.members()) if len(list(nth.members())) == 2 else (0, 0)
    return range(first, last)


def _types(verb: type[Any]) -> dict[str, str]:
    return {field.name: str(field.type) for field in fields(verb)}


def _fits(value: Any, kind: str) -> bool:
    """Whether a value is of a type that is written down for a field of a verb."""
    kinds: dict[str, tuple[type, ...]] = {
        "int": (int,),
        "float": (int, float),
        "str": (str,),
        "bytes": (bytes,),
        "None": (type(None),),
    }
    wanted = [one.strip() for one in kind.split("|")]
    if isinstance(value, bool):
        return False
    if isinstance(value, tuple):
        pairs = "tuple[tuple[str, str], ...]" in wanted
        return all(
            (isinstance(one, tuple) and len(one) == 2 and all(isinstance(part, str) for part in one))
            if pairs
            else isinstance(one, str)
            for one in value
        ) and any(one.startswith("tuple") for one in wanted)
    return any(isinstance(value, kinds.get(one, ())) for one in wanted)


def _value(member: Member | None, bundle: Bundle) -> Any:
    if member is None:
        return None
    if isinstance(member.value, dict):
        return bundle.content(member["content"])
    if isinstance(member.value, list):
        return tuple(tuple(one.texts()) if isinstance(one.value, list) else one.text() for one in member.members())
    return member.value
