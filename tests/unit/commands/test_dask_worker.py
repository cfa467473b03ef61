"""What a worker says of batches."""

from __future__ import annotations

import pickle
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from refimpl.command_line.version import VERSION
from refimpl.commands.dask.plan import Plan
from refimpl.commands.snapshot import Component
from refimpl.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

worker = pytest.importorskip("refimpl.commands.dask.worker", reason="the extra isn't installed")


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The tasks that the worker knows."""
    found: dict[str, Any] = {"task": SimpleNamespace(state="executing")}
    here = SimpleNamespace(
        address="tcp://worker:1",
        name="0",
        local_directory="/nowhere",
        state=SimpleNamespace(tasks=found),
        get_current_task=lambda: "task",
    )
    monkeypatch.setattr(worker, "get_worker", lambda: here)
    return found


class _Judging(Plan):
    """A plan by which an image's name is what comes of it."""

    def __init__(self, tasks: dict[str, Any]) -> None:
        super().__init__("run", VERSION, None, b"")
        self.seen: list[str] = []
        self.dead: HostError | None = None
        self.closed = False
        self._tasks = tasks

    def judging(self, *_: object) -> Any:
        def judge(components: Iterable[Component], ended: Callable[[int], None]) -> Iterator[tuple[int, str]]:
            for number, component in enumerate(components):
                self.seen.append(component.name)
                if component.name == "last":
                    self._tasks["task"].state = "cancelled"
                ended(number)
                yield number, component.name

        return SimpleNamespace(judge=judge, host=SimpleNamespace(dead=self.dead))

    def close(self) -> None:
        self.closed = True


def _answer(plan: Plan, *names: str) -> Any:
    batch = pickle.dumps([(10 + number, Component(name, "image"), b"") for number, name in enumerate(names)])
    return pickle.loads(worker.judge_batch(plan, batch, parts=1, local=False))  # noqa: S301


@pytest.mark.usefixtures("tasks")
def test_another_version_is_told_with_the_workers_address() -> None:
    answer = _answer(Plan("run", "v0.0.0-other", None, b""), "a")
    assert str(answer.error) == (
        f"the worker at tcp://worker:1 has ec-ref {VERSION}, but the one that was started is v0.0.0-other"
    )


def test_outcomes_have_the_numbers_that_were_given(tasks: dict[str, Any]) -> None:
    assert _answer(_Judging(tasks), "a", "b").found == ((10, "a"), (11, "b"))


@pytest.mark.parametrize("dead", [None, HostError("the policy engine was killed by signal 9")])
def test_of_a_policy_engine_that_died_the_answer_tells_and_the_next_batch_gets_another_one(
    dead: HostError | None, tasks: dict[str, Any]
) -> None:
    plan = _Judging(tasks)
    plan.dead = dead
    answer = _answer(plan, "a")
    assert (answer.doubt, plan.closed) == (str(dead or ""), dead is not None)


def test_no_further_image_is_begun_when_nobody_wants_it_any_more(tasks: dict[str, Any]) -> None:
    plan = _Judging(tasks)
    _answer(plan, "a", "last", "b")
    assert plan.seen == ["a", "last"]


@pytest.mark.usefixtures("tasks")
def test_a_fault_of_ours_is_an_answer() -> None:
    answer = _answer(Plan("run", VERSION, None, b"no pickle"), "a")
    assert answer.error is not None or answer.unfit
