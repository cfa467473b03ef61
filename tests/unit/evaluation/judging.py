"""What tests of evaluation share: a source group made of texts, judged by the real engine."""

from __future__ import annotations

import atexit
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from refimpl.evaluation.compilation import Sources
from refimpl.evaluation.evaluator import Evaluator
from refimpl.golang.instant import parse
from refimpl.rego.host import Host

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from refimpl.evaluation.collector import Outcome
    from refimpl.result import Result

IMAGE = "registry.example/acme/app"
REF = f"{IMAGE}@sha256:{'ab' * 32}"


@dataclass
class Case:
    """A source group made of files, and what it says of an image."""

    host: Host
    directory: Path
    config: Mapping[str, Any] | None = None
    volatile_config: Mapping[str, Any] | None = None
    rule_data: Mapping[str, Any] | None = None
    configuration: Mapping[str, Any] | None = None
    filter_type: str = "include-exclude"
    opa: bool = False
    now: str = "2030-01-01T00:00:00Z"
    files: dict[str, str] = field(default_factory=dict)

    def evaluator(self) -> Evaluator:
        """The files' first folder is the source."""
        for name, text in self.files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        roots = sorted({self.directory / name.split("/")[0] for name in self.files})
        return Evaluator.create(
            self.host,
            self,
            Sources(inspected=roots, policies=roots, data=[], documents={"conftest/file": {"name": "input.json"}}),
            time_ns=parse(self.now),
            configuration=self.configuration,
            filter_type=self.filter_type,
            opa=self.opa,
        )

    def outcome(self, ref: str = REF, name: str = "one", input_json: bytes = b"{}") -> Outcome:
        return self.evaluator().evaluate(ref, name, input_json)


def case(directory: Path, *rego: str, **options: Any) -> Case:
    """A source of these modules."""
    files = {f"pol/{number}.rego": text for number, text in enumerate(rego)}
    return Case(host(), directory, files=files, **options)


@functools.cache
def host() -> Host:
    """The engine, one for all tests."""
    started = Host.start()
    atexit.register(started.close)
    return started


def brief(results: tuple[Result, ...]) -> list[str]:
    """Each as the specification's tables show it: ``-`` without a code, terms in brackets, else the message."""
    shown = []
    for result in results:
        code = result.metadata.get("code")
        term = result.metadata.get("term")
        terms = f"({','.join(term) if isinstance(term, list) else term})" if term else ""
        shown.append(f"{code}{terms}" if code else result.msg if result.msg.startswith("Include") else "-")
    return sorted(shown)
