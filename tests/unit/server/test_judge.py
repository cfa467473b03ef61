"""Verdicts when the engine dies: with real engines, which are killed."""

from __future__ import annotations

import json
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from refimpl.command_line.options import Options
from refimpl.commands.validate_input import file_result
from refimpl.deadline import Deadline
from refimpl.errors import HostError, TimeoutExceededError
from refimpl.evaluation.compilation import Sources
from refimpl.evaluation.evaluator import Evaluator
from refimpl.policy.config import SourceGroup
from refimpl.rego.host import Host
from refimpl.report.model import Report
from refimpl.server.judge import Judge
from refimpl.server.messages import Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from refimpl.evaluation.collector import Outcome

_RULES = """package main
import rego.v1
deny contains "bad" if input.bad
deny contains "endless" if {
    input.endless
    some i in numbers.range(1, 100000)
    some j in numbers.range(1, 100000)
    i * j == -1
}
"""
_ENDLESS = Request("POST", "/", body=b'{"endless": true}')
_BAD = Request("POST", "/", body=b'{"bad": true}')


class _Engines:
    """Each that was started, the newest last."""

    def __init__(self, rules: Path) -> None:
        self._rules = rules
        self.hosts: list[Host] = []

    def compiled(self) -> Sequence[Evaluator]:
        host = Host.start()
        self.hosts.append(host)
        sources = Sources(inspected=[self._rules], policies=[self._rules], data=[])
        evaluator = Evaluator.create(host, SourceGroup(), sources, time_ns=0, deadline=Deadline(30))
        evaluator.wait_until_compiled()
        return [evaluator]


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[_Engines]:
    (tmp_path / "main.rego").write_text(_RULES)
    made = _Engines(tmp_path)
    yield made
    for host in made.hosts:
        host.close()


def _judge(engines: _Engines) -> Judge:
    def report(outcomes: Sequence[Outcome]) -> Report:
        return Report((file_result("input", outcomes, Options()),), "", {}, "", "")

    @contextmanager
    def context(_: Deadline) -> Iterator[None]:
        yield None

    return Judge(engines.compiled, report, context)


def test_a_dead_engine_is_replaced(engines: _Engines) -> None:
    judge = _judge(engines)
    os.kill(engines.hosts[0].pid, signal.SIGKILL)
    verdict = judge.judge(_BAD, Deadline(30))
    assert not verdict.success
    assert json.loads(verdict.report)["filepaths"][0]["violations"] == [{"msg": "bad"}]
    assert len(engines.hosts) == 2
    assert judge.is_ready


def test_what_kills_the_engine_twice_fails_and_what_comes_after_is_judged(engines: _Engines) -> None:
    judge = _judge(engines)
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            judge.judge(_ENDLESS, Deadline(30))
        except HostError as error:
            raised.append(error)

    guilty = threading.Thread(target=ask)
    guilty.start()
    for number in range(2):
        while len(engines.hosts) <= number or not judge.is_ready:
            guilty.join(0.01)
        guilty.join(0.3)  # it is being judged now, or will be by this engine
        os.kill(engines.hosts[number].pid, signal.SIGKILL)
    guilty.join(60)
    assert len(raised) == 1
    assert not judge.judge(_BAD, Deadline(30)).success


def test_a_judgement_ends_in_its_time(engines: _Engines) -> None:
    judge = _judge(engines)
    with pytest.raises(TimeoutExceededError):
        judge.judge(_ENDLESS, Deadline(0.3))
    assert len(engines.hosts) == 1
    assert not judge.judge(_BAD, Deadline(30)).success
