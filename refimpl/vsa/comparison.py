"""Whether two policies judge an image alike: the one of a VSA, and the one that is asked for (24 §16).

Where the rules are counts, and not their revision: digests, commits and protocols of URLs are left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from refimpl.errors import VerificationError
from refimpl.evaluation.criteria import Criteria
from refimpl.golang import jsontext
from refimpl.golang.document import kind
from refimpl.golang.numbers import as_float64
from refimpl.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from refimpl.policy.config import Policy, SourceGroup

_PROTOCOL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*::")
_REVISION = re.compile(r"[?#].*", re.DOTALL)
_LATE_FOLDER = re.compile(r"\?[^#]*?//([^?#]+)")
_DIGEST = re.compile(r"@[A-Za-z0-9]+:[A-Za-z0-9]+\Z")
_ALIKE = 0.60
"""From this likeness on, two groups of sources count as one that was changed."""


@record
class Judged:
    """What the policies are compared for: criteria may be for some images and some time only.

    Attributes:
        image: ``repository@digest``.
        component: its name.
        time_ns: nanoseconds since 1970.
    """

    image: str
    component: str
    time_ns: int


@record
class Differences:
    """How many things the policy that is asked for has more, fewer and otherwise."""

    added: int = 0
    removed: int = 0
    changed: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


@record
class _Bucket:
    """The source groups of one set of rules and data, as one; `parts` are the criteria and rule data of each."""

    names: frozenset[str]
    policy: frozenset[str]
    data: frozenset[str]
    include: frozenset[str]
    exclude: frozenset[str]
    rule_data: str
    parts: frozenset[tuple[frozenset[str], frozenset[str], str]]

    @property
    def places(self) -> tuple[frozenset[str], frozenset[str]]:
        return self.policy, self.data

    def differences(self, other: _Bucket) -> Differences:
        """What `other` has otherwise."""
        pairs = (
            (self.policy, other.policy),
            (self.data, other.data),
            (self.include, other.include),
            (self.exclude, other.exclude),
        )
        added = sum(len(new - old) for old, new in pairs)
        removed = sum(len(old - new) for old, new in pairs)
        found = Differences(added, removed, int(self.rule_data != other.rule_data))
        return found or Differences(changed=int(self.parts != other.parts))

    def likeness(self, other: _Bucket) -> float:
        """From 0 to 1."""
        score = 0.40 * _overlap(self.policy, other.policy) + 0.60 * _overlap(self.data, other.data)
        score += 0.10 * bool(self.names & other.names) + 0.10 * (self.rule_data == other.rule_data)
        return min(score, 1.0)


def compare(attested: Policy, wanted: Policy, judged: Judged) -> Differences:
    """What `wanted` has otherwise than `attested`; none when they judge the image alike.

    Raises:
        VerificationError: they can't be compared, since rule data of one isn't an object.
    """
    old, new = _buckets(attested, judged, "first"), _buckets(wanted, judged, "second")
    keyed_old, keyed_new = _key_buckets(old), _key_buckets(new)
    found = [keyed_old[key].differences(keyed_new[key]) for key in keyed_old.keys() & keyed_new.keys()]
    gone = [bucket for key, bucket in keyed_old.items() if key not in keyed_new]
    come = [bucket for key, bucket in keyed_new.items() if key not in keyed_old]
    pairs = _pair(gone, come)
    found += [one.differences(other) for one, other in pairs]
    found.append(Differences(added=len(come) - len(pairs), removed=len(gone) - len(pairs)))
    return Differences(
        sum(one.added for one in found), sum(one.removed for one in found), sum(one.changed for one in found)
    )


def _key_buckets(buckets: Sequence[_Bucket]) -> dict[object, _Bucket]:
    """By the names of their sources or, where several have the same ones or none, by what they are made of."""
    named: dict[frozenset[str], list[_Bucket]] = defaultdict(list)
    for bucket in buckets:
        named[bucket.names].append(bucket)
    keyed: dict[object, _Bucket] = {}
    for names, same in named.items():
        for bucket in same:
            keyed[bucket.places if len(same) > 1 or not names else names] = bucket
    return keyed


def _pair(gone: Sequence[_Bucket], come: Sequence[_Bucket]) -> list[tuple[_Bucket, _Bucket]]:
    """Those that are alike, the most alike first; each is in one pair at most."""
    scores = [
        (one.likeness(other), place, other_place)
        for place, one in enumerate(gone)
        for other_place, other in enumerate(come)
    ]
    taken: set[int] = set()
    taken_others: set[int] = set()
    pairs = []
    for score, place, other_place in sorted(scores, key=lambda one: -one[0]):
        if score < _ALIKE or place in taken or other_place in taken_others:
            continue
        taken.add(place)
        taken_others.add(other_place)
        pairs.append((gone[place], come[other_place]))
    return pairs


def _buckets(policy: Policy, judged: Judged, which: str) -> list[_Bucket]:
    groups: dict[tuple[frozenset[str], frozenset[str]], list[SourceGroup]] = defaultdict(list)
    for group in policy.sources:
        if not isinstance(group.rule_data, dict | None):
            reason = f"json: cannot unmarshal {kind(group.rule_data)} into Go value of type map[string]interface {{}}"
            normalizing = f"failed to normalize {which} policy: failed to normalize"
            raise VerificationError(f"policy comparison failed: {normalizing}: unmarshal ruleData: {reason}")
        groups[_places(group.policy), _places(group.data)].append(group)
    return [_bucket(places, same, policy.configuration, judged) for places, same in groups.items()]


def _bucket(
    places: tuple[frozenset[str], frozenset[str]],
    groups: Sequence[SourceGroup],
    configuration: Mapping[str, Any] | None,
    judged: Judged,
) -> _Bucket:
    parts = [_part(group, configuration, judged) for group in groups]
    return _Bucket(
        names=frozenset(group.name for group in groups if group.name),
        policy=places[0],
        data=places[1],
        include=frozenset[str]().union(*(include for include, _, _ in parts)),
        exclude=frozenset[str]().union(*(exclude for _, exclude, _ in parts)),
        rule_data=_canonical(group.rule_data for group in groups if group.rule_data is not None),
        parts=frozenset(parts),
    )


def _part(
    group: SourceGroup, configuration: Mapping[str, Any] | None, judged: Judged
) -> tuple[frozenset[str], frozenset[str], str]:
    criteria = Criteria.of(group, configuration, time_ns=judged.time_ns)
    include, exclude = criteria.select(judged.image, judged.component)
    said = () if include == ("*",) else include  # what counts when nothing is said
    return _matchers(said), _matchers(exclude), _canonical([group.rule_data or {}])


def _places(urls: Sequence[str]) -> frozenset[str]:
    return frozenset(_place(url) for url in urls)


def _place(url: str) -> str:
    """Where something is, whatever its revision and however it is fetched; a folder may come after the revision."""
    text = url.strip().removeprefix("http://").removeprefix("https://")
    place = _PROTOCOL.sub("", text, count=1)
    folder = _LATE_FOLDER.search(place)
    return _DIGEST.sub("", _REVISION.sub("", place)) + (f"//{folder[1]}" if folder else "")


def _matchers(criteria: Iterable[str]) -> frozenset[str]:
    return frozenset(text for one in criteria if (text := one.strip().removesuffix(".*")))


def _canonical(rule_data: Iterable[Mapping[str, Any]]) -> str:
    """All rule data as one text, whose equality is theirs."""
    import hashlib

    def by_hash(data: Any) -> str:
        return hashlib.sha256(jsontext.encode(data)).hexdigest()

    merged: dict[str, Any] = {}
    for data in sorted((as_float64(dict(one)) for one in rule_data), key=by_hash):
        _merge(merged, data)
    return jsontext.dumps(as_float64(merged))


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        known = into.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value)
        else:
            into[name] = value


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 1.0
