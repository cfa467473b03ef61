"""Data for rules that the command line brings: ``--extra-rule-data`` (specification 10 §3.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.errors import Error, PolicyError, join_errors
from refimpl.golang.numbers import as_float64

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from refimpl.policy.config import Policy

_NO_OBJECT = PolicyError("unable to parse ruledata into standard JSON object")


def with_extra_rule_data(policy: Policy, pairs: Sequence[str], resolve: Callable[[str], str]) -> Policy:
    """The policy whose groups all have the given rule data, over what they had.

    Numbers of the groups' own rule data become 64-bit floats, as in the contract.

    Args:
        policy: with or without rule data.
        pairs: each ``key=value``, where the value may name a file or a URL; the same for every group.
        resolve: makes the text of a value; called once for each distinct value (see `refimpl.policy.config.resolve`).

    Raises:
        Error: all that is wrong, a line each, once for each group; that its own rule data is no object, if it isn't.
    """
    if not pairs or not policy.sources:
        return policy
    outcomes: dict[str, str | Error] = {}
    extra: dict[str, str] = {}
    errors: list[Error] = []
    for index, pair in enumerate(pairs):
        key, separator, value = pair.partition("=")
        if not separator:
            errors.append(PolicyError(f"incorrect syntax for --extra-rule-data {index}"))
            continue
        if value not in outcomes:
            outcomes[value] = _resolve(value, resolve)
        outcome = outcomes[value]
        if isinstance(outcome, Error):
            errors.append(outcome)
        else:
            extra[key] = outcome
    owns = [{} if source.rule_data is None else source.rule_data for source in policy.sources]
    failure = join_errors([error for own in owns for error in (errors if isinstance(own, dict) else (_NO_OBJECT,))])
    if failure is not None:
        raise failure
    return policy.with_rule_data([as_float64({**own, **extra}) for own in owns])


def _resolve(value: str, resolve: Callable[[str], str]) -> str | Error:
    try:
        text = resolve(value)
    except Error as error:
        return PolicyError(f"unable to load data from extraRuleData: {error}")
    return text.encode(errors="surrogateescape").decode(errors="replace")
