"""Injects faults at the gate, and brings about the interleaving that a scenario is about by holding and releasing.

Nothing here is left to chance: each wait ends with an event in the gate's log, or when no request is *in flight*: no
event for so long that everything that could happen has happened. What isn't reached is an error of the scenario
(`NotReachedError`), not a verdict; a validator that ends, or stands still, before it asks for what it must ask for is
at fault: an AssertionError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ec_acceptance.testbed.gate.log import NotReachedError
from ec_acceptance.testbed.gate.rules import Answer, Hold, Rule, Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ec_acceptance.testbed.gate.faults import Artifact
    from ec_acceptance.testbed.gate.gate import Gate
    from ec_acceptance.testbed.gate.log import Exchange, RequestFilter
    from ec_acceptance.testbed.validator.process import Running

__all__ = ["LEAST_QUIET", "MOST_QUIET", "FaultInjector"]

LEAST_QUIET = 1.0
"""Seconds without an event after which no request is in flight, where an unfaulted run makes no long pauses."""
MOST_QUIET = 8.0
"""Seconds without an event that are enough in any case: what is held meanwhile, clients give up after some 30 s."""
_PAUSES = 10


class FaultInjector:
    """One scenario's rules at the gate, by the words that put them there.

    Args:
        gate: the registry as the scenario's validators see it.
        running: the validators at work.
        asked: what these have asked for.
        limit: seconds to wait for anything, the bound T of specification 40.
    """

    def __init__(
        self,
        gate: Gate,
        running: Mapping[str, Running],
        asked: Callable[[], Sequence[Exchange]],
        limit: float,
    ) -> None:
        self.limit = limit
        self._gate = gate
        self._running = running
        self._asked = asked
        self._rules: dict[str, list[Rule]] = {}
        self._waiting: dict[str, Rule] = {}

    # What is injected.

    def add(self, artifact: Artifact, verb: Verb, nth: int | range | None) -> Rule:
        """Apply a verb to requests for this artifact.

        An answer that every request gets is also what those get that ask only for the head.
        """
        rules = self._rules.setdefault(artifact.title, [])
        if isinstance(verb, Answer) and nth is None:
            heads: RequestFilter = {**artifact.request_filter, "method": "HEAD"}
            rules.append(self._gate.add(verb, **heads))
        rule = self._gate.add(verb, nth=nth, **artifact.request_filter)
        rules.append(rule)
        return rule

    def hold_before_layers(self, name: str, artifact: Artifact) -> None:
        """Let the image `name` get no further than to its configuration, which is read before its layers."""
        self._waiting[name] = self.add(artifact, Hold(None), None)

    def clear(self) -> None:
        """Remove all faults."""
        for rules in self._rules.values():
            for rule in rules:
                self._gate.remove(rule)
        self._rules.clear()
        self._waiting.clear()

    # What is waited for.

    def wait_until_held(self, artifact: Artifact) -> Exchange:
        """The exchange that is stopped, as soon as a rule has stopped one for this artifact."""
        rules = self._stops(artifact.title)
        self._until(lambda: any(rule.held for rule in rules), f"a hold of {artifact.title}")
        number = next(number for rule in rules for number in rule.held)
        return self._gate.log.requests(since=number)[0]

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Return when the condition holds; the validator is at fault when it doesn't come about in time."""
        try:
            self._until(condition, what)
        except NotReachedError as error:
            raise AssertionError(f"{what} didn't come about within {self.limit:g} s\n{error}") from None

    def wait_until_idle(self, pause: float) -> None:
        """Return when no request is in flight: each is held, or answered, and no other one comes.

        Args:
            pause: the longest time without an event in an unfaulted run, in seconds.
        """
        quiet = min(max(LEAST_QUIET, _PAUSES * pause), MOST_QUIET)
        self._gate.log.wait_until_quiescent(quiet, timeout=self.limit + quiet)

    # What is released.

    def resume(self, names: Iterable[str] | None = None) -> None:
        """Release the images that wait before their layers, or these of them, once each has got there."""
        chosen = {name: self._waiting[name] for name in (self._waiting if names is None else names)}
        what = f"{', '.join(sorted(chosen))} before the layers"
        self._until(lambda: all(rule.held for rule in chosen.values()), what)
        for rule in chosen.values():
            rule.release()

    def release(self, artifact: Artifact) -> None:
        """Release what is held of this artifact.

        Raises:
            NotReachedError: nothing is held, so the scenario showed nothing.
        """
        rules = [rule for rule in self._stops(artifact.title) if rule.held]
        if not rules:
            raise NotReachedError(f"{artifact.title} isn't held (any more)")
        for rule in rules:
            rule.release()

    def _stops(self, title: str) -> list[Rule]:
        return [rule for rule in self._rules.get(title, ()) if isinstance(rule.verb, Hold)]

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        log = self._gate.log

        def ended() -> bool:
            return bool(self._running) and not any(one.alive for one in self._running.values())

        try:
            log.wait_until(lambda: condition() or ended(), timeout=self.limit, what=what)
        except NotReachedError:
            if not self._asked():
                raise AssertionError(f"the validator asked the registry for nothing within {self.limit:g} s") from None
            if self._running and log.idle() >= self.limit / 2:
                raise AssertionError(
                    f"the validator stands still: all its requests are answered, and yet this didn't come about: {what}"
                ) from None
            raise
        if not condition():
            raise AssertionError(f"the validator ended before this came about: {what}")
