"""Images judged in several processes: how many there are, what happens to one of them, and what they ask together."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from statistics import median

from behave import then, use_step_matcher, when

from ec_acceptance.testbed.scenario.behave_context import Context, skipping
from ec_acceptance.testbed.validator.judges import find_judges

_AT_A_TIME = 8  # images that are judged at a time: each may have sent a request

use_step_matcher("re")


@when(r"one of the (?P<count>\d+) processes that judge images gets (?P<number>SIG[A-Z]+)")
def one_of_them_gets(context: Context, count: str, number: str) -> None:
    world = context.world
    until = time.monotonic() + world.injector.limit
    with skipping(context):
        while len(found := find_judges(world.runs.running[""].pid)) != int(count):
            assert time.monotonic() < until, f"{len(found)} processes judge images, not {count}"
            time.sleep(0.01)
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


@then("the registry was asked at most {most:d} times a second")
def asked_so_often(context: Context, most: int) -> None:
    """By the median of how long half a second's requests took: on a busy machine some come in a bunch, others late."""
    started = sorted(one.started for one in context.world.runs.requests())
    half = most // 2
    assert len(started) > most + half, f"there were {len(started)} requests: too few to tell"
    seconds = median(last - first for first, last in zip(started, started[half:], strict=False))
    assert seconds > half / most / 1.4, (
        f"{half} requests took {seconds:.3f} s in the median:\n{context.world.runs.last.describe()}"
    )


@then("the registry was asked for at most {most:d} bytes a second")
def asked_for_so_many_bytes(context: Context, most: int) -> None:
    """An answer counts when it is there, so the next request waits for it: by a half at least."""
    asked = sorted(context.world.runs.requests(), key=lambda one: one.started)
    large = next(place for place, one in enumerate(asked) if one.sent > most / 2)
    before = [one for one in asked if one.started <= asked[large].started + asked[large].sent / most / 2]
    after = [one for one in asked if one not in before]
    assert after, f"nothing was asked after the {asked[large].sent} bytes:\n{context.world.runs.last.describe()}"
    assert len(before) <= large + 1 + _AT_A_TIME, (
        f"{len(before)} requests weren't held up by {asked[large].sent} bytes:\n{context.world.runs.last.describe()}"
    )


@then("after status {status:d} the registry was left alone for {seconds:d} s")
def left_alone(context: Context, status: int, seconds: int) -> None:
    """What was on its way already, or begun before the answer was read, may still arrive."""
    asked = context.world.runs.requests()
    answered = next(one.answered for one in asked if one.status == status)
    assert answered is not None
    soon = [one for one in asked if answered < one.started < answered + seconds * 0.9]
    assert len(soon) <= 2 * _AT_A_TIME, (
        f"asked in that time: {[str(one) for one in soon]}\n{context.world.runs.last.describe()}"
    )
    assert any(one.started >= answered + seconds * 0.9 for one in asked), "nothing was asked afterwards"
