"""What a validation of the example images says about each of them, whichever of the allowed forms it takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ec_acceptance.testbed.expect.report import Report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ec_acceptance.testbed.validator.process import Invocation

__all__ = ["CAUSES", "expect_cause", "expect_success", "reported_causes"]

_SEEN = "manifests.seen"
_OF_POLICIES = ("manifests.", "witness.")
_ERROR = re.compile(
    r"error validating image (?P<image>\S+) of component (?P<name>\S+): (?P<cause>.*?)"
    r"(?=\nerror validating image |\Z)",
    re.DOTALL,
)
CAUSES = {
    "a broken transfer": r"reset|broken|closed|abort|interrupt|incomplete|truncated|early|short|EOF|"
    r"unexpected end|transfer|connection",
    "a wrong digest": r"digest|checksum|hash",
    "a wrong size": r"size|length|bytes|short|EOF|incomplete|digest",
    "a damaged archive": r"gzip|zlib|zstd|deflate|archive|tar\b|EOF|unexpected end|corrupt|invalid|checksum",
    "a limit": r"limit|more than|exceed|too (?:large|big|long|many)",
    "the status 403": r"403|forbidden|denied",
    "the status 404": r"404|not[ _]found|unknown",
    "the status 429": r"429|too ?many ?requests",
    "the status 500": r"500|internal server error",
    "the status 503": r"503|unavailable",
    "the time-out": r"time-?out|timed out|deadline|execution time",
}
"""What the text of a cause says, in any words of a foreign library, by what scenarios call it."""


def expect_success(invocation: Invocation, seen: Mapping[str, str]) -> None:
    """Demand a successful report of exactly these components, each judged by its own files.

    Args:
        invocation: whose standard output is a JSON report of the example policies.
        seen: what the policy says about the files, by component.
    """
    shown = invocation.describe()
    assert not invocation.timed_out, f"the validator didn't end in time:\n{shown}"
    assert invocation.status == 0, f"the exit status is {invocation.status}, not 0:\n{shown}"
    report = Report.parse(invocation.out)
    assert report.document["success"] is True, f"the report isn't successful:\n{shown}"
    names = sorted(str(component.get("name")) for component in report.components)
    assert names == sorted(seen), f"the components are {names}, not {sorted(seen)}:\n{shown}"
    said = report.messages("warnings", _SEEN)
    wrong = {name: said[name] for name, text in seen.items() if said[name] != [text]}
    assert not wrong, f"components that were judged by other files than their own, and what they saw: {wrong}\n{shown}"


def reported_causes(invocation: Invocation) -> dict[str, list[str]]:
    """Why components failed, by component; a rule's verdict is no cause.

    Without a report, the causes stand on standard error: ``error validating image … of component …: cause``.
    """
    found: dict[str, list[str]] = {}
    if not invocation.out.strip():
        lines = [line for line in invocation.err.splitlines() if not line.startswith('time="')]
        for match in _ERROR.finditer("\n".join(lines)):
            found.setdefault(match["name"], []).append(match["cause"])
        return found
    for component in Report.parse(invocation.out).components:
        for result in component.get("violations") or ():
            code = str((result.get("metadata") or {}).get("code", ""))
            if not code.startswith(_OF_POLICIES):
                found.setdefault(str(component.get("name")), []).append(str(result.get("msg")))
    return found


def expect_cause(invocation: Invocation, components: Sequence[str], cause: str, named: str) -> None:
    """Demand that these components, and no others, failed for this cause (specification 40, "A component fails").

    Args:
        invocation: the run.
        components: their names.
        cause: one of `CAUSES`.
        named: what every cause names, such as the digest of the layer.
    """
    shown = invocation.describe()
    assert not invocation.timed_out, f"the validator didn't end in time:\n{shown}"
    assert invocation.status == 1, f"the exit status is {invocation.status}, not 1:\n{shown}"
    found = reported_causes(invocation)
    assert sorted(found) == sorted(components), (
        f"the components that failed for a cause are {sorted(found)}, not {sorted(components)}:\n{shown}"
    )
    for name, texts in found.items():
        fitting = [text for text in texts if re.search(CAUSES[cause], text, re.IGNORECASE) and named in text]
        assert fitting, f"component {name} doesn't name {cause}, or not {named}: {texts}\n{shown}"
