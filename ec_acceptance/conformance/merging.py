"""Puts the parts of a run together that `--shard` had made of it: what comes of it is what the whole run comes to."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from ec_acceptance.conformance.cpu import add_times
from ec_acceptance.conformance.errors import UsageError
from ec_acceptance.conformance.outcome import Outcome
from ec_acceptance.conformance.runner import describe_unused
from ec_acceptance.conformance.suite import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ec_acceptance.conformance.outcome import About, Shard

__all__ = ["merge"]

_SHOWN = 300  # characters of a value
_ALIKE: Mapping[str, Callable[[About], object]] = {
    "suite": lambda about: about.suite,
    "number of scenarios in the suite": lambda about: about.scenarios,
    "profiles": lambda about: dict(about.profiles),
    "validator": lambda about: about.validator,
    "adapter": lambda about: about.adapter,
    "version of the validator": lambda about: about.version,
    "program (another build of it)": lambda about: about.program,
    "claims": lambda about: ",".join(sorted(about.claims)),
    "registry": lambda about: about.registry,
    "use of --strict": lambda about: about.strict,
    "list of expected failures": lambda about: ",".join(sorted(about.expected)),
    "number of shards": lambda about: about.shard and about.shard.count,
    "selection of scenarios": lambda about: about.shard and (about.shard.selected, about.shard.selection),
}
"""What all shards of a run have in common, and what is said where they don't."""


def merge(shards: Mapping[str, Outcome]) -> Outcome:
    """One run of all its shards.

    Args:
        shards: by the names of their reports, which errors name.

    Raises:
        UsageError: one isn't of a shard, is missing or there twice, or they are of several runs.
    """
    shard = _check(shards)
    outcomes = list(shards.values())
    merged = Outcome(
        replace(outcomes[0].about, selected=shard.selected, shard=None, began=min(one.about.began for one in outcomes)),
        tuple(result for one in outcomes for result in one.results),
        tuple(scenario for one in outcomes for scenario in one.missing),
        tuple(problem for one in outcomes for problem in one.problems),
        next((one.interrupted for one in outcomes if one.interrupted), ""),
        tuple(sorted(line for one in outcomes for line in one.unmet)),
        "; ".join(_different(one.hung for one in outcomes if one.hung)),
        tuple(_different(line for one in outcomes for line in one.check)),
        cpu=add_times(one.cpu for one in outcomes),
    )
    if not merged.judges_snapshots:
        return merged
    unused = [entry for entry in outcomes[0].unused if all(entry in one.unused for one in outcomes)]
    return replace(merged, problems=(*merged.problems, *map(describe_unused, unused)))


def _check(shards: Mapping[str, Outcome]) -> Shard:
    """Refuse what isn't all of one run; the answer is any of its shards.

    Raises:
        UsageError: as `merge`.
    """
    (first_name, first), *_ = shards.items()
    numbers: dict[int, str] = {}
    parts = {name: _shard_of(name, outcome) for name, outcome in shards.items()}
    for name, outcome in shards.items():
        for what, value in _ALIKE.items():
            one, other = value(first.about), value(outcome.about)
            if one != other:
                raise UsageError(
                    f"{name} is of another run than {first_name}: the {what} differs: "
                    f"{str(other)[:_SHOWN] or 'none'}, not {str(one)[:_SHOWN] or 'none'}"
                )
    for name, part in parts.items():
        if part.number in numbers:
            raise UsageError(f"{numbers[part.number]} and {name} are both of shard {part.number}/{part.count}")
        numbers[part.number] = name
    shard = parts[first_name]
    if len(numbers) < shard.count:  # which may be any number
        lost = next(number for number in itertools.count(1) if number not in numbers)
        raise UsageError(f"there are reports of {len(numbers)} of {shard.count} shards: none of {lost}/{shard.count}")
    _check_scenarios(shards.values(), shard.selection)
    return shard


def _shard_of(name: str, outcome: Outcome) -> Shard:
    if outcome.about.shard is None:
        raise UsageError(f"{name} isn't the report of a shard (run --shard I/N)")
    return outcome.about.shard


def _check_scenarios(outcomes: Iterable[Outcome], selection: str) -> None:
    """Each scenario of the selection is in one of them, and no other.

    Raises:
        UsageError: it isn't so: `--seed` wasn't the same, or a report was changed.
    """
    places: Counter[str] = Counter()
    for outcome in outcomes:
        places.update(result.location for result in outcome.results)
        places.update(scenario.location for scenario in outcome.missing)
    if twice := sorted(place for place, number in places.items() if number > 1):
        raise UsageError(f"{twice[0]} is in the reports twice: were the shards run with the same --seed?")
    if digest_of(places) != selection:
        raise UsageError("the scenarios of all reports aren't those of the run that was split")


def _different(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
