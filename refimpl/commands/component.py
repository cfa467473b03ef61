"""One component, from its reference to its results (specification 10 §2.6, 20 §1)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from refimpl.commands.snapshot import Snapshot, expand_indexes
from refimpl.errors import (
    ComponentError,
    Error,
    InputError,
    InternalError,
    InvalidReferenceError,
    MissingChildError,
    RegistryError,
    TimeoutExceededError,
    VerificationError,
)
from refimpl.oci.reference import parse
from refimpl.policy_input.image import image_details
from refimpl.record import record, replace
from refimpl.rego.builtins import ComponentContext
from refimpl.report.model import ComponentResult
from refimpl.report.outcome import ComponentOutcome, Kept
from refimpl.result import Result, arrange
from refimpl.system.terminal import on_one_line
from refimpl.verify import checks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from refimpl.command_line.options import Options
    from refimpl.commands.snapshot import Component
    from refimpl.evaluation.evaluator import Evaluator
    from refimpl.oci.client import Client
    from refimpl.oci.reference import Reference
    from refimpl.policy.effective_time import EffectiveTime
    from refimpl.policy_input.document import InputDocuments
    from refimpl.rego.builtins import Shared
    from refimpl.rego.host import Host
    from refimpl.verify.attestation import Attestation
    from refimpl.verify.cosign import Verifier
    from refimpl.verify.signature import Signature
    from refimpl.vsa.check import Check

Judged = tuple[int, ComponentOutcome | ComponentError]
"""A component's number among those that were given, from 0, and what came of it."""


class Judge(Protocol):
    """What judges components."""

    def __call__(self, components: Iterable[Component], ended: Callable[[int], None] = ...) -> Iterator[Judged]:
        """Take components when there is room for them, and yield each as soon as it is done.

        Args:
            components: to judge.
            ended: told the number of each, from 0, when there is room for another one.
        """
        ...


@record
class Judging:
    """What judges in a process of its own.

    Attributes:
        judge: judges components.
        client: asks registries for it.
        host: evaluates rules for it.
        at_a_time: how many images at most.
    """

    judge: Judge
    client: Client
    host: Host
    at_a_time: int


_log = logging.getLogger(__name__)


