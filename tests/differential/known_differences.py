"""Where both programs may differ (docs/differences.md), each as narrow as can be."""

from __future__ import annotations

import re
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KNOWN", "Known", "leveled"]

_Said = dict[str, list[str]]
_ERRORS = "standard error"
_INDEX = 'level=warning msg="Encountered error while checking for Image Index: '
_SKIPPED = (
    "are active, all cryptographic verification is disabled",
    "Image signature check skipped",
    "Attestation signature check skipped",
)
_STATUS_AND_ERRORS = ("exit status", "standard error")
_NOT_JUDGED = "builtin.image.judged"
_UNJUDGED = " can't be judged: "
_COMPLAINT = "Unsupported collections set in Metadata, expecting []string got: "
_SEPARATORS = {"\\L": "\u2028", "\\P": "\u2029"}
_TEMPLATE = re.compile(
    r"template: _results\.tmpl:.* (?:error calling joinStrSlice: |at <\.Metadata\.term>: wrong type for value; )"
)
_WRONG_MEMBER = re.compile(r"jsonschema: '.*' does not validate with https://github\.com/conforma/crds/.*?: .*")


@dataclass(frozen=True, slots=True)
class Known:
    """A difference that doesn't count.

    Attributes:
        name: for counting.
        reason: why we differ.
        level: makes what the oracle said and what we said equal in this one respect; may change both.
    """

    name: str
    reason: str
    level: Callable[[_Said, _Said], None]


def leveled(oracle: _Said, ours: _Said, counts: Counter[str]) -> tuple[_Said, _Said]:
    """Both without the known differences; `counts` gets those that made them differ."""
    for known in KNOWN:
        before = _parts(oracle, ours)
        original = deepcopy((oracle, ours))
        known.level(oracle, ours)
        if _parts(oracle, ours) < before:
            counts[known.name] += 1
        else:
            oracle, ours = original
    return oracle, ours


def _parts(oracle: _Said, ours: _Said) -> int:
    """How many lines only one of both has."""
    count = 0
    for part in {*oracle, *ours}:
        theirs, own = Counter(oracle.get(part, ())), Counter(ours.get(part, ()))
        count += ((theirs - own) + (own - theirs)).total() + (oracle.get(part) != ours.get(part))
    return count


def _skipped_checks(oracle: _Said, ours: _Said) -> None:
    for said in (oracle, ours):
        about = [line for line in said[_ERRORS] if any(text in line for text in _SKIPPED)]
        if said is oracle or len(set(about)) == len(about):
            said[_ERRORS] = [line for line in said[_ERRORS] if line not in about]


def _index_warnings(oracle: _Said, ours: _Said) -> None:
    def ordered(line: str) -> str:
        return "; ".join(sorted(line.removesuffix('"').removeprefix(_INDEX).split("\\n"))) if _INDEX in line else line

    for said in (oracle, ours):
        said[_ERRORS] = sorted(map(ordered, said[_ERRORS]))


def _no_policies(_oracle: _Said, ours: _Said) -> None:
    ours[_ERRORS] = [line.replace("[WORK/empty/policy]", "[WORK/policy]") for line in ours[_ERRORS]]


def _complaints(oracle: _Said, ours: _Said) -> None:
    for said in (oracle, ours):
        said[_ERRORS] = [line for line in said[_ERRORS] if _COMPLAINT not in line]


def _separators(oracle: _Said, ours: _Said) -> None:
    def unquoted(line: str) -> str:
        for escape, character in _SEPARATORS.items():
            line = line.replace(escape, character)
        return re.sub("['\"]", "", line) if any(one in line for one in _SEPARATORS.values()) else line

    for said in (oracle, ours):
        if "out.yaml" in said:
            said["out.yaml"] = sorted(map(unquoted, said["out.yaml"]))


def _terms(oracle: _Said, ours: _Said) -> None:
    if any(_TEMPLATE.match(line) for line in oracle[_ERRORS]):
        for said in (oracle, ours):
            said.pop("out.text", None)
            said["exit status"] = []
            lines = [line for line in said[_ERRORS] if not _TEMPLATE.match(line)]
            said[_ERRORS] = [line for line in lines if line not in ("Error:", "success criteria not met")]


def _empty_inputs(oracle: _Said, ours: _Said) -> None:
    for said in (oracle, ours):
        if "out.policy-input" in said:
            said["out.policy-input"] = [line for line in said["out.policy-input"] if line]


def _wrong_members(oracle: _Said, ours: _Said) -> None:
    for said in (oracle, ours):
        said[_ERRORS] = [_WRONG_MEMBER.sub("jsonschema: …", line) for line in said[_ERRORS]]


def _unjudged(oracle: _Said, ours: _Said) -> None:
    if any(_UNJUDGED in line for line in ours[_ERRORS]):
        for said in (oracle, ours):
            said.clear()
            said[_ERRORS] = []


def _others_judged(oracle: _Said, ours: _Said) -> None:
    judged = any(_NOT_JUDGED in line for lines in ours.values() for line in lines)
    if judged and not any(oracle[part] for part in oracle if part not in _STATUS_AND_ERRORS):
        for said in (oracle, ours):
            for part in [part for part in said if part not in _STATUS_AND_ERRORS]:
                del said[part]


KNOWN = (
    Known("unjudged", "a rule that denies in no form that can be judged is an error; the oracle passes it", _unjudged),
    Known("others judged", "of an image that can't be judged the others' verdicts are told", _others_judged),
    Known("skipped checks", "they are warned of once, not once a component: the flag is one", _skipped_checks),
    Known("index warnings", "they come in the order of the input, not of the answers", _index_warnings),
    Known("no policies", "the folder without rules has another place: sources are fetched once for all", _no_policies),
    Known("complaints", "the oracle looks at packages in random order, and complains until one answers", _complaints),
    Known("separators", "U+2028 and U+2029 are escaped in YAML: readers take them for line breaks", _separators),
    Known("terms", "a term that isn't a text is printed by the text format, where the oracle fails", _terms),
    Known("empty inputs", "the empty line of a component without input is lost if it is the last", _empty_inputs),
    Known("wrong members", "of several wrong members of a policy the oracle names a random one", _wrong_members),
)
"""All of them."""
