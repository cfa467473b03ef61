"""What came of one component, before it is in a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refimpl.record import record, replace

if TYPE_CHECKING:
    from refimpl.errors import Error
    from refimpl.policy.effective_time import EffectiveTime
    from refimpl.report.model import ComponentResult


@record
class ComponentOutcome:
    """What came of one component.

    Attributes:
        result: for the report.
        effective_time: that its attestations gave.
        fault: what kept it from being judged, and tells so in its violations; the report must not pass for one without.
        digest: of the image, or index, that its reference names; empty if nobody could tell.
        images: the references of the images of its index, if it is one and these were looked up with it.
        children: what came of these images.
        unchanged: whether the reference still names the image that was judged before, so that nothing was judged now.
    """

    result: ComponentResult
    effective_time: EffectiveTime
    fault: Error | None = None
    digest: str = ""
    images: tuple[str, ...] = ()
    children: tuple[ComponentOutcome, ...] = ()
    unchanged: bool = False


@record
class Kept:
    """What of a component is kept for the report; what isn't costs no memory.

    Attributes:
        documents: what the rules saw, and what the attestations state.
        successes: all of them, not only how many there are.
    """

    documents: bool = True
    successes: bool = True

    def of(self, result: ComponentResult) -> ComponentResult:
        """The result with what is kept of it."""
        if not self.documents:
            result = replace(result, policy_input=b"", statements=())
        if not self.successes:
            result = replace(result, successes=(), unlisted_successes=result.success_count)
        return result
