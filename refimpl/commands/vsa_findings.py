"""The report of ``validate vsa``: what was found of each component's VSA, and in its place (specification 24 §17)."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from refimpl.errors import OutputError
from refimpl.golang import jsontext
from refimpl.golang.oserrors import describe
from refimpl.golang.quoting import quote
from refimpl.record import record
from refimpl.report.structured import describe_images
from refimpl.report.text import render_images
from refimpl.vsa.check import PASSED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from refimpl.errors import Error
    from refimpl.report.model import ComponentResult, Report, TextOptions
    from refimpl.vsa.check import Finding

FORMATS = ("json", "yaml", "text", "status")
_TITLE = "VALIDATE VSA RESULT"
_FALLBACK = "=== FALLBACK: VALIDATE IMAGE ==="
_REASONS = {
    "policy_mismatch": "policy mismatch",
    "predicate_failed": "predicate failed",
    "no_vsa": "no vsa",
    "expired": "expired",
    "retrieval_failed": "retrieval failed",
}


@record
class ComponentFinding:
    """What came of one component.

    Attributes:
        name: of the component.
        image: its reference.
        finding: on its VSA.
        error: that keeps the component from any verdict.
        fallback: what a validation of the image found in its place; None if there was none.
    """

    name: str
    image: str
    finding: Finding
    error: Error | None = None
    fallback: ComponentResult | None = None

    @property
    def passed(self) -> bool:
        """Whether the VSA counts or, where it doesn't, the image itself was validated and conforms."""
        if self.error is not None:
            return False
        return self.fallback.success if self.fallback is not None else self.finding.passed

    @property
    def digest(self) -> str:
        """The beginning of the digest; of what has none, the end."""
        _, at, digest = self.image.partition("@")
        if not at:
            return f"…{self.image[-8:]}" if len(self.image) > 8 else self.image
        return digest.removeprefix("sha256:")[:8]

    @property
    def reason(self) -> str:
        """Why the VSA doesn't count, in a word or two."""
        if self.finding.reason:
            return _REASONS[self.finding.reason]
        return "predicate failed" if "predicate" in self.finding.message else "unknown"


def check_outputs(outputs: Iterable[str]) -> None:
    """See that each is ``format[=path]`` of a known format.

    Raises:
        OutputError: one isn't.
    """
    for output in outputs:
        name = output.partition("=")[0]
        if name not in FORMATS:
            raise OutputError(f"{quote(name)} is not a valid report format (there are {', '.join(FORMATS)})")


def write_findings(
    findings: Sequence[ComponentFinding], fallback: Report | None, outputs: Sequence[str], options: TextOptions
) -> None:
    """Write to all targets; if any is a file, each has all in one document.

    Args:
        findings: in the report's order.
        fallback: on the images that were validated in place of VSAs; None without such.
        outputs: ``format[=path]``; none is text.
        options: of the text of `fallback`.

    Raises:
        OutputError: a target can't be written.
    """
    sections = _Sections(findings, fallback)
    chosen = outputs or ("text",)
    if any("=" in output for output in chosen):
        for output in chosen:
            name, _, path = output.partition("=")
            _put(path, sections.whole(name, options))
        return
    for name in chosen:
        _put("", sections.own(name))
    names = [name for name in chosen if name != "status"]
    if fallback is None or not names:
        return
    if "text" in names:
        _put("", _FALLBACK)
    for name in names:
        _put("", _image_report(name, fallback, options))
    _put("", "")


def _put(path: str, text: str) -> None:
    data = text if text.endswith("\n") else f"{text}\n"
    if path:
        from refimpl.report.file import write_file

        write_file(path, data.encode(errors="replace"))
        return
    try:
        sys.stdout.buffer.write(data.encode(errors="replace"))
        sys.stdout.buffer.flush()
    except OSError as error:
        raise OutputError(describe("write", "/dev/stdout", error)) from error


def _image_report(name: str, report: Report, options: TextOptions) -> str:
    if name == "text":
        return render_images(report, options)
    return _yaml(describe_images(report)) if name == "yaml" else jsontext.dumps(describe_images(report))


def _yaml(document: Any) -> str:
    from refimpl.golang import yaml_dump

    return yaml_dump.dumps(document)


