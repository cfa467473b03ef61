"""Images judged in several processes: how many there are, what happens to one of them, and what they ask together."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter

from behave import then, use_step_matcher, when

from ec_acceptance.testbed.scenario.behave_context import Context
from ec_acceptance.testbed.validator.judges import find_judges
from ec_acceptance.testbed.validator.sandbox import SandboxUnavailableError

use_step_matcher("re")


@when(r"one of the (?P<count>\d+) processes that judge images gets (?P<number>SIG[A-Z]+)")
def one_of_them_gets(context: Context, count: str, number: str) -> None:
    world = context.world
    until = time.monotonic() + world.injector.limit
    try:
        while len(found := find_judges(world.runs.running[""].pid)) != int(count):
            assert time.monotonic() < until, f"{len(found)} processes judge images, not {count}"
            time.sleep(0.01)
    except SandboxUnavailableError as error:
        world.runs.running[""].kill()
        context.scenario.skip(str(error))
        return
    os.kill(found[0], signal.Signals[number])


use_step_matcher("parse")


@then("the registry was asked for nothing twice")
def nothing_twice(context: Context) -> None:
    """Who asks whether there is a registry, or for a token, asks for nothing that it holds."""
    asked = Counter(
        (one.method, one.path) for one in context.world.runs.requests() if one.kind in {"manifest", "blob", "referrers"}
    )
    assert asked, f"the registry wasn't asked at all:\n{context.world.runs.last.describe()}"
    often = {f"{method} {path}": count for (method, path), count in asked.items() if count > 1}
    assert not often, f"asked more than once: {often}\n{context.world.runs.last.describe()}"


@then("the output is that of the first validation, byte for byte")
def the_same_bytes(context: Context) -> None:
    first, last = context.world.runs.invocations[0], context.world.runs.last
    assert first.status == last.status, f"the exit status was {first.status}:\n{last.describe()}"
    assert first.stdout == last.stdout, f"the output was\n{first.out}\n{last.describe()}"


@then("nothing is reported")
def no_output(context: Context) -> None:
    assert not context.world.runs.last.out, f"there is output:\n{context.world.runs.last.describe()}"
