from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from refimpl.errors import HostError, PolicyError
from refimpl.evaluation.compilation import Compilation, Sources
from refimpl.rego.engine import Annotation, Evaluation, RuleEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class FakeProgram:
    def __init__(self) -> None:
        self.closed = threading.Event()
        self.rules: Mapping[str, tuple[str, ...]] = {"a": ("deny",)}

    def evaluate(self, *_: Any, **__: Any) -> Evaluation:
        return Evaluation({}, {})

    def close(self) -> None:
        self.closed.set()


class FakeEngine:
    """Holds back loading until told, and may fail."""

    def __init__(self, inspecting: Exception | None = None, loading: Exception | None = None) -> None:
        self.go = threading.Event()
        self.program = FakeProgram()
        self.inspected: list[Path] = []
        self._inspecting = inspecting
        self._loading = loading

    def inspect(self, directory: Path, **_: Any) -> list[RuleEntry]:
        self.inspected.append(directory)
        if self._inspecting:
            raise self._inspecting
        annotation = Annotation("rule", custom={"short_name": directory.name})
        return [RuleEntry("a", "deny", "a.rego", 1, "", (annotation,))]

    def load(self, policies: Sequence[Path], data: Sequence[Path], **_: Any) -> FakeProgram:
        assert self.go.wait(60)
        assert (list(policies), list(data)) == ([Path("work/policy")], [Path("work/data")])
        if self._loading:
            raise self._loading
        return self.program

    def close(self) -> None:
        """Nothing to end."""


SOURCES = Sources([Path("one"), Path("two")], [Path("work/policy")], [Path("work/data")])


def test_it_starts_at_once_and_is_waited_for_later() -> None:
    engine = FakeEngine()
    compilation = Compilation(engine, SOURCES)  # must not wait for the load, which waits for us
    engine.go.set()
    made = compilation.result()
    assert made.program is engine.program
    assert list(made.rules.annotated) == ["a.one", "a.two"]
    assert engine.inspected == [Path("one"), Path("two")]


def test_inspection_speaks_before_compilation() -> None:
    engine = FakeEngine(PolicyError("inspected"), PolicyError("compiled"))
    engine.go.set()
    with pytest.raises(PolicyError, match="inspected"):
        Compilation(engine, SOURCES).result()
    assert engine.inspected == [Path("one")]


@pytest.mark.parametrize("error", [PolicyError("compiled"), HostError("died")])
def test_an_error_is_raised_each_time(error: Exception) -> None:
    engine = FakeEngine(loading=error)
    engine.go.set()
    compilation = Compilation(engine, SOURCES)
    for _ in range(2):
        with pytest.raises(type(error), match=str(error)):
            compilation.result()


def test_close_forgets_the_program_when_it_is_there() -> None:
    engine = FakeEngine()
    compilation = Compilation(engine, SOURCES)
    compilation.close()
    assert not engine.program.closed.is_set()
    engine.go.set()
    assert engine.program.closed.wait(60)


def test_close_after_a_failure_is_quiet() -> None:
    engine = FakeEngine(loading=PolicyError("compiled"))
    engine.go.set()
    compilation = Compilation(engine, SOURCES)
    with pytest.raises(PolicyError):
        compilation.result()
    compilation.close()