class _Sections:
    """The parts of the report, as texts."""

    def __init__(self, findings: Sequence[ComponentFinding], fallback: Report | None) -> None:
        self._findings = findings
        self._fallback = fallback
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        self._now = f"{now.removesuffix('+00:00')}Z" if now.endswith("+00:00") else now
        self._passed = all(one.passed for one in findings)

    def own(self, name: str) -> str:
        """What is said of the VSAs, in a format."""
        if name == "text":
            return self._text()
        if name == "status":
            return jsontext.dumps({"result": "SUCCESS" if self._passed else "FAILURE"})
        return self._write(name, self._document())

    def whole(self, name: str, options: TextOptions) -> str:
        """The same with what is said of the images."""
        if self._fallback is None or name == "status":
            return self.own(name)
        if name == "text":
            return f"{self._text()}\n{_FALLBACK}\n{render_images(self._fallback, options)}"
        return self._write(name, self._document() | {"fallback": describe_images(self._fallback)})

    def _write(self, name: str, document: dict[str, Any]) -> str:
        return _yaml(document) if name == "yaml" else jsontext.indent(jsontext.dumps(document))

    def _document(self) -> dict[str, Any]:
        result = {"overall": self._overall(), "image_count": len(self._findings), "images": self._images()}
        if used := self._fallback_used():
            result = {"overall": self._overall(), "fallback": used, **result}
        summary = {"signature": self._signature(), "predicate": self._predicate(), "policy": self._policy()}
        if reasons := self._reasons():
            summary["fallback_reasons"] = reasons
        document: dict[str, Any] = {
            "header": {"title": _TITLE, "timestamp": self._now},
            "result": result,
            "vsa_summary": summary,
        }
        if difference := self._difference():
            document["policy_diff"] = difference
        return document

    def _text(self) -> str:
        lines = [f"=== {_TITLE} — {self._now} ===", "", "Result", f"  Overall: {self._overall()}"]
        if used := self._fallback_used():
            lines.append(f"  Fallback: {used}")
        lines += [f"  Images ({len(self._findings)}):", *self._images(), "", "VSA Summary"]
        lines += [f"  Signature: {self._signature()}", f"  Predicate: {self._predicate()}"]
        lines.append(f"  Policy: {self._policy()}")
        if reasons := self._reasons():
            lines.append(f"  Fallback reason(s): {reasons}")
        lines.append("")
        if difference := self._difference():
            lines += [
                "Policy Diff (summary)",
                f"  Affected images: [{difference['affected_images']}]",
                f"  Added:   {difference['added']}",
                f"  Removed: {difference['removed']}",
                f"  Changed: {difference['changed']}",
                "",
            ]
        return "".join(f"{line}\n" for line in lines)

    def _overall(self) -> str:
        return "✅ PASSED" if self._passed else "❌ FAILED"

    def _fallback_used(self) -> str:
        count = sum(one.fallback is not None for one in self._findings)
        if not count:
            return ""
        return "used for all images" if count == len(self._findings) else "used for some images"

    def _images(self) -> list[str]:
        lines = []
        for number, one in enumerate(self._findings, 1):
            status = "PASSED" if one.finding.passed else f"FAILED(reason={one.reason})"
            line = f"    [{number}] …{one.digest}  VSA={status}"
            if one.fallback is not None:
                line += f"  Fallback={'PASSED' if one.fallback.success else 'FAILED'}"
            lines.append(line)
        return lines

    def _signature(self) -> str:
        return "VERIFIED" if all(one.finding.verified for one in self._findings) else "NOT VERIFIED"

    def _predicate(self) -> str:
        statuses = [one.finding.status for one in self._findings if one.finding.status]
        passed = statuses.count(PASSED)
        failed = len(statuses) - passed
        if not statuses:
            return "(no predicate data)"
        if passed and failed:
            return f"mixed (passed: {passed}, failed: {failed})"
        return f"failed ({failed}/{failed})" if failed else f"passed ({passed}/{passed})"

    def _policy(self) -> str:
        differing = [one.finding.differences for one in self._findings if one.finding.differences is not None]
        compared = len(differing) + sum(one.finding.passed for one in self._findings)
        if not compared:
            return "(no policy data)"
        if not differing:
            return "matches (no differences)"
        adds, removes = sum(one.added for one in differing), sum(one.removed for one in differing)
        changes = sum(one.changed for one in differing)
        counts = f"adds={adds}, removes={removes}, changes={changes}"
        return f"mismatches on {len(differing)}/{compared} images ({counts})"

    def _reasons(self) -> str:
        return ", ".join(sorted({one.reason for one in self._findings if not one.finding.passed}))

    def _difference(self) -> dict[str, str]:
        affected = [one for one in self._findings if one.finding.differences is not None]
        if not affected:
            return {}
        differing = [one.finding.differences for one in affected if one.finding.differences is not None]
        added, removed = sum(one.added for one in differing), sum(one.removed for one in differing)
        changed = sum(one.changed for one in differing)
        return {
            "affected_images": ", ".join(one.digest for one in affected),
            "added": f"[include] {added}" if added else "none",
            "removed": str(removed) if removed else "none",
            "changed": str(changed) if changed else "none",
        }
