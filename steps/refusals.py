"""What a validator does with what it doesn't claim."""

from __future__ import annotations

import json

from behave import then

from ec_acceptance.testbed.scenario.behave_context import Context


@then("the command line is refused")
def the_command_line_is_refused(context: Context) -> None:
    """With an error status of its own, a word of why, and no report; whatever the words are."""
    last = context.world.runs.last
    assert not last.timed_out, f"it neither refuses nor ends:\n{last.describe()}"
    assert last.status != 0, f"it takes what it doesn't claim: claim it, or refuse it:\n{last.describe()}"
    assert last.status > 0, f"a crash is no refusal:\n{last.describe()}"
    assert last.err.strip(), f"it refuses without a word of why:\n{last.describe()}"
    for trace in ("Traceback (most recent call last)", "panic: "):
        assert trace not in last.err, f"a crash is no refusal:\n{last.describe()}"
    try:
        report = json.loads(last.out)
    except ValueError:
        return
    assert not isinstance(report, dict), f"it refuses, and prints a report all the same:\n{last.describe()}"
