"""The time that rules and waivers are judged at (specification 10 §3.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.errors import PolicyError
from refimpl.golang import instant
from refimpl.record import record, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_TOLERANCE = 2 * instant.SECOND


@record
class EffectiveTime:
    """A fixed instant, or one that is still open.

    Attributes:
        nanoseconds: since the epoch; None while the time is open, which reads as the current clock each time.
        of_attestations: whether an image's attestations fix it (only the exact spelling ``attestation``).
    """

    nanoseconds: int | None
    of_attestations: bool = False

    @classmethod
    def choose(cls, text: str, *, now: int, allow_past: bool = False) -> EffectiveTime:
        """The value of ``--effective-time``; `now` in nanoseconds.

        Raises:
            PolicyError: not a time, or more than two seconds in the past without `allow_past`.
        """
        word = text.lower()
        if word == "now":
            return cls(now)
        if word == "attestation":
            return cls(None, of_attestations=text == word)
        try:
            chosen = instant.parse(text)
        except instant.TimeSyntaxError as error:
            raise PolicyError(f"invalid policy time argument: {error}") from None
        try:
            shown = instant.format_rfc3339(chosen, fraction=False)
        except ValueError as error:
            raise PolicyError(str(error)) from None
        if chosen < now - _TOLERANCE and not allow_past:
            raise PolicyError(f"effective time {shown} is in the past; use --allow-past-effective-time to override")
        return cls(chosen)

    def read(self, clock: Callable[[], int]) -> int:
        """Nanoseconds: the fixed instant, else what `clock` says now."""
        return clock() if self.nanoseconds is None else self.nanoseconds

    def after(self, build_finished: Iterable[str]) -> EffectiveTime:
        """The time for one image: the latest of its attestations' ``buildFinishedOn``.

        Texts that are no times are skipped, and so are those whose year is, in UTC, none of 0 to 9999.
        A time that doesn't follow attestations stays as it is, and so does one without any readable text.
        """
        if not self.of_attestations:
            return self
        latest = None
        for text in build_finished:
            try:
                finished = instant.parse_rfc3339(text)
                instant.format_rfc3339(finished)  # what no report could show costs the other components their verdicts
            except ValueError:
                continue
            latest = finished if latest is None else max(latest, finished)
        return self if latest is None else replace(self, nanoseconds=latest)
