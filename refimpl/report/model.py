"""A report as data: what every format shows (specification 24 §3-4)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from refimpl.record import field, record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from refimpl.result import Result


@record
class ComponentResult:
    """What was found about one image.

    Attributes:
        name: of the component.
        container_image: ``registry/path@digest`` once resolved, else the text as given.
        source: ``{}`` or ``{"git": {…}}``, as the snapshot has it.
        violations: in the report's order and already reduced to what is shown, as are the next two.
        warnings: likewise.
        successes: all of them; formats list them only when the report shows successes.
        signatures: of the image, each as the report shows it (20 §9).
        attestations: likewise.
        policy_input: the JSON that the rules saw; empty when no rule was evaluated.
        statements: the attestations' statements exactly as signed.
        attested: whether an existing VSA stood for the validation, so that nothing was judged now.
        unlisted_successes: how many successes there are besides those that are kept, for no format lists them.
    """

    name: str
    container_image: str
    source: Mapping[str, Any] = field(default_factory=dict)
    violations: tuple[Result, ...] = ()
    warnings: tuple[Result, ...] = ()
    successes: tuple[Result, ...] = ()
    signatures: tuple[Mapping[str, Any], ...] = ()
    attestations: tuple[Mapping[str, Any], ...] = ()
    policy_input: bytes = b""
    statements: tuple[bytes, ...] = ()
    attested: bool = False
    unlisted_successes: int = 0

    @property
    def success(self) -> bool:
        """Whether there is no violation."""
        return not self.violations

    @property
    def violation_count(self) -> int:
        """How many violations there are."""
        return len(self.violations)

    @property
    def warning_count(self) -> int:
        """How many warnings there are."""
        return len(self.warnings)

    @property
    def success_count(self) -> int:
        """How many successes there are, shown or not."""
        return len(self.successes) + self.unlisted_successes


@record
class Report:
    """The outcome of one run.

    Attributes:
        components: in any order; they are kept by descending image reference, equal ones as they came.
        key: the public key in PEM, empty for the keyless way.
        policy: the policy after all overrides, members in the report's order.
        effective_time: RFC 3339, as the report shows it.
        ec_version: of this program.
        snapshot: the text of ``--snapshot``.
        show_successes: whether formats list the successes.
        show_warnings: whether there are warnings at all; a report on files may do without.
        created: when the report was made.
        indexes: the references of the images of each index among the components, by its own reference.
    """

    components: tuple[ComponentResult, ...]
    key: str
    policy: Mapping[str, Any]
    effective_time: str
    ec_version: str
    snapshot: str = ""
    show_successes: bool = False
    show_warnings: bool = True
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    indexes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        in_order = sorted(self.components, key=lambda component: component.container_image, reverse=True)
        object.__setattr__(self, "components", tuple(in_order))

    @property
    def success(self) -> bool:
        """Whether no component has a violation; true without components."""
        return all(component.success for component in self.components)

    @property
    def violation_count(self) -> int:
        """Violations of all components."""
        return sum(component.violation_count for component in self.components)

    @property
    def warning_count(self) -> int:
        """Warnings of all components, shown or not."""
        return sum(component.warning_count for component in self.components)

    @property
    def success_count(self) -> int:
        """Successes of all components, shown or not."""
        return sum(component.success_count for component in self.components)

    @property
    def outcome(self) -> str:
        """``FAILURE``, ``WARNING``, ``SKIPPED`` (nothing was judged) or ``SUCCESS`` (24 §6)."""
        if self.violation_count or not self.success:
            return "FAILURE"
        if self.warning_count:
            return "WARNING"
        return "SUCCESS" if self.success_count else "SKIPPED"


@record
class TextOptions:
    """What the ``text`` format shows; of the other formats none is affected."""

    show_successes: bool = False
    show_warnings: bool = True
    show_policy_docs_link: bool = False
    color: bool = False