@record
class ComponentValidator:
    """What components are validated with; `validate` may run in many threads at once.

    Attributes:
        options: of the command line.
        client: asks registries.
        verifier: of signatures and attestations.
        evaluators: one for each source group, in order.
        documents: writes ``input``.
        effective_time: of the policy; an image's attestations may fix it.
        shared: what the ``ec.*`` functions work with.
        existing: finds VSAs that make a validation unnecessary; None if none is looked for.
        alone: whether each component is all that its rules see of the snapshot, with the images of its index.
        kept: of each outcome.
    """

    options: Options
    client: Client
    verifier: Verifier
    evaluators: Sequence[Evaluator]
    documents: InputDocuments
    effective_time: EffectiveTime
    shared: Shared
    existing: Check | None = None
    alone: bool = False
    kept: Kept = Kept()

    def validate(self, component: Component) -> ComponentOutcome:
        """Judge a component. A fault of ours in it is a violation of its own, and leaves the others their verdicts.

        Of one that is alone whatever keeps it from being judged is a violation.

        Raises:
            ComponentError: it cannot be judged; the text names it and the cause.
            TimeoutExceededError: the time is over.
        """
        if component.problem:
            return self._fail_with(component, InputError(component.problem))
        if component.known_digest and self._is_unchanged(component):
            unjudged = _Findings(component, self.options).result(component.container_image)
            return ComponentOutcome(unjudged, self.effective_time, unchanged=True)
        if self.alone:
            return self._validate_alone(component)
        return self._shorten(self._validate_in(component, self.documents))

    def _is_unchanged(self, component: Component) -> bool:
        try:
            reference = parse(component.container_image)
            return (reference.digest or self.client.head(reference).digest) == component.known_digest
        except (InvalidReferenceError, RegistryError):
            return False

    def _validate_alone(self, component: Component) -> ComponentOutcome:
        """As if it were the only image of a run."""
        snapshot = expand_indexes(Snapshot(components=(component,)), self.client, 1)
        documents = self.documents.of(snapshot.to_json())
        given, *children = sorted(snapshot.components, key=lambda one: one.container_image != component.container_image)
        outcome = self._shorten(self._validate_one(given, documents))
        others = (self._shorten(self._validate_one(child, documents)) for child in children)
        images = next(iter(snapshot.indexes.values()), ())
        return replace(outcome, images=images, children=tuple(others))

    def _validate_one(self, component: Component, documents: InputDocuments) -> ComponentOutcome:
        try:
            return self._validate_in(component, documents)
        except ComponentError as error:
            return self._fail_with(component, error)

    def _fail_with(self, component: Component, fault: Error) -> ComponentOutcome:
        return fail_with(component, fault, self.options, self.effective_time)

    def _shorten(self, outcome: ComponentOutcome) -> ComponentOutcome:
        result = self.kept.of(outcome.result)
        return outcome if result is outcome.result else replace(outcome, result=result)

    def _validate_in(self, component: Component, documents: InputDocuments) -> ComponentOutcome:
        try:
            return self._validate(component, documents)
        except TimeoutExceededError:
            raise
        except InternalError as error:
            fault = error
        except Error as error:
            name = on_one_line(component.name)
            raise ComponentError(
                f"error validating image {component.container_image} of component {name}: {error}"
            ) from error
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - faults of libraries in other languages are no Exceptions
            fault = InternalError.of(error)
        return self._fail_with(component, fault)

    def _validate(self, component: Component, documents: InputDocuments) -> ComponentOutcome:
        found = _Findings(component, self.options)
        if component.unknown is not None:
            found.violations.append(checks.report_inaccessible(component.unknown))
            return ComponentOutcome(found.result(component.container_image), self.effective_time)
        if self._is_attested(component):
            return ComponentOutcome(
                replace(found.result(component.container_image), attested=True), self.effective_time
            )
        reference = parse(component.container_image)
        try:
            descriptor = self.client.head(reference)
        except RegistryError as error:
            found.violations.append(checks.report_inaccessible(error))
            return ComponentOutcome(found.result(component.container_image), self.effective_time)
        image = reference if reference.digest else reference.at(descriptor.digest)
        try:
            details = image_details(self.client, self.shared.layers, image)
        except MissingChildError as error:
            found.violations.append(checks.report_inaccessible(error))
            return ComponentOutcome(found.result(str(image)), self.effective_time, digest=descriptor.digest)
        signatures = self._signatures(image, found)
        attestations = self._attestations(image, found)
        if attestations is None:
            return ComponentOutcome(found.result(str(image)), self.effective_time, digest=descriptor.digest)
        syntax = checks.syntax(attestations)
        passed = syntax == checks.ATTESTATION_SYNTAX.success()
        (found.successes if passed else found.violations).append(syntax)
        effective_time = self.effective_time.after(
            finished for one in attestations if (finished := one.build_finished) is not None
        )
        if not attestations:
            found.violations.append(checks.NO_ATTESTATIONS)
            return ComponentOutcome(
                found.result(str(image), signatures=signatures), effective_time, digest=descriptor.digest
            )
        document = documents.document(
            ref=str(image),
            component_name=component.name,
            attestations=attestations,
            signatures=signatures,
            config=details.config,
            parent=details.parent,
            files=details.files,
            source=component.source,
        )
        context = ComponentContext(self.shared)
        for evaluator in self.evaluators:
            outcome = evaluator.evaluate(
                str(image), component.name, document, time_ns=effective_time.nanoseconds, context=context
            )
            found.violations += outcome.violations
            found.warnings += outcome.warnings
            found.successes += outcome.successes
        return ComponentOutcome(
            found.result(str(image), signatures, attestations, document), effective_time, digest=descriptor.digest
        )

    def _is_attested(self, component: Component) -> bool:
        if self.existing is None:
            return False
        from refimpl.vsa.existing import is_attested

        return is_attested(self.existing, component.container_image, component.name)

    def _signatures(self, image: Reference, found: _Findings) -> tuple[Signature, ...]:
        if self.options.skip_image_sig_check:
            return ()
        try:
            signatures = self.verifier.image_signatures(image)
        except VerificationError as error:
            found.violations.append(
                checks.report_unverified(checks.IMAGE_SIGNATURE, error, by_key=self.verifier.by_key)
            )
            return ()
        found.successes.append(checks.IMAGE_SIGNATURE.success())
        return signatures

    def _attestations(self, image: Reference, found: _Findings) -> tuple[Attestation, ...] | None:
        """None ends the component."""
        if self.options.skip_att_sig_check:
            try:
                return self.verifier.read_unverified_attestations(image)
            except VerificationError as error:
                _log.warning("Failed to fetch attestations without verification: %s", error)
                found.violations.append(checks.report_unfetched_attestations(error))
                return None
        try:
            attestations = self.verifier.attestations(image)
        except VerificationError as error:
            found.violations.append(
                checks.report_unverified(checks.ATTESTATION_SIGNATURE, error, by_key=self.verifier.by_key)
            )
            return None
        found.successes.append(checks.ATTESTATION_SIGNATURE.success())
        return attestations


def fail_with(component: Component, fault: Error, options: Options, effective_time: EffectiveTime) -> ComponentOutcome:
    """A component whose only violation is that `fault` kept it from being judged."""
    found = _Findings(component, options)
    found.violations.append(checks.report_unjudged(fault))
    return ComponentOutcome(found.result(component.container_image), effective_time, fault)


class _Findings:
    """The results of one component as they come."""

    def __init__(self, component: Component, options: Options) -> None:
        self._component = component
        self._info = options.info
        self.violations: list[Result] = []
        self.warnings: list[Result] = []
        self.successes: list[Result] = []

    def result(
        self,
        image: str,
        signatures: Sequence[Signature] = (),
        attestations: Sequence[Attestation] = (),
        document: bytes = b"",
    ) -> ComponentResult:
        """The component as the report shows it."""
        return ComponentResult(
            name=self._component.name,
            container_image=image,
            source=self._component.source,
            violations=arrange(self.violations, info=self._info),
            warnings=arrange(self.warnings, info=self._info),
            successes=arrange(self.successes, info=self._info),
            signatures=tuple(signature.to_json() for signature in signatures),
            attestations=tuple(attestation.to_json() for attestation in attestations),
            policy_input=document,
            statements=tuple(attestation.statement for attestation in attestations),
        )
